// The counts of a run as histograms with numbers.

import { element, setTitle } from "./dom.js";
import { percent, some } from "./format.js";

/**
 * Draw the counts of one classical register.
 * @param {import("./facts.js").Register} register
 * @param {string} bitOrder
 */
export function histogram(register, bitOrder) {
  const caption = element("caption", "", `Counts, register ${register.name}`);
  caption.append(element("span", "oqc-mute", ` · ${bitOrder}`));
  const table = element("table", "oqc-histogram", caption);
  const most = register.bars[0]?.[1] ?? 0;
  for (const [bits, count] of register.bars) {
    const name = element("th", "oqc-mono oqc-bits", bits);
    name.scope = "row";
    setTitle(name, bits);
    table.append(
      element(
        "tr",
        "",
        name,
        element("td", "oqc-bar-cell", bar(most ? count / most : 0)),
        element("td", "oqc-mono oqc-number", String(count)),
        element("td", "oqc-mono oqc-number oqc-mute", percent(count, register.total)),
      ),
    );
  }
  const section = element("section", "oqc-register", table);
  const [bitstrings, shots] = register.other;
  if (bitstrings) {
    const other = `other: ${some(bitstrings, "bitstring")}, ${some(shots, "shot")}`;
    section.append(element("p", "oqc-mute oqc-other", other));
  }
  return section;
}

/** @param {number} share */
function bar(share) {
  const fill = element("span", "oqc-fill");
  fill.style.width = `${(100 * share).toFixed(2)}%`;
  return element("span", "oqc-bar", fill);
}

/** Colours there are for bitstrings; what comes after them is grey. */
const COLOURS = 6;

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
