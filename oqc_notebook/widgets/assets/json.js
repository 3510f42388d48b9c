// Any JSON document, as a tree that is opened step by step.

import { Copying, copyButton } from "./copy.js";
import { button, element } from "./dom.js";
import { some } from "./format.js";

/** So many members of an object or array are shown at once. */
const MEMBERS_SHOWN = 200;
/** Objects with so few members are open from the beginning. */
const OPEN_UP_TO = 12;

/**
 * Show a document that came from the service, or why it did not come.
 * @param {string} title
 * @param {{document?: any, problem?: string}} told
 * @param {string} fileName what a download is called
 */
export function jsonView(title, { document: content, problem }, fileName) {
  const heading = element("strong", "", title);
  if (problem !== undefined || content === null || content === undefined) {
    const why = element("span", "oqc-mute", problem ?? "The service gives none.");
    return element("div", "oqc-json", element("div", "oqc-json-head", heading, why));
  }
  const text = JSON.stringify(content, null, 2);
  const what = `${title.toLowerCase()} as JSON`;
  const copying = new Copying();
  const copy = copyButton(what, () => text, copying);
  const download = button("Download", () => save(text, `${fileName.replace(/[^\w.-]+/g, "-")}.json`));
  download.classList.add("oqc-quiet");
  download.setAttribute("aria-label", `Download ${what}`);
  return element(
    "div",
    "oqc-json",
    element("div", "oqc-json-head", heading, copy, download, copying.said),
    copying.box,
    element("div", "oqc-json-tree", branch(content)),
  );
}

/** @param {any} value */
function branch(value) {
  if (value === null || typeof value !== "object") {
    return element("ul", "", element("li", "", leafText(value)));
  }
  const entries = Object.entries(value);
  const list = element("ul", "", ...entries.slice(0, MEMBERS_SHOWN).map(([key, each]) => member(key, each)));
  const rest = entries.length - MEMBERS_SHOWN;
  if (rest > 0) list.append(element("li", "oqc-mute", `… and ${rest} more: Copy or Download has all`));
  return list;
}

/**
 * @param {string} key
 * @param {any} value
 */
function member(key, value) {
  const name = element("span", "oqc-json-key", `${key}: `);
  if (value === null || typeof value !== "object") return element("li", "", name, leafText(value));
  const size = Object.keys(value).length;
  const kind = some(size, Array.isArray(value) ? "item" : "member");
  const summary = element("summary", "", name, element("span", "oqc-mute", kind));
  const details = element("details", "", summary);
  const fill = () => {
    if (details.open && details.children.length === 1) details.append(branch(value));
  };
  details.addEventListener("toggle", fill); // what is closed costs nothing
  details.open = size <= OPEN_UP_TO && !Object.values(value).some((each) => each instanceof Object);
  fill();
  return element("li", "", details);
}

/** @param {any} value */
function leafText(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/**
 * @param {string} text
 * @param {string} name
 */
function save(text, name) {
  const link = element("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
