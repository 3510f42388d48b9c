// A panel: one store for each model, any number of views.

import { chip, element, setChip, setText, setTitle, simulatedBadge } from "./dom.js";
import { visible } from "./format.js";
import { Store } from "./store.js";
import { Toolbar } from "./toolbar.js";
import { JobBody } from "./job.js";
import { CompositeBody } from "./composite.js";

/** One view of a panel. */
export class PanelView {
  /** @param {Store} store */
  constructor(store) {
    this.store = store;
    this.toolbar = new Toolbar(store, () => this.schedule());
    this.body = store.view.kind === "job" ? new JobBody(store) : new CompositeBody(store);
    this.state = chip(store.view.state);
    this.announced = element("span", "oqc-state", this.state);
    this.announced.setAttribute("role", "status");
    this.name = element("h3", "oqc-name oqc-mono");
    this.lead = element("span", "oqc-mute");
    this.qpu = element("span", "oqc-qpu");
    this.badge = simulatedBadge();
    this.wish = element("span", "oqc-wish", "cancel requested");
    const heading = element(
      "div",
      "oqc-title",
      this.announced,
      this.wish,
      this.name,
      this.lead,
      this.qpu,
      this.badge,
    );
    this.note = element("footer", "oqc-note");
    this.note.setAttribute("role", "status");
    this.element = element(
      "div",
      "oqc-live",
      element("header", "oqc-header", heading, this.toolbar.element),
      this.toolbar.files,
      ...this.body.elements,
      this.note,
    );
    this.element.setAttribute("role", "region");
    // keys that are pressed here are not shortcuts of the notebook
    this.element.dataset.lmSuppressShortcuts = "true";
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
    const { view } = this.store;
    const { lead, qpu, title } = this.body.where();
    const kind = view.kind === "job" ? "job" : "composite job";
    const called = view.name ?? (view.kind === "job" ? view.label : null);
    setChip(this.state, view.state);
    const word = view.kind === "job" ? view.status : null;
    setTitle(this.state, word ? `The server says ${word}` : "");
    this.wish.hidden = !(view.kind === "job" && view.cancel_requested);
    setText(this.name, called ?? kind);
    this.name.classList.toggle("oqc-mute", called === null);
    setText(this.lead, lead);
    setText(this.qpu, qpu);
    setTitle(this.qpu, title);
    this.badge.hidden = !view.simulated;
    this.element.setAttribute(
      "aria-label",
      visible(called === null ? `A ${kind}` : `${kind} ${called}`),
    );
    this.toolbar.update();
    this.body.update();
    const bad = !this.toolbar.note && view.note?.bad === true;
    setText(this.note, this.toolbar.note || view.note?.text || "");
    this.note.classList.toggle("oqc-bad", bad);
    this.note.classList.toggle("oqc-empty-note", this.note.textContent === "");
    this.#tick(this.store.alive && this.body.ticks());
  }

  /** Leave no timer, frame or listener behind. */
  remove() {
    this.unsubscribe();
    this.toolbar.stop();
    this.#tick(false);
    cancelAnimationFrame(this.frame);
    this.element.remove();
  }

  /** @param {boolean} ticking */
  #tick(ticking) {
    if (ticking) this.ticker ??= setInterval(() => this.schedule(), 1000);
    else {
      clearInterval(this.ticker);
      this.ticker = undefined;
    }
  }
}

/**
 * Make the widget of one model.
 * @returns {import("@anywidget/types").AnyWidget}
 */
export default () => {
  /** @type {Store} */
  let store;
  let views = 0;

  return {
    initialize({ model }) {
      store = new Store(model.get("view"), model.get("rows"), (message) => model.send(message));
      const hello = () => model.send({ do: "hello", seq: store.view.seq });
      model.on("msg:custom", (/** @type {import("./facts.js").Message} */ message) => {
        const complete = store.receive(message);
        if (!complete || (message.do === "who" && views)) hello();
      });
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
      if (views === 1) model.send({ do: "hello", seq: store.view.seq });
      return () => {
        view.remove();
        views -= 1;
        if (!views) model.send({ do: "gone" });
      };
    },
  };
};
