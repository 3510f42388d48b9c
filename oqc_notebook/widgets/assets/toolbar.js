// The buttons of a panel, what they ask, and the list of saved jobs.

import { button, element, setText, setTitle } from "./dom.js";
import { runShown } from "./facts.js";
import { localTime } from "./format.js";

/** How long the kernel may leave a click unanswered before the panel says so (ms). */
const PATIENCE_MS = 1000;

/** The buttons of one view of a panel. */
export class Toolbar {
  /**
   * @param {import("./store.js").Store} store
   * @param {() => void} redraw
   */
  constructor(store, redraw) {
    this.store = store;
    this.redraw = redraw;
    /** What is said in place of the kernel's note while it has not answered a click. */
    this.note = "";
    /** @type {{messages: number, timer: ReturnType<typeof setTimeout>} | null} */
    this.waiting = null;
    this.asking = false;
    /** @type {import("./facts.js").SavedFile[] | null} */
    this.shownFiles = null;

    this.execute = button("Execute", () =>
      this.#click({ do: "execute", run: runShown(store.view) }),
    );
    this.cancel = button("Cancel…", () => this.#ask(true));
    this.refresh = button("Refresh", () => this.#click({ do: "refresh" }));
    this.save = button("Save", () => this.#click({ do: "save" }));
    this.load = button("Load…", () => this.#click({ do: "saved" }));

    this.no = button("No", () => this.#ask(false));
    const yes = button("Yes", () => {
      this.#ask(false);
      this.#click({ do: "cancel" });
    });
    yes.classList.add("oqc-danger");
    this.question = element("span", "oqc-question", "Really cancel? ", yes, this.no);
    this.question.setAttribute("role", "group");
    this.question.setAttribute("aria-label", "Really cancel?");
    this.question.hidden = true;
    this.question.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#ask(false);
    });

    this.element = element(
      "div",
      "oqc-buttons",
      this.execute,
      this.cancel,
      this.question,
      this.refresh,
      this.save,
      this.load,
    );
    this.files = element("div", "oqc-files");
    this.files.hidden = true;
  }

  update() {
    const { view, alive, messages, files } = this.store;
    if (this.waiting && this.waiting.messages !== messages) this.#stopWaiting();
    const ready = alive && !this.waiting;
    this.execute.disabled = !ready || !view.can_execute || view.busy === "execute";
    setText(this.execute, isFirstRun(view) ? "Execute" : "Run again");
    this.cancel.disabled = !ready || !view.can_cancel || view.busy === "cancel";
    this.refresh.disabled = !ready || !view.can_refresh || view.busy === "refresh";
    this.save.disabled = !ready;
    this.load.disabled = !ready;
    if (this.asking && !view.can_cancel) this.asking = false;
    this.cancel.hidden = this.asking;
    this.question.hidden = !this.asking;
    if (files !== this.shownFiles) this.#showFiles(files);
  }

  /** Leave nothing behind. */
  stop() {
    this.#stopWaiting();
  }

  /** @param {object} message */
  #click(message) {
    // until the kernel answers, a second click is the same click
    if (this.waiting) return;
    this.store.send(message);
    const timer = setTimeout(() => {
      this.note = "No answer from the kernel yet: it is busy, or was restarted.";
      this.redraw();
    }, PATIENCE_MS);
    this.waiting = { messages: this.store.messages, timer };
    this.redraw();
  }

  #stopWaiting() {
    if (this.waiting) clearTimeout(this.waiting.timer);
    this.waiting = null;
    this.note = "";
  }

  /** @param {boolean} asking */
  #ask(asking) {
    this.asking = asking;
    this.update();
    (asking ? this.no : this.cancel).focus();
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
        this.#click({ do: "open", path: file.path });
      });
      setTitle(choose, file.path);
      const facts = `${file.kind} · ${localTime(file.modified)}`;
      list.append(element("li", "", choose, element("span", "oqc-mute", facts)));
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

/** @param {import("./facts.js").View} view */
function isFirstRun(view) {
  return view.kind === "job" ? view.run_count === 0 : view.started === null;
}
