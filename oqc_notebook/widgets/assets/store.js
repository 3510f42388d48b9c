// The facts of one panel in the browser, shared by all views of it.

/** Holds the facts, takes over the kernel's messages, and tells the views. */
export class Store {
  /**
   * @param {import("./facts.js").View} view the very objects that the widget's model holds:
   * @param {import("./facts.js").Row[]} rows changed in place, the model stays true
   */
  constructor(view, rows) {
    this.view = view;
    this.rows = rows;
    /** Whether the kernel has said anything: a page without one offers no buttons. */
    this.alive = false;
    /** How far the kernel's clock is ahead of the browser's (ms). */
    this.ahead = 0;
    /** @type {import("./facts.js").SavedFile[] | null} */
    this.files = null;
    /** Counts messages, so that a view can tell whether there was an answer. */
    this.messages = 0;
    /** @type {Set<() => void>} */
    this.listeners = new Set();
  }

  /** The kernel's time (ms since 1970). */
  now() {
    return Date.now() + this.ahead;
  }

  /** @param {() => void} listener */
  subscribe(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * Take over a message; give false if one before it is missing, so that the whole is needed.
   * @param {import("./facts.js").Message} message
   */
  receive(message) {
    this.alive = true;
    this.messages += 1;
    this.ahead = message.now - Date.now();
    let complete = true;
    if (message.do === "patch") complete = this.#patch(message);
    if (message.do === "whole") this.#replace(message);
    if (message.do === "offer") this.files = message.files ?? [];
    this.tell();
    return complete;
  }

  /**
   * Take over the objects that the model holds now, unless they are older than what is here.
   * @param {import("./facts.js").View} view
   * @param {import("./facts.js").Row[]} rows
   */
  reset(view, rows) {
    if (view.seq < this.view.seq) return;
    this.view = view;
    this.rows = rows;
  }

  tell() {
    for (const listener of this.listeners) listener();
  }

  /** @param {import("./facts.js").Message} message */
  #patch(message) {
    if (message.seq <= this.view.seq) return true;
    if (message.seq !== this.view.seq + 1) return false;
    Object.assign(this.view, message.view, { seq: message.seq });
    for (const [index, changed] of message.rows ?? []) {
      this.rows[index] = { ...this.rows[index], ...changed };
    }
    return true;
  }

  /** @param {import("./facts.js").Message} message */
  #replace(message) {
    Object.assign(this.view, message.view, { seq: message.seq });
    this.rows.splice(0, this.rows.length, ...(message.rows ?? []));
  }
}
