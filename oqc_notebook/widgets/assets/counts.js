// Bars and colours of counts.

import { element, setTitle } from "./dom.js";
import { percent } from "./format.js";

/** Longer bitstrings than this take the width that there is, and more lines if need be (bits). */
export const LONG = 32;

/**
 * Make the cell of a bitstring.
 * @param {string} bits as they are shown
 */
export function bitsCell(bits) {
  const made = element("th", "oqc-mono oqc-bits", bits);
  made.scope = "row";
  made.classList.toggle("oqc-long", bits.length > LONG);
  made.style.setProperty("--oqc-bits", String(bits.length));
  return made;
}

/**
 * Make the row of a bitstring.
 * @param {string} bits as they are shown
 * @param {number} count
 * @param {number} most the count whose bar is as long as there is room
 * @param {number} total
 */
export function countRow(bits, count, most, total) {
  return element(
    "tr",
    "",
    bitsCell(bits),
    element("td", "oqc-bar-cell", bar(most ? count / most : 0)),
    ...figures(count, total),
  );
}

/**
 * Make a row of what has no bar: what is left out, what does not match, or all.
 * @param {string} words
 * @param {number} shots
 * @param {number} total
 */
export function sumRow(words, shots, total) {
  const name = element("th", "oqc-sum oqc-mute", words);
  name.scope = "row";
  name.colSpan = 2;
  return element("tr", "", name, ...figures(shots, total));
}

/**
 * @param {number} count
 * @param {number} total
 */
function figures(count, total) {
  return [
    element("td", "oqc-mono oqc-number", String(count)),
    element("td", "oqc-mono oqc-number oqc-mute", percent(count, total)),
  ];
}

/**
 * Make a bar.
 * @param {number} share of the room that there is
 * @param {string} kind
 */
export function bar(share, kind = "") {
  const fill = element("span", "oqc-fill");
  fill.style.width = `${(100 * share).toFixed(2)}%`;
  fill.hidden = share === 0;
  return element("span", `oqc-bar ${kind}`.trim(), fill);
}

/** Colours there are for bitstrings; what comes after them is grey. */
export const COLOURS = 6;

/** Gives each bitstring a colour that stays the same in all rows. */
export class Palette {
  constructor() {
    /** @type {Map<string, number>} */
    this.colours = new Map();
  }

  /** @param {string} bits */
  colourOf(bits) {
    let colour = this.colours.get(bits);
    if (colour === undefined) {
      colour = Math.min(this.colours.size, COLOURS);
      if (colour < COLOURS) this.colours.set(bits, colour);
    }
    return colour;
  }
}

/**
 * Draw the most frequent bitstrings of a child as one slim bar; it is told in words, too.
 * @param {HTMLElement} target
 * @param {import("./facts.js").Row} row
 * @param {Palette} palette
 */
export function setSmallBars(target, row, palette) {
  const words = row.top.map(([bits, count]) => `${bits}: ${count}`).join(", ");
  const rest = row.total - row.top.reduce((sum, [, count]) => sum + count, 0);
  const told = rest > 0 ? `${words}, other: ${rest}` : words;
  if (target.title === told) return;
  setTitle(target, told);
  target.setAttribute("aria-label", told);
  target.setAttribute("role", told ? "img" : "none");
  // in the order of the bitstrings, so that a change along the rows is seen at a glance
  const ordered = [...row.top].sort(([a], [b]) => (a < b ? -1 : 1));
  target.replaceChildren(
    ...ordered.map(([bits, count]) => {
      const part = element("span", "oqc-part");
      part.dataset.colour = String(palette.colourOf(bits));
      part.style.width = `${((100 * count) / row.total).toFixed(2)}%`;
      return part;
    }),
  );
}
