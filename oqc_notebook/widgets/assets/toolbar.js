// The buttons of a job's panel, what they ask, and the list of saved jobs.

import { button, element, enable, onceButton, setText, setTitle } from "./dom.js";
import { newestRun, runShown, whyNoSession } from "./facts.js";
import { localTime, timeOf } from "./format.js";
import { Question } from "./question.js";

/** The buttons of one view of a panel. */
export class Toolbar {
  /**
   * @param {import("./store.js").Store} store
   * @param {() => void} redraw
   */
  constructor(store, redraw) {
    this.store = store;
    this.redraw = redraw;
    /** The number of messages when something was clicked that is not answered yet. */
    /** @type {number | null} */
    this.clickedAt = null;
    /** @type {import("./facts.js").SavedFile[] | null} */
    this.shownFiles = null;

    this.execute = onceButton("Execute", () => this.#execute());
    this.rerun = onceButton("", () => this.#rerun());
    this.cancel = onceButton("Cancel…", () => {
      const run = runShown(this.view());
      this.question.ask(this.cancel, "Really cancel?", "Yes", () => {
        this.#click({ do: "cancel", run });
      });
    });
    this.refresh = onceButton("Refresh", () => this.#click({ do: "refresh" }));
    this.save = onceButton("Save", () => this.#click({ do: "save" }));
    this.load = onceButton("Load…", () => this.#click({ do: "saved" }));
    this.question = new Question(redraw);
    this.element = element(
      "div",
      "oqc-buttons",
      this.execute,
      this.rerun,
      this.cancel,
      this.refresh,
      this.save,
      this.load,
      this.question.element,
    );
    this.files = element("div", "oqc-files");
    this.files.hidden = true;
  }

  view() {
    return /** @type {import("./facts.js").View} */ (this.store.view);
  }

  update() {
    const { messages, files } = this.store;
    const view = this.view();
    if (this.clickedAt !== messages) this.clickedAt = null;
    const away = whyNoKernel(this.store, this.clickedAt !== null);
    const closed = away ?? whyNoSession(view);
    setText(this.execute, isFirstRun(view) ? "Execute" : "Run again");
    enable(this.execute, closed ?? whyNotExecute(view), costIn(view.cost));
    this.#updateRerun(view, closed);
    enable(this.cancel, closed ?? whyNotCancel(view), "Asks before it cancels");
    enable(this.refresh, closed ?? whyNotRefresh(view), "Asks the server once how it stands");
    enable(this.save, away, "Saves it next to the notebook, and says where");
    enable(this.load, away, "Lists what is saved next to the notebook");
    const asker = this.question.opener;
    if (asker && asker.getAttribute("aria-disabled") === "true") this.question.close();
    if (files !== this.shownFiles) this.#showFiles(files);
  }

  #execute() {
    const view = this.view();
    this.#pay(this.execute, view.cost, { do: "execute", run: newestRun(view) });
  }

  #rerun() {
    const view = this.view();
    if (view.kind !== "composite") return;
    // which failures were seen, so that a late click runs nothing another time
    this.#pay(this.rerun, view.rerun_cost, { do: "rerun", failures: view.failures });
  }

  /**
   * @param {import("./facts.js").View} view
   * @param {string | null} closed
   */
  #updateRerun(view, closed) {
    const failed = view.kind === "composite" ? view.to_run_again : 0;
    this.rerun.hidden = failed === 0 || this.question.opener === this.rerun;
    if (view.kind !== "composite" || !failed) {
      enable(this.rerun, closed ?? "Nothing has failed");
      return;
    }
    const cancelled = view.tallies.CANCELLED ?? 0;
    const kinds = [
      ...(failed > cancelled ? ["failed"] : []),
      ...(cancelled ? ["cancelled"] : []),
    ];
    setText(this.rerun, `Re-run ${failed} ${kinds.join(" or ")}`);
    const isBusy = view.busy === "rerun" ? "They are being submitted" : null;
    enable(this.rerun, closed ?? isBusy, `Runs only these again, and none of the others. ${costIn(view.rerun_cost)}`.trim());
  }

  /**
   * Submit something: at once, or where it costs something, after a question.
   * @param {HTMLButtonElement} opener
   * @param {import("./facts.js").Cost | null} cost
   * @param {object} message
   */
  #pay(opener, cost, message) {
    const seen = { ...message, cost: cost?.amount ?? null };
    if (cost === null) this.#click(seen);
    else {
      this.question.ask(opener, `Costs about ${costIn(cost)}: run?`, "Run", () =>
        this.#click(seen),
      );
    }
  }

  /** @param {object} message */
  #click(message) {
    // until the kernel answers, a second click is the same click
    if (this.clickedAt !== null) return;
    this.store.send(message);
    this.clickedAt = this.store.messages;
    this.redraw();
  }

  /** @param {import("./facts.js").SavedFile[] | null} files */
  #showFiles(files) {
    this.shownFiles = files;
    this.files.hidden = files === null;
    if (files === null) return;
    const close = button("Close", () => {
      this.store.files = null;
      this.update();
      this.load.focus();
    });
    const list = element("ul", "oqc-file-list");
    for (const file of files) {
      const choose = button(file.name, () => {
        this.store.files = null;
        this.load.focus();
        this.#click({ do: "open", path: file.path });
      });
      setTitle(choose, file.path);
      const time = element("span", "oqc-mono", timeOf(new Date(file.modified).toISOString(), this.store.now()));
      setTitle(time, `${localTime(file.modified)} here`);
      list.append(element("li", "", choose, element("span", "oqc-mute", `${file.kind} · `, time)));
    }
    const heading = files.length
      ? "Saved next to this notebook"
      : "Nothing is saved next to this notebook yet";
    this.files.replaceChildren(
      element("div", "oqc-files-head", element("strong", "", heading), close),
      list,
    );
    (list.querySelector("button") ?? close).focus();
  }
}

/**
 * Tell why no button can be used now, or null.
 * @param {import("./store.js").Store} store
 * @param {boolean} isWaiting whether a click is not answered yet
 */
export function whyNoKernel({ kernel }, isWaiting) {
  if (kernel.ended) return "The kernel of this panel has ended";
  if (!kernel.alive) return "No kernel has answered this panel";
  return isWaiting ? "The kernel has not answered the last click yet" : null;
}

/** @param {import("./facts.js").View} view */
function whyNotExecute(view) {
  if (view.busy === "execute") return "It is being submitted";
  if (view.can_execute) return null;
  return view.in_flight ? "It is in flight" : "There is nothing to run";
}

/** @param {import("./facts.js").View} view */
function whyNotCancel(view) {
  if (view.busy === "cancel") return "The server is being asked";
  if (view.can_cancel) return null;
  return view.in_flight ? "Cancellation is requested already" : "Nothing is in flight";
}

/** @param {import("./facts.js").View} view */
function whyNotRefresh(view) {
  if (view.busy === "refresh") return "The server is being asked";
  return view.can_refresh ? null : "Nothing was submitted yet";
}

/** @param {import("./facts.js").Cost | null} cost */
function costIn(cost) {
  return cost ? `${cost.amount} (${cost.words})` : "";
}

/** @param {import("./facts.js").View} view */
function isFirstRun(view) {
  return view.kind === "job" ? view.run_count === 0 : view.started === null;
}
