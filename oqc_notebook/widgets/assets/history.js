// The runs of a job.

import { button, chip, element, enable, putInOrder, setText, setTitle } from "./dom.js";
import { runShown } from "./facts.js";
import { duration, errorLine, firstLine, localTime, timeOf } from "./format.js";
import { whyNoKernel } from "./toolbar.js";

/** The kernel gives earlier runs in blocks of so many: in the first are runs 1 to 50. */
const BLOCK = 50;

const COLUMNS = [
  ["run", "oqc-run-number"],
  ["received", ""],
  ["took", "oqc-number"],
  ["shots", "oqc-number oqc-run-shots"],
  ["QPU", "oqc-run-qpu"],
  ["outcome", ""],
];

/** The table of a job's runs, newest first. */
export class History {
  /**
   * @param {import("./store.js").Store} store
   * @param {(run: import("./facts.js").Run) => void} onToggle opens or closes the details of a run
   * @param {() => void} onCompare opens or closes the comparison
   */
  constructor(store, onToggle, onCompare) {
    this.store = store;
    this.onToggle = onToggle;
    /** Runs from this number on are wanted; null where the newest are enough. */
    /** @type {number | null} */
    this.from = null;
    /** Blocks of earlier runs that the kernel gave; they do not change any more. */
    /** @type {Map<number, import("./facts.js").Run[]>} */
    this.blocks = new Map();
    /** @type {Map<number, {key: string, rows: HTMLElement[], opener: HTMLButtonElement}>} */
    this.drawn = new Map();
    this.compare = button("Compare runs", onCompare);
    this.compare.classList.add("oqc-quiet");
    this.undo = button("Undo", () => store.send({ do: "undo" }));
    this.undo.classList.add("oqc-quiet");
    this.restoredText = element("span");
    this.restored = element("div", "oqc-restored", this.restoredText, this.undo);
    this.body = element("tbody");
    const head = element("tr");
    for (const [name = "", className] of COLUMNS) {
      const cell = element("th", className, name);
      cell.scope = "col";
      head.append(cell);
    }
    this.table = element("table", "oqc-history", element("thead", "", head), this.body);
    this.table.setAttribute("aria-label", "Runs");
    this.earlier = button("", () => this.#wantEarlier());
    this.earlier.classList.add("oqc-quiet");
    this.box = element("div", "oqc-history-box", this.table, this.earlier);
    this.box.tabIndex = 0; // where it is narrow, the arrow keys scroll it
    this.box.setAttribute("role", "group");
    this.box.setAttribute("aria-label", "History");
    const heading = element("h4", "oqc-heading", "History");
    this.element = element(
      "div",
      "",
      element("div", "oqc-register-head", heading, this.compare),
      this.restored,
      this.box,
    );
  }

  /** The runs that are listed, newest first. */
  runs() {
    const view = this.#view();
    const newest = view.runs;
    const first = newest.at(-1)?.run ?? 1;
    const { from } = this;
    if (from === null || from >= first) return newest;
    const all = [...newest];
    // from the block that ends before the newest, back to the one that is wanted
    for (let end = first - 1; end >= from; end = BLOCK * Math.floor((end - 1) / BLOCK)) {
      const found = this.#block(Math.floor((end - 1) / BLOCK));
      if (!found.length) break;
      all.push(...found.filter(({ run }) => run <= end && run >= from));
    }
    return all;
  }

  /**
   * Give a block of earlier runs, newest first; none until the kernel answers.
   * @param {number} block
   * @returns {import("./facts.js").Run[]}
   */
  #block(block) {
    const found = this.blocks.get(block) ?? this.store.ask("runs", { block })?.runs ?? [];
    if (found.length) this.blocks.set(block, found);
    return found;
  }

  /**
   * @param {import("./facts.js").Run[]} runs
   * @param {Set<number>} open the runs whose details are open
   * @param {boolean} isComparing
   */
  update(runs, open, isComparing) {
    const view = this.#view();
    this.#updateRows(runs, open);
    this.table.classList.toggle("oqc-same-qpu", new Set(runs.map((run) => run.qpu_id)).size < 2);
    this.table.classList.toggle("oqc-same-shots", new Set(runs.map((run) => run.shots)).size < 2);
    this.compare.hidden = view.run_count < 2;
    this.compare.setAttribute("aria-expanded", String(isComparing));
    const away = whyNoKernel(this.store, false);
    enable(this.compare, isComparing ? null : away);
    for (const [run, { opener }] of this.drawn) enable(opener, open.has(run) ? null : away);
    const rest = (runs.at(-1)?.run ?? 1) - 1;
    this.earlier.hidden = rest === 0;
    const isAsked = this.from !== null && (runs.at(-1)?.run ?? 0) > this.from;
    setText(this.earlier, isAsked ? "Earlier runs are asked for…" : `Show ${Math.min(rest, BLOCK)} of ${rest} earlier`);
    enable(this.earlier, away);
    const { restored } = view;
    // until another run begins; then it is what the latest run ran
    this.restored.hidden = !restored || restored.shown !== runShown(view);
    setText(this.restoredText, restored ? `The next run uses the inputs of run ${restored.run}.` : "");
    enable(this.undo, away, "Puts back what there was before");
  }

  /**
   * Give the focus to the button that opens a run's details.
   * @param {number} run
   */
  focus(run) {
    this.drawn.get(run)?.opener.focus();
  }

  #view() {
    return /** @type {import("./facts.js").JobFacts} */ (this.store.view);
  }

  #wantEarlier() {
    const first = this.runs().at(-1)?.run ?? 1;
    this.from = Math.max(first - BLOCK, 1);
    this.store.tell();
  }

  /**
   * @param {import("./facts.js").Run[]} runs
   * @param {Set<number>} open
   */
  #updateRows(runs, open) {
    const now = this.store.now();
    const today = new Date(now).toDateString();
    const before = this.drawn;
    this.drawn = new Map();
    for (const run of runs) {
      const key = JSON.stringify([run, today]);
      const known = before.get(run.run);
      const row = known?.key === key ? known : { key, ...this.#rowsOf(run, now) };
      row.opener.setAttribute("aria-expanded", String(open.has(run.run)));
      this.drawn.set(run.run, row);
    }
    putInOrder(this.body, [...this.drawn.values()].flatMap(({ rows }) => rows));
  }

  /**
   * @param {import("./facts.js").Run} run
   * @param {number} now
   */
  #rowsOf(run, now) {
    const opener = button("", () => this.onToggle(run));
    opener.className = "oqc-disclose";
    opener.append(element("span", "oqc-disclose-mark"), String(run.run));
    opener.setAttribute("aria-label", `Run ${run.run}: details`);
    const time = run.received === null ? "time unknown" : timeOf(run.received, now);
    const received = element("td", "oqc-mono", time);
    if (run.received !== null && run.zone_known) {
      setTitle(received, `${localTime(run.received)} here`);
    }
    const qpu = element("td", "oqc-run-qpu oqc-clip", run.qpu ?? "");
    setTitle(qpu, run.qpu_id ?? "");
    const rows = [
      element(
        "tr",
        "",
        element("td", "oqc-mono oqc-run-number", opener),
        received,
        element("td", "oqc-mono oqc-number", duration(run.took_s)),
        element("td", "oqc-mono oqc-number oqc-run-shots", run.shots === null ? "" : String(run.shots)),
        qpu,
        element("td", "", chip(run.state)),
      ),
    ];
    if (run.error !== null) {
      const text = errorLine(run.error);
      const cell = element("td", "oqc-run-error", firstLine(text));
      cell.colSpan = COLUMNS.length;
      setTitle(cell, text);
      rows.push(element("tr", "oqc-error-row", cell));
    }
    return { rows, opener };
  }
}
