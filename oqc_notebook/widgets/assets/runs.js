// What is open below a job's counts and history: runs, a comparison of two, the program.

import { CompareSection } from "./compare.js";
import { element, putInOrder } from "./dom.js";
import { History } from "./history.js";
import { ProgramSection } from "./program.js";
import { RunSection } from "./run.js";

/** The history of a job, and the sections that it opens. */
export class Runs {
  /**
   * @param {import("./store.js").Store} store
   * @param {import("./bits.js").BitOrder} order
   */
  constructor(store, order) {
    this.store = store;
    this.order = order;
    /** The runs that are open, by number. @type {Map<number, RunSection>} */
    this.open = new Map();
    /** @type {CompareSection | null} */
    this.comparing = null;
    this.history = new History(
      store,
      (run) => this.#toggle(run),
      () => this.#compare(),
    );
    this.program = new ProgramSection(store);
    this.sections = element("div", "oqc-sections");
  }

  update() {
    const runs = this.history.runs();
    for (const [number, section] of this.open) {
      section.update(runs.find(({ run }) => run === number) ?? section.run);
    }
    this.comparing?.update(runs);
    this.history.update(runs, new Set(this.open.keys()), this.comparing !== null);
    this.program.update();
    const newestFirst = [...this.open].sort(([a], [b]) => b - a).map(([, { element: each }]) => each);
    const compared = this.comparing === null ? [] : [this.comparing.element];
    putInOrder(this.sections, [...newestFirst, ...compared]);
  }

  /** @param {import("./facts.js").Run} run */
  #toggle(run) {
    if (this.open.has(run.run)) this.#close(run.run);
    else this.open.set(run.run, new RunSection(this.store, run, this.order, () => this.#close(run.run)));
    this.store.tell();
  }

  /** @param {number} run */
  #close(run) {
    this.open.delete(run);
    this.history.focus(run);
    this.store.tell();
  }

  #compare() {
    this.comparing = this.comparing === null ? this.#newComparison() : null;
    this.store.tell();
  }

  #newComparison() {
    return new CompareSection(this.store, this.order, () => {
      this.comparing = null;
      this.history.compare.focus();
      this.store.tell();
    });
  }
}
