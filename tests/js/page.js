// A page without a browser, and facts as the kernel sends them.

import { JSDOM } from "jsdom";

import { putRow } from "../../oqc_notebook/widgets/assets/packing.js";

const realNow = Date.now;

/** Open a page and put what the panels need of it into the global scope. */
export function openPage() {
  // The facts below are of this day; the clock goes on from there, whatever day the tests are run.
  const ahead = Date.parse("2026-11-22T14:05:00Z") - realNow();
  Date.now = () => realNow() + ahead;
  const { window } = new JSDOM("<!doctype html><body></body>", { pretendToBeVisual: true });
  Object.assign(globalThis, {
    window,
    document: window.document,
    requestAnimationFrame: window.requestAnimationFrame.bind(window),
    cancelAnimationFrame: window.cancelAnimationFrame.bind(window),
  });
  return window;
}

/** Wait until what is drawn with the next frame is drawn. */
export function frame() {
  return new Promise((resolve) => {
    requestAnimationFrame(() => requestAnimationFrame(resolve));
  });
}

/**
 * Give the facts of a job that ran once.
 * @param {Partial<import("../../oqc_notebook/widgets/assets/facts.js").JobFacts>} facts
 * @returns {import("../../oqc_notebook/widgets/assets/facts.js").JobFacts}
 */
export function jobFacts(facts = {}) {
  return {
    kind: "job",
    seq: 0,
    session: "open",
    lost: null,
    queue: null,
    cost: null,
    note: null,
    busy: null,
    name: "bell",
    label: null,
    state: "COMPLETED",
    status: null,
    symbol: "✓",
    qpu: { id: "qpu:local:1:exact", name: "Exact 32-qubit" },
    simulated: true,
    shots: 1000,
    task_id: "3f9c0000-0000-0000-0000-0000000081d2",
    cancel_requested: false,
    in_flight: false,
    times: {
      CREATED: "2026-11-22T14:02:30.000Z",
      SUBMITTED: "2026-11-22T14:02:31.000Z",
      RUNNING: "2026-11-22T14:02:32.800Z",
      COMPLETED: "2026-11-22T14:02:33.200Z",
    },
    queued_s: 1.8,
    ran_s: 0.4,
    took_s: null,
    error: null,
    registers: [
      {
        name: "c",
        total: 1000,
        distinct: 5,
        bars: [
          ["00", 507],
          ["11", 478],
        ],
        other: [3, 15],
      },
    ],
    other_data: null,
    run_count: 1,
    runs: [
      {
        run: 1,
        state: "COMPLETED",
        symbol: "✓",
        received: "2026-11-22T14:02:33.200Z",
        zone_known: true,
        took_s: 2.2,
        qpu_id: "qpu:local:1:exact",
        qpu: "Exact 32-qubit",
        shots: 1000,
        task_id: "3f9c0000-0000-0000-0000-0000000081d2",
        error: null,
      },
    ],
    can_execute: true,
    can_cancel: false,
    can_refresh: true,
    ...facts,
  };
}

/** The changes that make the facts of a job those of one that runs. */
export const RUNNING = {
  state: "RUNNING",
  in_flight: true,
  can_execute: false,
  can_cancel: true,
  queued_s: 1.8,
  ran_s: null,
  registers: [],
};

/**
 * Give the facts of a composite.
 * @param {Partial<import("../../oqc_notebook/widgets/assets/facts.js").CompositeFacts>} facts
 * @returns {import("../../oqc_notebook/widgets/assets/facts.js").CompositeFacts}
 */
export function compositeFacts(facts = {}) {
  return {
    kind: "composite",
    seq: 0,
    session: "open",
    lost: null,
    queue: null,
    cost: null,
    note: null,
    busy: null,
    name: "sweep",
    state: "RUNNING",
    symbol: "▶",
    children: 200,
    tallies: { COMPLETED: 132, RUNNING: 10, SUBMITTED: 55, FAILED: 3 },
    qpus: ["8-qubit Simulator"],
    simulated: true,
    in_flight: true,
    to_run_again: 3,
    rerun_cost: null,
    failures: 3,
    results: 132,
    last_begun: "2026-11-22T14:02:31.000Z",
    started: "2026-11-22T14:02:31.000Z",
    ended: null,
    can_execute: false,
    can_cancel: true,
    can_refresh: true,
    ...facts,
  };
}

/**
 * Give the facts of so many children.
 * @param {number} count
 * @returns {import("../../oqc_notebook/widgets/assets/facts.js").Row[]}
 */
export function rowsOf(count) {
  return Array.from({ length: count }, (_, index) => ({
    label: `θ = ${index}`,
    qpu: "8-qubit Simulator",
    state: "COMPLETED",
    since: "2026-11-22T14:02:33.200Z",
    took_s: 2.1,
    top: [
      ["00", 900],
      ["11", 90],
    ],
    total: 1000,
    error: null,
  }));
}

/**
 * Give rows as they travel.
 * @param {import("../../oqc_notebook/widgets/assets/facts.js").Row[]} rows
 * @returns {import("../../oqc_notebook/widgets/assets/packing.js").PackedRows}
 */
export function tableOf(rows) {
  const table = { columns: [], words: { qpu: [], state: [] }, rows: [] };
  rows.forEach((row, index) => putRow(table, index, row));
  return table;
}

/**
 * Give changes of rows as they travel.
 * @param {[number, object][]} changes
 * @returns {import("../../oqc_notebook/widgets/assets/packing.js").PackedChanges[]}
 */
export function changesOf(changes) {
  return changes.map(([place, changed]) => ({
    columns: Object.keys(changed),
    rows: [[place, ...Object.values(changed)]],
  }));
}

/** Stands for the widget's model: keeps what is sent, and passes on what the kernel sends. */
export class Model {
  /**
   * @param {object} view
   * @param {import("../../oqc_notebook/widgets/assets/facts.js").Row[]} rows
   */
  constructor(view, rows = []) {
    /** @type {Record<string, any>} */
    this.state = { view, rows: tableOf(rows) };
    /** @type {any[]} */
    this.sent = [];
    /** @type {any[]} */
    this.callbacks = [];
    /** @type {Map<string, (message?: any) => void>} */
    this.listeners = new Map();
  }

  /** @param {string} name */
  get(name) {
    return this.state[name];
  }

  /**
   * @param {string} name
   * @param {(message?: any) => void} listener
   */
  on(name, listener) {
    this.listeners.set(name, listener);
  }

  /**
   * @param {object} message
   * @param {any} callbacks
   */
  send(message, callbacks) {
    this.sent.push(message);
    this.callbacks.push(callbacks);
  }

  /** @param {object} message */
  receive(message) {
    this.listeners.get("msg:custom")?.({ now: Date.now(), ...message });
  }

  /**
   * Give what was sent of one kind.
   * @param {string} what
   */
  sentOf(what) {
    return this.sent.filter((message) => message.do === what);
  }
}
