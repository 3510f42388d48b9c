// The details of one run of a job, open below its history.

import { button, chip, element, enable, setText } from "./dom.js";
import { duration, errorLine, timeOf } from "./format.js";
import { inputsView } from "./inputs.js";
import { jsonView } from "./json.js";
import { originView } from "./origin.js";
import { ResultView } from "./result.js";
import { whyNoKernel } from "./toolbar.js";

/** The section of a run that is open. */
export class RunSection {
  /**
   * @param {import("./store.js").Store} store
   * @param {import("./facts.js").Run} run
   * @param {import("./bits.js").BitOrder} order
   * @param {() => void} onClose
   */
  constructor(store, run, order, onClose) {
    this.store = store;
    this.run = run;
    this.result = new ResultView(store, order, () => this.#whose());
    this.again = button("Use again", () => store.send({ do: "restore", run: run.run }));
    const close = button("Close", onClose);
    this.again.setAttribute("aria-label", `Use again the inputs of run ${run.run}`);
    close.setAttribute("aria-label", `Close run ${run.run}`);
    this.facts = element("span", "oqc-mute oqc-run-facts");
    this.counts = element("div", "oqc-run-counts");
    this.details = element("div");
    this.waiting = element("p", "oqc-mute", "The kernel is asked for the details…");
    /** The answer that the details were drawn from, and when that output was received. */
    /** @type {any} */
    this.drawn = undefined;
    /** @type {string | null | undefined} */
    this.drawnReceived = undefined;
    this.element = element(
      "section",
      "oqc-run",
      element(
        "div",
        "oqc-run-head",
        element("h4", "", `Run ${run.run}`),
        chip(run.state),
        this.facts,
        this.again,
        close,
      ),
      this.waiting,
      this.counts,
      this.details,
    );
    this.element.setAttribute("role", "group"); // no landmark: there may be many
    this.element.setAttribute("aria-label", `Run ${run.run}`);
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      event.preventDefault();
      event.stopPropagation(); // it closes this run, and nothing around it
      onClose();
    });
  }

  /** @param {import("./facts.js").Run} run */
  update(run) {
    this.run = run;
    const view = /** @type {import("./facts.js").JobFacts} */ (this.store.view);
    const away = whyNoKernel(this.store, false);
    const inFlight = view.in_flight ? "It is in flight" : null;
    enable(this.again, away ?? inFlight, "Has the next run use its program, QPU and configuration");
    setText(this.facts, this.#factsOf(run));
    const known = this.#ask();
    this.waiting.hidden = known !== undefined;
    if (known === undefined) {
      setText(this.waiting, away ?? "The kernel is asked for the details…");
      return;
    }
    if (known.problem !== undefined) {
      this.waiting.hidden = false;
      setText(this.waiting, known.problem);
      return;
    }
    const isNew = known !== this.drawn;
    this.drawn = known;
    this.drawnReceived = this.run.received;
    const shown = this.result.update(known, "");
    if (!isNew) return;
    const kind = run.state === "CANCELLED" ? "oqc-error oqc-by-wish" : "oqc-error";
    const error = run.error && element("pre", kind, errorLine(run.error));
    this.counts.replaceChildren(...(error ? [error] : shown));
    const whose = `run ${run.run}`;
    this.details.replaceChildren(
      inputsView(known.inputs, whose),
      this.#diagnostics(known.diagnostics),
      ...(known.origin ? [originView(known.origin, whose, this.store.now())] : []),
    );
  }

  /** Give the details; what is drawn stays, unless the run has another output by now. */
  #ask() {
    const { run, received } = this.#whose();
    const isDrawn = this.drawn !== undefined && received === this.drawnReceived;
    return isDrawn || !this.store.alive ? this.drawn : this.store.ask("run", { run, received });
  }

  /** Which run it is; another time of receipt means that it has another output. */
  #whose() {
    return { run: this.run.run, received: this.run.received };
  }

  /** @param {import("./facts.js").Run} run */
  #factsOf({ received, took_s: took, qpu, shots, task_id: task }) {
    const facts = [
      received === null ? "time unknown" : timeOf(received, this.store.now()),
      took === null ? "" : `took ${duration(took)}`,
      qpu ?? "",
      shots === null ? "" : `${shots} shots`,
      task === null ? "" : `task ${task}`,
    ];
    return facts.filter(Boolean).join(" · ");
  }

  /** @param {Record<string, object>} diagnostics */
  #diagnostics(diagnostics) {
    const found = Object.entries(diagnostics);
    if (!found.length) {
      const why = "No diagnostics were kept: make the job with fetch_diagnostics=True.";
      return element("p", "oqc-diagnostics oqc-mute", why);
    }
    const summary = element("summary", "", `Diagnostics: ${found.map(([name]) => name).join(", ")}`);
    const named = (/** @type {string} */ name) => name.charAt(0).toUpperCase() + name.slice(1);
    return element(
      "details",
      "oqc-diagnostics",
      summary,
      ...found.map(([name, each]) =>
        jsonView(named(name), { document: each }, `run-${this.run.run}-${name}`),
      ),
    );
  }
}
