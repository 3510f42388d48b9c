// The panel of a child, open below the rows of its composite.

import { button, element, setText } from "./dom.js";

/**
 * @typedef {{element: HTMLElement, remove: () => void}} View
 */

/** The section of the child that is open; at most one is. */
export class ChildSection {
  /**
   * @param {import("./store.js").Store} store of the composite
   * @param {(store: import("./store.js").Store) => View} makeView makes the view of a panel
   * @param {(index: number) => void} onClose called when what was open was closed here
   * @param {(index: number) => string} placeOf gives what is open, in words
   */
  constructor(store, makeView, onClose, placeOf) {
    this.store = store;
    this.makeView = makeView;
    this.onClose = onClose;
    this.placeOf = placeOf;
    /** The child that was asked for and has not come yet. @type {number | null} */
    this.wanted = null;
    /** @type {View | null} */
    this.view = null;
    /** @type {import("./store.js").Store | null} */
    this.shown = null;
    this.heading = element("strong");
    this.heading.setAttribute("role", "status");
    this.box = element("div");
    this.element = element(
      "section",
      "oqc-child",
      element("div", "oqc-child-head", this.heading, button("Close", () => this.close())),
      this.box,
    );
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      event.preventDefault();
      event.stopPropagation();
      this.close();
    });
  }

  /** The child that is open, or was asked for. */
  get index() {
    return this.wanted ?? this.store.child?.index ?? null;
  }

  /** @param {number} index */
  open(index) {
    if (this.store.kernel.ended || index === this.index) return;
    this.wanted = index; // a kernel that is busy, or was not heard yet, gets to it later
    this.store.send({ do: "child", index });
  }

  close() {
    const { index } = this;
    if (index === null) return;
    this.wanted = null;
    this.store.send({ do: "child", index: null });
    this.store.child = null; // at once, also where the kernel is busy
    this.onClose(index);
  }

  update() {
    const { child, rows, kernel } = this.store;
    const row = this.wanted === null ? undefined : rows[this.wanted];
    // it is here, or is gone meanwhile, or nobody is there to open it
    if (child?.index === this.wanted || !row || row.gone || kernel.ended) this.wanted = null;
    if ((child?.store ?? null) !== this.shown) this.#show(child?.store ?? null);
    const { index } = this;
    this.element.hidden = index === null;
    const place = index === null ? "" : this.placeOf(index);
    setText(this.heading, this.wanted === null ? place : `${place} opens…`);
  }

  /** Leave nothing behind. */
  stop() {
    this.#show(null);
  }

  /** @param {import("./store.js").Store | null} store */
  #show(store) {
    this.view?.remove();
    this.shown = store;
    this.view = store === null ? null : this.makeView(store);
    this.box.replaceChildren(...(this.view === null ? [] : [this.view.element]));
  }
}
