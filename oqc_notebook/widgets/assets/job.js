// What is particular to the panel of a single job.

import { BitOrder } from "./bits.js";
import { LONG } from "./counts.js";
import { element, putInOrder, setText, setTitle } from "./dom.js";
import { ENDED, runShown } from "./facts.js";
import { clock, duration, errorLine, shortId, timeOf } from "./format.js";
import { ResultView } from "./result.js";
import { Runs } from "./runs.js";

/** The parts of a job's panel below its header. */
export class JobBody {
  /** @param {import("./store.js").Store} store */
  constructor(store) {
    this.store = store;
    /** @type {Map<string, HTMLElement>} */
    this.facts = new Map();
    this.factsLine = element("div", "oqc-facts");
    this.queued = element("span", "oqc-time-queued");
    this.ran = element("span", "oqc-time-ran");
    this.strip = element("div", "oqc-time", this.queued, this.ran);
    this.strip.setAttribute("role", "img");
    this.error = element("div", "oqc-error");
    this.error.setAttribute("role", "group");
    this.error.setAttribute("aria-label", "Error");
    this.counts = element("section", "oqc-counts");
    const order = new BitOrder(() => store.tell());
    this.result = new ResultView(store, order, () => ({ run: null, shown: runShown(store.view) }));
    this.runs = new Runs(store, order);
    const history = element("section", "oqc-runs", this.runs.history.element);
    this.columns = element("div", "oqc-columns", this.counts, history);
    this.elements = [
      this.factsLine,
      this.strip,
      this.error,
      this.columns,
      this.runs.sections,
      this.runs.program.element,
    ];
  }

  /** What stands beside the name in the header. */
  where() {
    const { qpu } = this.view();
    return { lead: "on", qpu: qpu.name, title: qpu.id };
  }

  /** Whether something changes with time alone. */
  ticks() {
    const view = this.view();
    return view.in_flight && "SUBMITTED" in view.times;
  }

  update() {
    const view = this.view();
    this.#updateTimes(view);
    this.error.hidden = view.error === null;
    this.error.classList.toggle("oqc-by-wish", view.state === "CANCELLED");
    setText(this.error, view.error === null ? "" : errorLine(view.error));
    this.#letErrorScroll();
    putInOrder(this.counts, this.result.update(view, emptyText(view)));
    this.runs.update();
    const isWide = view.registers.some(({ bars }) => (bars[0]?.[0].length ?? 0) > LONG);
    const hasResult = view.registers.length > 0 || view.other_data !== null;
    this.columns.classList.toggle("oqc-one-column", !view.runs.length);
    this.columns.classList.toggle("oqc-stacked", isWide || !hasResult);
  }

  /** Have the arrow keys scroll a long error. */
  #letErrorScroll() {
    const { error } = this;
    if (error.scrollHeight > error.clientHeight) error.tabIndex = 0;
    else error.removeAttribute("tabindex");
  }

  view() {
    return /** @type {import("./facts.js").JobFacts} */ (this.store.view);
  }

  /** @param {import("./facts.js").JobFacts} view */
  #updateTimes(view) {
    const { SUBMITTED: submitted, RUNNING: running } = view.times;
    const passed = (/** @type {string | undefined} */ iso) =>
      iso === undefined ? null : Math.max(0, (this.store.now() - Date.parse(iso)) / 1000);
    const ticking = view.in_flight && this.store.follows;
    const queuedFor = view.queued_s ?? (ticking ? passed(submitted) : null);
    const ranFor = view.ran_s ?? (ticking && running ? passed(running) : null);

    this.#fact("shots", String(view.shots));
    this.#fact("task", view.task_id === null ? "" : shortId(view.task_id), view.task_id ?? "");
    this.#fact("submitted", submitted ? timeOf(submitted, this.store.now()) : "", submitted);
    const tickingText = (/** @type {number | null} */ done, /** @type {number | null} */ now) =>
      done !== null ? duration(done) : now !== null ? clock(now) : "";
    this.#fact("queued", tickingText(view.queued_s, queuedFor));
    this.#fact(
      ranFor !== null && view.ran_s === null ? "running" : "ran",
      tickingText(view.ran_s, ranFor),
    );
    this.#fact("took", duration(view.took_s));
    this.#fact("runs", String(view.run_count));

    const total = (queuedFor ?? 0) + (ranFor ?? view.took_s ?? 0);
    const share = total > 0 ? (100 * (queuedFor ?? 0)) / total : 0;
    this.queued.hidden = share === 0; // a part without width would leave a gap
    this.ran.hidden = share === 100;
    this.queued.style.width = `${share.toFixed(1)}%`;
    this.ran.style.width = `${total > 0 ? (100 - share).toFixed(1) : 0}%`;
    this.strip.classList.toggle("oqc-moving", ticking);
    this.strip.dataset.state = view.state;
    const told = [
      queuedFor === null ? "" : `queued ${duration(queuedFor)}`,
      ranFor === null ? "" : `ran ${duration(ranFor)}`,
      view.took_s === null ? "" : `took ${duration(view.took_s)}`,
    ];
    const nothing = view.state === "CREATED" ? "not run yet" : "times are not known";
    this.strip.setAttribute("aria-label", told.filter(Boolean).join(", ") || nothing);
  }

  /**
   * Show a fact, or nothing of it where there is none.
   * @param {string} name
   * @param {string} value
   * @param {string} title
   */
  #fact(name, value, title = "") {
    const key = name === "running" ? "ran" : name;
    let fact = this.facts.get(key);
    if (fact === undefined) {
      fact = element("span", "oqc-fact", element("span", "", name), element("b", "oqc-mono"));
      this.facts.set(key, fact);
      this.factsLine.append(fact);
    }
    fact.hidden = value === "";
    const [label, text] = /** @type {HTMLElement[]} */ ([...fact.children]);
    if (label) setText(label, name);
    if (text) {
      setText(text, value);
      setTitle(text, title);
    }
  }
}

/** @param {import("./facts.js").JobFacts} view */
function emptyText(view) {
  if (view.in_flight) return "Counts appear here when the run has ended.";
  if (ENDED.includes(view.state)) return "The latest run left no counts.";
  return "Not run yet: Execute runs it.";
}
