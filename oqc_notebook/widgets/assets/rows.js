// The children of a composite as rows, of which only those in sight exist.

import { chip, element, setChip, setText, setTitle } from "./dom.js";
import { Palette, setSmallBars } from "./counts.js";
import { ENDED } from "./facts.js";
import { clock, duration } from "./format.js";

export const ROW_PX = 26;
/** Rows in sight; more are reached by scrolling. */
const ROWS_IN_SIGHT = 12;
/** Rows that are drawn beyond those in sight, above and below. */
const SPARE = 4;

/** Characters of bitstrings that there is room for beside the heading of their column. */
const ROOM_FOR_LEGEND = 12;

const COLUMNS = ["#", "label", "QPU", "state", "took", "counts", "error"];

/**
 * Give the first row to draw and the one after the last.
 * @param {number} scrollTop
 * @param {number} height
 * @param {number} count
 */
export function inSight(scrollTop, height, count) {
  const first = Math.max(0, Math.floor(scrollTop / ROW_PX) - SPARE);
  return [first, Math.min(count, Math.ceil((scrollTop + height) / ROW_PX) + SPARE)];
}

/** A table of rows in a box that scrolls. */
export class Rows {
  /** @param {import("./store.js").Store} store */
  constructor(store) {
    this.store = store;
    this.palette = new Palette();
    /** @type {Map<number, RowElement>} */
    this.drawn = new Map();
    this.head = element("div", "oqc-row oqc-row-head");
    this.head.setAttribute("role", "row");
    for (const name of COLUMNS) {
      const cell = element("span", "oqc-cell", name);
      cell.setAttribute("role", "columnheader");
      this.head.append(cell);
    }
    this.legend = element("span", "oqc-colours");
    this.head.children[COLUMNS.indexOf("counts")]?.append(this.legend);
    this.space = element("div", "oqc-rows-space");
    this.space.setAttribute("role", "rowgroup");
    this.element = element("div", "oqc-rows", this.head, this.space);
    this.element.setAttribute("role", "table");
    this.element.setAttribute("aria-label", "Children");
    this.element.tabIndex = 0; // scrolls with the arrow keys
    this.element.addEventListener("scroll", () => this.update(), { passive: true });
  }

  update() {
    const { rows } = this.store;
    const height = Math.min(rows.length, ROWS_IN_SIGHT) * ROW_PX;
    this.element.setAttribute("aria-rowcount", String(rows.length + 1));
    this.element.style.height = `${height + ROW_PX + 1}px`;
    this.element.style.setProperty("--oqc-index", `${String(rows.length).length + 1}ch`);
    this.space.style.height = `${rows.length * ROW_PX}px`;
    const [first = 0, end = 0] = inSight(this.element.scrollTop, height, rows.length);
    for (const [index, row] of this.drawn) {
      if (index < first || index >= end) {
        row.element.remove();
        this.drawn.delete(index);
      }
    }
    for (let index = first; index < end; index += 1) {
      const facts = rows[index];
      if (facts === undefined) continue;
      let row = this.drawn.get(index);
      if (row === undefined) {
        row = new RowElement(index, this.palette);
        this.drawn.set(index, row);
        this.space.append(row.element);
      }
      row.update(facts, this.store.now());
    }
    this.#updateLegend();
  }

  /** Say which colour is which bitstring, where there is room for it. */
  #updateLegend() {
    const colours = [...this.palette.colours];
    const room = colours.reduce((sum, [bits]) => sum + bits.length + 2, 0) <= ROOM_FOR_LEGEND;
    const shown = room ? colours.sort(([a], [b]) => (a < b ? -1 : 1)) : [];
    if (shown.length === this.legend.children.length) return;
    this.legend.replaceChildren(
      ...shown.map(([bits, colour]) => {
        const mark = element("span", "oqc-part");
        mark.dataset.colour = String(colour);
        return element("span", "oqc-colour oqc-mono", mark, bits);
      }),
    );
  }
}

/** One row that is in sight. */
class RowElement {
  /**
   * @param {number} index
   * @param {Palette} palette
   */
  constructor(index, palette) {
    this.palette = palette;
    /** @type {import("./facts.js").Row | null} */
    this.facts = null;
    this.label = element("span", "oqc-cell oqc-clip");
    this.qpu = element("span", "oqc-cell oqc-clip oqc-mute");
    this.state = chip("CREATED");
    this.took = element("span", "oqc-cell oqc-mono oqc-number");
    this.counts = element("span", "oqc-small-bars");
    this.error = element("span", "oqc-cell oqc-clip oqc-mute");
    this.element = element(
      "div",
      "oqc-row",
      element("span", "oqc-cell oqc-mono oqc-number", String(index)),
      this.label,
      this.qpu,
      element("span", "oqc-cell", this.state),
      this.took,
      element("span", "oqc-cell", this.counts),
      this.error,
    );
    this.element.style.top = `${index * ROW_PX}px`;
    this.element.setAttribute("role", "row");
    this.element.setAttribute("aria-rowindex", String(index + 2));
    for (const cell of this.element.children) cell.setAttribute("role", "cell");
  }

  /**
   * @param {import("./facts.js").Row} facts
   * @param {number} now
   */
  update(facts, now) {
    setText(this.took, this.#took(facts, now));
    if (facts === this.facts) return;
    this.facts = facts;
    for (const [cell, text] of /** @type {[HTMLElement, string][]} */ ([
      [this.label, facts.label],
      [this.qpu, facts.qpu],
      [this.error, facts.error ?? ""],
    ])) {
      setText(cell, text);
      setTitle(cell, text);
    }
    setChip(this.state, facts.state);
    setSmallBars(this.counts, facts, this.palette);
  }

  /**
   * @param {import("./facts.js").Row} facts
   * @param {number} now
   */
  #took(facts, now) {
    if (facts.took_s !== null || ENDED.includes(facts.state)) return duration(facts.took_s);
    return facts.since === null ? "" : clock((now - Date.parse(facts.since)) / 1000);
  }
}
