// A panel: one store for each model, any number of views.

import { button, element, setText } from "./dom.js";
import { visible } from "./format.js";
import { KernelLink } from "./kernel.js";
import { Store } from "./store.js";
import { Outlook } from "./outlook.js";
import { StatusLine } from "./status.js";
import { Toolbar } from "./toolbar.js";
import { RunHead } from "./head.js";
import { JobBody } from "./job.js";
import { CompositeBody } from "./composite.js";
import { PlainToolbar, QpusBody, QpusHead } from "./qpus.js";
import { SessionBody, SessionHead } from "./session.js";

/** While a run is followed, the kernel is heard at least this often, or asked (ms). */
const HEARTBEAT_MS = 15_000;

/** One view of a panel. */
export class PanelView {
  /** @param {Store} store */
  constructor(store) {
    this.store = store;
    const { head, toolbar, body } = this.#parts();
    this.head = head;
    this.toolbar = toolbar;
    this.body = body;
    this.status = new StatusLine(store);
    this.outlook = new Outlook(store);
    this.loaded = element("section", "oqc-loaded");
    this.loaded.hidden = true;
    /** The view of the job that was loaded from a file. @type {PanelView | null} */
    this.loadedView = null;
    this.note = element("div", "oqc-note");
    this.note.setAttribute("role", "status");
    this.element = element(
      "div",
      "oqc-live",
      element("div", "oqc-header", head.element, toolbar.element),
      this.status.element,
      toolbar.files,
      this.outlook.element,
      ...body.elements,
      this.loaded,
      this.note,
    );
    this.element.classList.toggle("oqc-inside", store.isInside);
    this.element.setAttribute("role", "region");
    // keys that are pressed here are not shortcuts of the notebook
    this.element.dataset.lmSuppressShortcuts = "true";
    for (const kind of ["focusin", "pointerenter"]) {
      this.element.addEventListener(kind, () => this.#doubt());
    }
    this.frame = 0;
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.ticker = undefined;
    this.unsubscribe = store.subscribe(() => this.schedule());
    this.update();
  }

  /** Draw what changed with the next frame. */
  schedule() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.update();
    });
  }

  update() {
    const { view, alive } = this.store;
    this.element.setAttribute("aria-label", visible(this.head.update()));
    this.element.classList.toggle("oqc-ended", this.store.kernel.ended);
    this.status.update();
    this.toolbar.update();
    this.outlook.update();
    this.body.update();
    this.#updateLoaded();
    setText(this.note, view.note?.text ?? "");
    this.note.classList.toggle("oqc-bad", view.note?.bad === true);
    this.note.classList.toggle("oqc-empty-note", this.note.textContent === "");
    this.#tick(this.status.ticks() || (alive && this.body.ticks()));
  }

  /** Leave no timer, frame or listener behind. */
  remove() {
    this.unsubscribe();
    this.loadedView?.remove();
    if ("stop" in this.body) this.body.stop();
    this.#tick(false);
    cancelAnimationFrame(this.frame);
    this.element.remove();
  }

  #parts() {
    const { store } = this;
    const kind = String(store.view.kind);
    const redraw = () => this.schedule();
    /** @type {(child: Store) => import("./child.js").View} */
    const viewOf = (child) => new PanelView(child);
    if (kind === "session") {
      const body = new SessionBody(store, viewOf);
      return { head: new SessionHead(store), toolbar: new PlainToolbar(store, redraw), body };
    }
    if (kind === "qpus") {
      const body = new QpusBody(store);
      return { head: new QpusHead(store), toolbar: new PlainToolbar(store, redraw), body };
    }
    const body = kind === "job" ? new JobBody(store) : new CompositeBody(store, viewOf);
    const head = new RunHead(store, () => body.where());
    return { head, toolbar: new Toolbar(store, redraw), body };
  }

  #updateLoaded() {
    const store = this.store.loaded;
    if (store === (this.loadedView?.store ?? null)) return;
    this.loadedView?.remove();
    this.loadedView = store === null ? null : new PanelView(store);
    this.loaded.hidden = store === null;
    if (this.loadedView === null) return;
    const close = button("Close", () => {
      this.store.send({ do: "unload" });
      this.toolbar.load.focus();
    });
    this.loaded.replaceChildren(
      element("div", "oqc-loaded-head", element("strong", "", "Loaded from its file"), close),
      this.loadedView.element,
    );
    this.loaded.scrollIntoView?.({ block: "nearest" });
  }

  /** Somebody looks: ask whether what was heard long ago still holds. */
  #doubt() {
    if (!this.store.isInside && this.store.kernel.isDoubtful()) this.store.greet();
  }

  /** @param {boolean} ticking */
  #tick(ticking) {
    if (ticking) {
      this.ticker ??= setInterval(() => {
        const isOurs = !this.store.isInside && !document.hidden;
        if (isOurs && this.store.kernel.isDoubtful(HEARTBEAT_MS)) this.store.greet();
        this.schedule();
      }, 1000);
    } else {
      clearInterval(this.ticker);
      this.ticker = undefined;
    }
  }
}

/**
 * Make the widget of one model; ``early`` are messages that came before it was there.
 * @returns {{
 *   initialize: (context: {model: import("@anywidget/types").AnyModel,
 *     early?: import("./facts.js").Message[]}) => void,
 *   render: (context: {model: import("@anywidget/types").AnyModel, el: HTMLElement}) => () => void,
 * }}
 */
export default () => {
  /** @type {Store} */
  let store;
  let views = 0;
  const look = () => {
    if (!document.hidden && store.kernel.isDoubtful()) store.greet();
  };

  return {
    initialize({ model, early = [] }) {
      const kernel = new KernelLink(
        (message, callbacks) => model.send(message, callbacks),
        () => store.tell(),
      );
      const send = (/** @type {object} */ message) => kernel.send(message);
      store = new Store(model.get("view"), model.get("rows"), send, kernel);
      const receive = (/** @type {import("./facts.js").Message} */ message) => {
        const complete = store.receive(message);
        if (!complete || (message.do === "who" && views)) store.greet();
      };
      for (const message of early) receive(message);
      model.on("msg:custom", receive);
      // its connection to the kernel is closed, or is there again: which of them is not told
      model.on("comm_live_update", () => store.kernel.soon(() => views && store.greet()));
      for (const trait of ["view", "rows"]) {
        model.on(`change:${trait}`, () => {
          store.reset(model.get("view"), model.get("rows"));
          store.tell();
        });
      }
    },
    render({ model, el }) {
      const view = new PanelView(store);
      el.append(view.element);
      views += 1;
      // the kernel rests while no page shows the panel, so what it holds may be newer
      if (views === 1) {
        store.greet();
        document.addEventListener("visibilitychange", look);
      }
      return () => {
        view.remove();
        views -= 1;
        if (views) return;
        document.removeEventListener("visibilitychange", look);
        store.kernel.stop();
        if (!store.kernel.ended) model.send({ do: "gone" }); // the way to it may be closed
      };
    },
  };
};
