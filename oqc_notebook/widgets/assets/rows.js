// A table of rows of which only those in sight exist, so that there may be very many.

import { element, putInOrder, setText, setTitle } from "./dom.js";
import { Order } from "./order.js";

export const ROW_PX = 26;
/** Rows in sight; more are reached by scrolling. */
const ROWS_IN_SIGHT = 12;
/** There is room for a sentence where there are none. */
const LEAST_ROWS = 2;
/** Rows that are drawn beyond those in sight, above and below. */
const SPARE = 4;

/**
 * @typedef {object} Column
 * @property {string} name its heading
 * @property {import("./order.js").KeyOf} keyOf what rows are sorted by
 * @property {boolean} [isNumber] whether it is aligned on the right
 * @property {boolean} [isMute] whether it stands back behind the others
 * @property {string} [title] what its heading says while the pointer rests on it
 * @property {() => HTMLElement} make makes a cell
 * @property {(cell: any, row: any, index: number) => void} draw draws a row into its cell
 * @property {boolean} [ticks] whether a cell changes with time alone
 * @property {() => void} [onSort] called before rows are sorted by it, but not before they are
 *   turned round
 */

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

/** A table in a box that scrolls: sorted by its headings, walked and opened with the keyboard. */
export class Rows {
  /**
   * @param {{rows: any[]}} store what has the rows
   * @param {Column[]} columns
   * @param {{label: string, textOf: (row: any) => string, none: string, isNewestFirst?: boolean,
   *   open: (index: number) => void, close: () => void}} how what it is called, what is searched,
   *   what is said where there are no rows, whether the last row stands first, and what opens and
   *   closes the details of a row
   */
  constructor(store, columns, { label, textOf, none, isNewestFirst, open, close }) {
    this.store = store;
    this.columns = columns;
    this.order = new Order(textOf, isNewestFirst);
    this.none = none;
    this.open = open;
    this.closeDetails = close;
    /** The row whose details are open. @type {number | null} */
    this.selected = null;
    /** The row that the keyboard is at. @type {number | null} */
    this.active = null;
    /** @type {Map<number, RowElement>} */
    this.drawn = new Map();
    this.heads = columns.map((column) => this.#head(column));
    const head = element("div", "oqc-row oqc-row-head", ...this.heads.map(({ cell }) => cell));
    head.setAttribute("role", "row");
    head.setAttribute("aria-rowindex", "1");
    this.space = element("div", "oqc-rows-space");
    this.space.setAttribute("role", "rowgroup");
    this.empty = element("p", "oqc-mute oqc-no-rows");
    const headGroup = element("div", "oqc-rows-head", head);
    headGroup.setAttribute("role", "rowgroup");
    this.grid = element("div", "oqc-grid", headGroup, this.space);
    this.grid.setAttribute("role", "grid");
    this.grid.setAttribute("aria-label", label);
    this.grid.setAttribute("aria-colcount", String(columns.length));
    this.element = element("div", "oqc-rows", this.grid, this.empty);
    this.element.addEventListener("scroll", () => this.draw(), { passive: true });
    this.space.addEventListener("keydown", (event) => this.#onKey(event));
    this.space.addEventListener("click", (event) => this.#onClick(event));
    this.space.addEventListener("focusin", (event) => this.#onFocus(event));
  }

  /** Take over the rows, and draw them. */
  update() {
    this.order.update(this.store.rows);
    this.draw();
  }

  draw() {
    const { rows } = this.store;
    const { shown } = this.order;
    const height = this.#height();
    this.grid.setAttribute("aria-rowcount", String(shown.length + 1));
    this.element.style.height = `${height + ROW_PX + 1}px`;
    this.element.style.setProperty("--oqc-index", `${String(rows.length).length + 1}ch`);
    this.space.style.height = `${shown.length * ROW_PX}px`;
    setText(this.empty, shown.length ? "" : rows.length ? "No row matches the filter." : this.none);
    this.#drawHeads();
    this.#drawRows(height);
  }

  /** The height of the rows in sight, without that of the headings (px). */
  #height() {
    const rows = Math.min(this.order.shown.length, ROWS_IN_SIGHT);
    return Math.max(rows, Math.min(this.store.rows.length, LEAST_ROWS), 1) * ROW_PX;
  }

  /** @param {number} height */
  #drawRows(height) {
    const { shown } = this.order;
    const hadFocus = this.space.contains(document.activeElement);
    const [first = 0, end = 0] = inSight(this.element.scrollTop, height, shown.length);
    const places = Array.from({ length: Math.max(0, end - first) }, (_, place) => first + place);
    let activePlace = this.active === null ? -1 : shown.indexOf(this.active);
    const isInSight = activePlace >= first && activePlace < end;
    if (activePlace < 0 || (!isInSight && !hadFocus)) {
      // whoever comes with the Tab key comes to a row that is in sight
      activePlace = Math.min(Math.floor(this.element.scrollTop / ROW_PX), shown.length - 1);
      this.active = shown[activePlace] ?? null;
    } else if (activePlace < first) places.unshift(activePlace);
    else if (activePlace >= end) places.push(activePlace); // the focus stays where it is
    const wanted = new Map(places.map((place) => [shown[place] ?? 0, place]));
    for (const [index, row] of this.drawn) {
      if (wanted.has(index)) continue;
      row.element.remove();
      this.drawn.delete(index);
    }
    const elements = [...wanted].map(([index, place]) => this.#drawRow(index, place));
    putInOrder(this.space, elements);
    if (hadFocus && !this.space.contains(document.activeElement)) this.#focusActive();
  }

  /**
   * @param {number} index
   * @param {number} place
   */
  #drawRow(index, place) {
    let row = this.drawn.get(index);
    if (row === undefined) {
      row = new RowElement(index, this.columns);
      this.drawn.set(index, row);
    }
    row.update(this.store.rows[index], place);
    row.mark(index === this.active, index === this.selected);
    return row.element;
  }

  /** @param {Column} column */
  #head(column) {
    const arrow = element("span", "oqc-sort-arrow");
    arrow.setAttribute("aria-hidden", "true");
    const sort = element("button", "oqc-sort", element("span", "", column.name), arrow);
    sort.type = "button";
    setTitle(sort, column.title ?? `Sort by ${column.name}`);
    sort.addEventListener("click", () => {
      if (this.order.column !== column.name) column.onSort?.();
      this.order.sortBy(column.name, column.keyOf, column.ticks);
      this.element.scrollTop = 0;
      this.update();
    });
    const cell = element("span", column.isNumber ? "oqc-cell oqc-number" : "oqc-cell", sort);
    cell.setAttribute("role", "columnheader");
    return { column, cell, arrow };
  }

  #drawHeads() {
    for (const { column, cell, arrow } of this.heads) {
      const isSorted = this.order.column === column.name;
      const how = this.order.descending ? "descending" : "ascending";
      cell.setAttribute("aria-sort", isSorted ? how : "none");
      setText(arrow, isSorted ? (this.order.descending ? "▼" : "▲") : "");
    }
  }

  // ---- walking and opening ----

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const last = this.order.shown.length - 1;
    const place = this.active === null ? 0 : this.order.shown.indexOf(this.active);
    /** @type {Record<string, number>} */
    const steps = {
      ArrowDown: place + 1,
      ArrowUp: place - 1,
      PageDown: place + ROWS_IN_SIGHT - 1,
      PageUp: place - ROWS_IN_SIGHT + 1,
      Home: 0,
      End: last,
    };
    const to = steps[event.key];
    if (to !== undefined) this.#walkTo(Math.max(0, Math.min(last, to)));
    else if (event.key === "Enter" || event.key === " ") this.#openActive();
    else if (event.key === "Escape" && this.selected !== null) this.closeDetails();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {number} place */
  #walkTo(place) {
    this.active = this.order.shown[place] ?? null;
    this.#scrollTo(place);
    this.draw();
    this.#focusActive();
  }

  /** @param {number} place */
  #scrollTo(place) {
    const scrollBar = this.element.offsetHeight - this.element.clientHeight;
    const height = this.#height() - scrollBar;
    const top = place * ROW_PX;
    if (top < this.element.scrollTop) this.element.scrollTop = top;
    if (top + ROW_PX > this.element.scrollTop + height) {
      this.element.scrollTop = top + ROW_PX - height;
    }
  }

  /** Bring a row into sight, and give it the focus. @param {number} index */
  focusRow(index) {
    const place = this.order.shown.indexOf(index);
    if (place >= 0) this.#walkTo(place);
    else this.#focusActive();
  }

  #focusActive() {
    if (this.active !== null) this.drawn.get(this.active)?.element.focus({ preventScroll: true });
  }

  #openActive() {
    if (this.active !== null) this.open(this.active);
  }

  /** @param {Event} event */
  #onFocus(event) {
    const index = this.#indexOf(event.target);
    if (index === null || index === this.active) return;
    this.active = index;
    this.draw();
  }

  /** @param {Event} event */
  #onClick(event) {
    const index = this.#indexOf(event.target);
    // whoever marks a text, to copy it, does not mean to open the row
    if (index === null || !(window.getSelection()?.isCollapsed ?? true)) return;
    this.active = index;
    this.#openActive();
  }

  /** @param {EventTarget | null} target */
  #indexOf(target) {
    for (const [index, row] of this.drawn) {
      if (target instanceof window.Node && row.element.contains(target)) return index;
    }
    return null;
  }
}

/** One row that is drawn. */
class RowElement {
  /**
   * @param {number} index
   * @param {Column[]} columns
   */
  constructor(index, columns) {
    this.index = index;
    this.cells = columns.map((column) => ({ column, cell: column.make() }));
    /** @type {any} */
    this.row = null;
    this.element = element("div", "oqc-row", ...this.cells.map(({ cell }) => cell));
    this.element.setAttribute("role", "row");
    for (const { cell } of this.cells) cell.setAttribute("role", "gridcell");
  }

  /**
   * @param {any} row
   * @param {number} place
   */
  update(row, place) {
    this.element.style.top = `${place * ROW_PX}px`;
    this.element.setAttribute("aria-rowindex", String(place + 2));
    const isSame = row === this.row;
    this.row = row;
    for (const { column, cell } of this.cells) {
      if (!isSame || column.ticks) column.draw(cell, row, this.index);
    }
  }

  /**
   * @param {boolean} isActive
   * @param {boolean} isSelected
   */
  mark(isActive, isSelected) {
    this.element.tabIndex = isActive ? 0 : -1;
    this.element.setAttribute("aria-selected", String(isSelected));
  }
}
