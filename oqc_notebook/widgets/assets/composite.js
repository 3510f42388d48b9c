// What is particular to the panel of a composite.

import { chip, element, setText } from "./dom.js";
import { ENDED } from "./facts.js";
import { clock, duration, some } from "./format.js";
import { Rows } from "./rows.js";

/** The least share of children that must have ended before the rest is estimated. */
const ESTIMATE_FROM = 0.1;

/** The parts of a composite's panel below its header. */
export class CompositeBody {
  /** @param {import("./store.js").Store} store */
  constructor(store) {
    this.store = store;
    this.bar = element("div", "oqc-tally");
    this.bar.setAttribute("role", "img");
    this.legend = element("span", "oqc-legend");
    this.elapsed = element("span", "oqc-mono oqc-mute");
    this.rows = new Rows(store);
    this.elements = [
      this.bar,
      element("div", "oqc-legend-line", this.legend, this.elapsed),
      this.rows.element,
    ];
    /** @type {unknown} */
    this.drawn = null;
  }

  /** What stands beside the name in the header. */
  where() {
    const { children, qpus } = this.view();
    const shown = qpus.length > 2 ? some(qpus.length, "QPU") : qpus.join(", ");
    return { lead: `${some(children, "job")} on`, qpu: shown, title: qpus.join(", ") };
  }

  /** Whether something changes with time alone. */
  ticks() {
    return this.view().in_flight;
  }

  update() {
    const view = this.view();
    if (view.tallies !== this.drawn) {
      this.drawn = view.tallies;
      this.#drawTallies(view);
    }
    setText(this.elapsed, this.#elapsedText(view));
    this.rows.update();
  }

  view() {
    return /** @type {import("./facts.js").CompositeFacts} */ (this.store.view);
  }

  /** @param {import("./facts.js").CompositeFacts} view */
  #drawTallies(view) {
    const tallies = Object.entries(view.tallies);
    this.bar.setAttribute(
      "aria-label",
      tallies.map(([state, count]) => `${count} ${state}`).join(", "),
    );
    this.bar.replaceChildren(
      ...tallies.map(([state, count]) => {
        const part = element("span", "oqc-tally-part");
        part.dataset.state = state;
        part.style.flexGrow = String(count);
        return part;
      }),
    );
    this.legend.replaceChildren(
      ...tallies.map(([state, count]) =>
        element("span", "oqc-tally-item", chip(state), element("b", "oqc-mono", String(count))),
      ),
    );
  }

  /** @param {import("./facts.js").CompositeFacts} view */
  #elapsedText(view) {
    if (view.started === null) return "";
    const began = Date.parse(view.started);
    if (view.ended !== null) return `took ${duration((Date.parse(view.ended) - began) / 1000)}`;
    if (!view.in_flight || !this.store.alive) return "";
    const seconds = (this.store.now() - began) / 1000;
    const text = `${clock(seconds)} elapsed`;
    const ended = ENDED.reduce((sum, state) => sum + (view.tallies[state] ?? 0), 0);
    const active = view.children - ended - (view.tallies.CREATED ?? 0);
    if (ended < ESTIMATE_FROM * view.children || !active) return text;
    return `${text} · about ${clock((seconds * active) / ended)} left`;
  }
}
