// The rows of a composite's children: their columns, and which colour is which bitstring.

import { element, setText, setTitle } from "./dom.js";
import { stateColumn, textColumn, tookColumn } from "./columns.js";
import { COLOURS, setSmallBars } from "./counts.js";
import { firstLine } from "./format.js";

/** Characters of bitstrings that there is room for beside the filter. */
const ROOM_FOR_LEGEND = 48;

/**
 * Give the columns of a table of children.
 * @param {import("./store.js").Store} store
 * @param {import("./counts.js").Palette} palette
 * @returns {import("./rows.js").Column[]}
 */
export function childColumns(store, palette) {
  // more colours come as more rows are seen, and rows shall not change places because of that
  /** @type {string | undefined} */
  let sorted;
  return [
    textColumn("#", (_, index) => String(index), {
      isNumber: true,
      title: "Sort by place",
      keyOf: (_, index) => index,
    }),
    textColumn("label", (row) => row.label),
    textColumn("QPU", (row) => row.qpu, { isMute: true }),
    stateColumn(),
    tookColumn(store),
    {
      name: "counts",
      title: "Sort by the share of the bitstring that comes first in the colours",
      onSort: () => {
        sorted = inOrder(palette)[0]?.[0];
      },
      keyOf: (/** @type {import("./facts.js").Row} */ row) => {
        if (!row.total) return null;
        sorted ??= row.top.map(([bits]) => bits).sort()[0]; // the first counts that there are
        return (row.top.find(([bits]) => bits === sorted)?.[1] ?? 0) / row.total;
      },
      make: () => element("span", "oqc-cell", element("span", "oqc-small-bars")),
      draw: (cell, row) => setSmallBars(cell.firstChild, row, palette),
    },
    {
      ...textColumn("error", (row) => row.error ?? "", { isMute: true }),
      draw: (cell, row) => {
        setText(cell, firstLine(row.error ?? ""));
        setTitle(cell, row.error ?? "");
      },
    },
  ];
}

/** @param {import("./counts.js").Palette} palette */
function inOrder(palette) {
  return [...palette.colours].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** @param {number} [colour] */
function mark(colour) {
  const made = element("span", "oqc-part");
  if (colour !== undefined) made.dataset.colour = String(colour);
  return made;
}

/** Says which colour of the small bars is which bitstring, where there is room for it. */
export class Legend {
  /** @param {import("./counts.js").Palette} palette */
  constructor(palette) {
    this.palette = palette;
    this.element = element("span", "oqc-colours");
    /** Which colours are drawn. */
    this.drawn = 0;
  }

  update() {
    const colours = inOrder(this.palette);
    if (colours.length === this.drawn) return;
    this.drawn = colours.length;
    const needed = colours.reduce((sum, [bits]) => sum + bits.length + 2, 0);
    const shown = needed <= ROOM_FOR_LEGEND ? colours : [];
    const grey = shown.length < COLOURS ? [] : [element("span", "oqc-colour", mark(), "others")];
    this.element.replaceChildren(
      ...shown.map(([bits, colour]) => element("span", "oqc-colour oqc-mono", mark(colour), bits)),
      ...grey,
    );
  }
}
