// Where a run comes from: cell, notebook, git, versions.

import { element } from "./dom.js";
import { timeOf } from "./format.js";

/**
 * @typedef {{asked: string, facts: [string, string][], source: string | null}} Origin
 */

/**
 * Show where a run comes from.
 * @param {Origin} origin
 * @param {string} whose says which run it is, in words
 * @param {number} now
 */
export function originView({ asked, facts, source }, whose, now) {
  const table = element("table", "oqc-settings");
  table.setAttribute("aria-label", `Where ${whose} comes from`);
  for (const [name, value] of [["asked for", timeOf(asked, now)], ...facts]) {
    const cell = element("th", "oqc-mute", name ?? "");
    cell.scope = "row";
    table.append(element("tr", "", cell, element("td", "", value ?? "")));
  }
  const view = element(
    "details",
    "oqc-diagnostics oqc-origin",
    element("summary", "", "Where it comes from"),
    table,
  );
  if (source !== null) {
    const text = element("pre", "oqc-program", source);
    text.tabIndex = 0; // the arrow keys scroll it
    text.setAttribute("role", "group");
    text.setAttribute("aria-label", `Cell that asked for ${whose}`);
    view.append(element("h4", "oqc-heading", "Cell"), text);
  }
  return view;
}
