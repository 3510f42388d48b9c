// What is particular to the panel of a composite.

import { element, setText } from "./dom.js";
import { Palette } from "./counts.js";
import { ENDED } from "./facts.js";
import { clock, duration, some } from "./format.js";
import { ChildSection } from "./child.js";
import { Legend, childColumns } from "./children.js";
import { Filter } from "./filter.js";
import { HeatMap } from "./heatmap.js";
import { Rows } from "./rows.js";
import { Tabs } from "./tabs.js";
import { Tallies } from "./tallies.js";

/** The least share of children that must have ended before the rest is estimated. */
const ESTIMATE_FROM = 0.1;
/** Children that did not begin within this share of the time so far tell nothing of the rest. */
const TOGETHER = 0.1;
/** So many rows are seen at a glance: they need no filter. */
const FEW_ROWS = 8;

/** The parts of a composite's panel below its header. */
export class CompositeBody {
  /**
   * @param {import("./store.js").Store} store
   * @param {(store: import("./store.js").Store) => import("./child.js").View} makeView makes the
   *   view of a child's panel
   */
  constructor(store, makeView) {
    this.store = store;
    const palette = new Palette();
    this.child = new ChildSection(
      store,
      makeView,
      (index) => this.#isClosed(index),
      (index) => `Child ${index} of ${this.view().children}`,
    );
    const open = (/** @type {number} */ index) => {
      this.child.open(index);
      this.update();
    };
    this.rows = new Rows(store, childColumns(store, palette), {
      label: "Children",
      textOf: ({ label, qpu, error }) => `${label} ${qpu} ${error ?? ""}`,
      none: "There are no children yet.",
      open,
      close: () => this.child.close(),
    });
    this.rows.element.classList.add("oqc-children");
    const { order } = this.rows;
    const redraw = () => {
      this.rows.element.scrollTop = 0;
      this.update();
    };
    this.tallies = new Tallies(order, redraw);
    this.filter = new Filter(order, "label, QPU, error", redraw);
    this.legend = new Legend(palette);
    this.heatMap = new HeatMap(store, open);
    this.tabs = new Tabs(
      "Children as",
      [
        { name: "Table", element: this.rows.element },
        { name: "Heat map", element: this.heatMap.element },
      ],
      () => this.update(),
    );
    this.elapsed = element("span", "oqc-mono oqc-mute");
    this.tools = element(
      "div",
      "oqc-child-tools",
      this.tabs.element,
      this.filter.element,
      this.legend.element,
    );
    this.elements = [
      this.tallies.bar,
      element("div", "oqc-legend-line", this.tallies.legend, this.elapsed),
      this.tools,
      this.rows.element,
      this.heatMap.element,
      this.child.element,
    ];
  }

  /** What stands beside the name in the header. */
  where() {
    const { children, qpus } = this.view();
    const shown = qpus.length > 2 ? some(qpus.length, "QPU") : qpus.join(", ");
    return { lead: `${some(children, "job")}${shown && " on"}`, qpu: shown, title: qpus.join(", ") };
  }

  /** Whether something changes with time alone. */
  ticks() {
    return this.view().in_flight;
  }

  update() {
    const view = this.view();
    const isTable = this.tabs.chosen === "Table";
    this.tallies.update(view.tallies);
    setText(this.elapsed, this.#elapsedText(view));
    this.child.update();
    this.rows.selected = this.child.index;
    const { classList } = this.rows.element;
    classList.toggle("oqc-one-qpu", view.qpus.length < 2);
    classList.toggle("oqc-unlabelled", !this.store.rows.some(({ label }) => label));
    if (isTable) this.rows.update();
    else this.heatMap.update();
    this.filter.element.hidden =
      !isTable || (view.children <= FEW_ROWS && !this.rows.order.isFiltered);
    this.filter.update(view.children);
    this.legend.element.hidden = !isTable;
    this.legend.update();
  }

  /** Leave nothing behind. */
  stop() {
    this.heatMap.stop();
    this.child.stop();
  }

  view() {
    return /** @type {import("./facts.js").CompositeFacts} */ (this.store.view);
  }

  /** @param {number} index of the child that was closed */
  #isClosed(index) {
    this.update();
    if (this.tabs.chosen === "Table") this.rows.focusRow(index);
    else this.heatMap.focus();
  }

  /** @param {import("./facts.js").CompositeFacts} view */
  #elapsedText(view) {
    if (view.started === null) return "";
    const began = Date.parse(view.started);
    if (view.ended !== null) return `took ${duration((Date.parse(view.ended) - began) / 1000)}`;
    if (!view.in_flight || !this.store.follows) return "";
    const seconds = (this.store.now() - began) / 1000;
    const text = `${clock(seconds)} elapsed`;
    const beganWithin = (Date.parse(view.last_begun ?? view.started) - began) / 1000;
    const ended = ENDED.reduce((sum, state) => sum + (view.tallies[state] ?? 0), 0);
    const active = view.children - ended - (view.tallies.CREATED ?? 0);
    const isEarly = ended < ESTIMATE_FROM * view.children || beganWithin > TOGETHER * seconds;
    if (isEarly || !active) return text;
    return `${text} · about ${clock((seconds * active) / ended)} left`;
  }
}
