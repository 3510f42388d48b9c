// The runs of a job.

import { chip, element, setTitle } from "./dom.js";
import { duration, errorLine, localTime, timeOf } from "./format.js";

/**
 * Draw the table of a job's runs, newest first.
 * @param {import("./facts.js").JobFacts} view
 * @param {number} now
 */
export function historyTable(view, now) {
  const caption = element("caption", "", "History");
  const head = element("tr");
  for (const [name, className] of [
    ["run", "oqc-number"],
    ["received", ""],
    ["took", "oqc-number"],
    ["outcome", ""],
  ]) {
    const cell = element("th", className, name ?? "");
    cell.scope = "col";
    head.append(cell);
  }
  const body = element("tbody");
  for (const run of view.runs) body.append(...runRows(run, now));
  const table = element("table", "oqc-history", caption, element("thead", "", head), body);
  const section = element("div", "oqc-history-box", table);
  const earlier = view.run_count - view.runs.length;
  if (earlier > 0) section.append(element("p", "oqc-mute", `… and ${earlier} earlier`));
  return section;
}

/**
 * @param {import("./facts.js").Run} run
 * @param {number} now
 */
function runRows(run, now) {
  const time = run.received === null ? "time unknown" : timeOf(run.received, now);
  const received = element("td", "oqc-mono", time);
  if (run.received !== null && run.zone_known) {
    setTitle(received, `${localTime(run.received)} here`);
  }
  const rows = [
    element(
      "tr",
      "",
      element("td", "oqc-mono oqc-number", String(run.run)),
      received,
      element("td", "oqc-mono oqc-number", duration(run.took_s)),
      element("td", "", chip(run.state)),
    ),
  ];
  if (run.error !== null) {
    const text = errorLine(run.error);
    const cell = element("td", "oqc-run-error", text);
    cell.colSpan = 4;
    setTitle(cell, text);
    rows.push(element("tr", "oqc-error-row", cell));
  }
  return rows;
}
