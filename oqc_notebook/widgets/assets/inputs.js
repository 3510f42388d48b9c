// The inputs of a run: its program and its configuration.

import { Copying, copyButton } from "./copy.js";
import { element } from "./dom.js";

/**
 * @typedef {{program: string | null, qpu: {id: string | null, name: string},
 *   settings: [string, string][]}} Inputs
 */

/**
 * Show the inputs of a run.
 * @param {Inputs} inputs
 * @param {string} whose says whose they are, in words
 */
export function inputsView({ program, qpu, settings }, whose) {
  const copying = new Copying();
  const text = element("pre", "oqc-program", program ?? "The program is not known here.");
  text.tabIndex = 0; // the arrow keys scroll it
  text.setAttribute("role", "group");
  text.setAttribute("aria-label", `Program of ${whose}`);
  const head = element("div", "oqc-register-head", element("h4", "oqc-heading", "Program"));
  if (program !== null) {
    head.append(copying.said, copyButton(`the program of ${whose}`, () => program, copying));
  }
  const table = element("table", "oqc-settings");
  table.setAttribute("aria-label", `Configuration of ${whose}`);
  for (const [name, value] of [["QPU", qpu.name], ...settings]) {
    const cell = element("th", "oqc-mute", name ?? "");
    cell.scope = "row";
    table.append(element("tr", "", cell, element("td", "oqc-mono", value ?? "")));
  }
  return element(
    "div",
    "oqc-inputs",
    element("div", "", head, copying.box, text),
    element("div", "", element("h4", "oqc-heading", "Configuration"), table),
  );
}
