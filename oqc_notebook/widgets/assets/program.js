// The program and configuration of a job, kept out of sight until somebody looks for them.

import { button, element, setText } from "./dom.js";
import { inputsView } from "./inputs.js";
import { whyNoKernel } from "./toolbar.js";

/** The line at the end of a job's panel that opens what its runs run. */
export class ProgramSection {
  /** @param {import("./store.js").Store} store */
  constructor(store) {
    this.store = store;
    /** How often it was opened: a program that is set in a cell tells nobody. */
    this.times = 0;
    /** The answer that was drawn last. @type {object | undefined} */
    this.drawn = undefined;
    this.opener = button("", () => {
      const isOpen = this.#isOpen();
      this.times += isOpen ? 0 : 1;
      this.opener.setAttribute("aria-expanded", String(!isOpen));
      store.tell();
    });
    this.opener.className = "oqc-disclose";
    this.opener.append(element("span", "oqc-disclose-mark"), "Program and configuration");
    this.opener.setAttribute("aria-label", "Program and configuration"); // without the mark
    this.opener.setAttribute("aria-expanded", "false");
    this.said = element("p", "oqc-mute");
    this.body = element("div");
    this.element = element("section", "oqc-program-section", this.opener, this.said, this.body);
  }

  update() {
    const isOpen = this.#isOpen();
    const { store } = this;
    const view = /** @type {import("./facts.js").JobFacts} */ (store.view);
    this.element.hidden = !store.alive && this.drawn === undefined;
    this.body.hidden = !isOpen;
    this.said.hidden = !isOpen;
    if (!isOpen) return;
    const about = { times: this.times, runs: view.run_count, task: view.task_id, restored: view.restored };
    const answer = store.alive ? store.ask("inputs", about) : this.drawn;
    setText(this.said, answer ? (answer.problem ?? this.#words(answer)) : (whyNoKernel(store, false) ?? "The kernel is asked…"));
    if (answer === undefined || answer === this.drawn || answer.problem !== undefined) return;
    this.drawn = answer;
    const { next, latest } = answer;
    const parts = [inputsView(next, latest === null ? "this job" : "the next run")];
    if (latest !== null) {
      parts.push(element("p", "oqc-mute", "The latest run ran this:"), inputsView(latest, "the latest run"));
    }
    this.body.replaceChildren(...parts);
  }

  /** @param {{latest: object | null}} answer */
  #words({ latest }) {
    return latest === null ? "" : "The next run runs something else than the latest one:";
  }

  #isOpen() {
    return this.opener.getAttribute("aria-expanded") === "true";
  }
}
