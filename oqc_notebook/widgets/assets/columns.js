// The columns that tables of jobs have in common.

import { chip, element, setChip, setText, setTitle } from "./dom.js";
import { ENDED, SYMBOLS } from "./facts.js";
import { clock, duration } from "./format.js";

/** In the order of what calls for a look. */
const STATES_BY_URGENCY = Object.keys(SYMBOLS).reverse();

/**
 * Give a column of plain text.
 * @param {string} name
 * @param {(row: any, index: number) => string} textOf
 * @param {Partial<import("./rows.js").Column>} more
 * @returns {import("./rows.js").Column}
 */
export function textColumn(name, textOf, more = {}) {
  const kind = more.isNumber ? "oqc-mono oqc-number" : "oqc-clip";
  const classes = `oqc-cell ${kind}${more.isMute ? " oqc-mute" : ""}`;
  return {
    name,
    keyOf: (row, index) => textOf(row, index) || null,
    make: () => element("span", classes),
    draw: (cell, row, index) => {
      const text = textOf(row, index);
      setText(cell, text);
      if (!more.isNumber) setTitle(cell, text);
    },
    ...more,
  };
}

/**
 * Give the column of states.
 * @returns {import("./rows.js").Column}
 */
export function stateColumn() {
  return {
    name: "state",
    keyOf: (row) => STATES_BY_URGENCY.indexOf(row.state),
    make: () => element("span", "oqc-cell", chip("CREATED")),
    draw: (cell, row) => setChip(cell.firstChild, row.state),
  };
}

/**
 * Give the column of how long runs took, or are in their state; that ticks.
 * @param {{now: () => number, follows: boolean}} store
 * @returns {import("./rows.js").Column}
 */
export function tookColumn(store) {
  const isOver = (/** @type {any} */ row) => row.took_s !== null || ENDED.includes(row.state);
  const seconds = (/** @type {any} */ row) => {
    if (isOver(row)) return row.took_s;
    return row.since === null ? null : (store.now() - Date.parse(row.since)) / 1000;
  };
  return {
    name: "took",
    title: "Sort by the time that the run took, or is in its state",
    isNumber: true,
    ticks: true,
    keyOf: seconds,
    make: () => element("span", "oqc-cell oqc-mono oqc-number"),
    draw: (cell, row) => {
      const shown = store.follows || isOver(row) ? seconds(row) : null;
      setText(cell, shown === null ? "" : isOver(row) ? duration(shown) : clock(shown));
    },
  };
}
