// The panel of a session: its jobs as rows, each opened below.

import { element, setText, setTitle } from "./dom.js";
import { ChildSection } from "./child.js";
import { stateColumn, textColumn, tookColumn } from "./columns.js";
import { Filter } from "./filter.js";
import { Rows } from "./rows.js";
import { Tallies } from "./tallies.js";

/** What stands first in the panel of a session. */
export class SessionHead {
  /** @param {import("./store.js").Store} store */
  constructor(store) {
    this.store = store;
    this.name = element("h3", "oqc-name", "Jobs");
    this.where = element("span", "oqc-mute");
    this.element = element("div", "oqc-title", this.name, this.where);
  }

  /** Draw it; give what the panel is called. */
  update() {
    const { name, url } = sessionFacts(this.store);
    const called = name === null ? "this session" : `session ${name}`;
    setText(this.where, `of ${called} with ${url}`);
    return `Jobs of ${called}`;
  }
}

/** The parts of a session's panel below its header. */
export class SessionBody {
  /**
   * @param {import("./store.js").Store} store
   * @param {(store: import("./store.js").Store) => import("./child.js").View} makeView
   */
  constructor(store, makeView) {
    this.store = store;
    this.job = new ChildSection(
      store,
      makeView,
      () => this.#jobIsClosed(),
      (index) => this.#called(index),
    );
    this.rows = new Rows(store, jobColumns(store), {
      label: "Jobs",
      textOf: ({ name, kind, qpu, outcome }) => `${name} ${kind} ${qpu} ${outcome}`,
      none: "There are no jobs yet: make one with sdk.create_job() or %%oqc_job.",
      isNewestFirst: true,
      open: (index) => {
        this.job.open(index);
        this.update();
      },
      close: () => this.job.close(),
    });
    this.rows.element.classList.add("oqc-jobs");
    const { order } = this.rows;
    const redraw = () => {
      this.rows.element.scrollTop = 0;
      this.update();
    };
    this.tallies = new Tallies(order, redraw);
    this.filter = new Filter(order, "name or outcome", redraw);
    this.elements = [
      element("div", "oqc-legend-line oqc-job-tools", this.tallies.legend, this.filter.element),
      this.rows.element,
      this.job.element,
    ];
  }

  /** Whether something changes with time alone. */
  ticks() {
    return this.store.view.in_flight;
  }

  update() {
    const { tallies } = sessionFacts(this.store);
    this.tallies.update(tallies);
    this.job.update();
    this.rows.selected = this.job.index;
    this.rows.update();
    this.filter.update(Object.values(tallies).reduce((sum, count) => sum + count, 0));
  }

  /** Leave nothing behind. */
  stop() {
    this.job.stop();
  }

  #jobIsClosed() {
    const { active } = this.rows;
    this.update();
    if (active !== null) this.rows.focusRow(active);
  }

  /** @param {number} index */
  #called(index) {
    const { name, kind } = jobRow(this.store, index);
    return name || (kind === "job" ? "A job" : `A composite of ${kind}`);
  }
}

/**
 * @param {import("./store.js").Store} store
 * @returns {import("./rows.js").Column[]}
 */
function jobColumns(store) {
  return [
    {
      ...textColumn("name", (row) => row.name),
      make: () => element("span", "oqc-cell oqc-clip oqc-mono"),
    },
    textColumn("kind", (row) => row.kind, { isMute: true }),
    textColumn("QPU", (row) => row.qpu, { isMute: true }),
    stateColumn(),
    tookColumn(store),
    textColumn("runs", (row) => String(row.runs), { isNumber: true, keyOf: (row) => row.runs }),
    {
      ...textColumn("outcome", (row) => row.outcome),
      draw: (cell, row) => {
        setText(cell, row.outcome);
        setTitle(cell, row.outcome);
        cell.classList.toggle("oqc-bad-text", row.failed);
      },
    },
  ];
}

/** @param {import("./store.js").Store} store */
function sessionFacts(store) {
  return /** @type {import("./facts.js").SessionFacts} */ (/** @type {unknown} */ (store.view));
}

/**
 * @param {import("./store.js").Store} store
 * @param {number} index
 */
function jobRow(store, index) {
  return /** @type {import("./facts.js").JobRow} */ (/** @type {unknown} */ (store.rows[index]));
}
