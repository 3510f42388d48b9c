// The facts of one panel in the browser, shared by all views of it.

import { KernelLink } from "./kernel.js";
import { putRow, unpacked, unpackedChanges } from "./packing.js";

/** Answers that are kept; older ones are asked for anew. */
const ANSWERS_KEPT = 40;

/** The place of a job that was loaded from a file. */
export const LOADED = "loaded";

/** Holds the facts, takes over the kernel's messages, and tells the views. */
export class Store {
  /**
   * @param {import("./facts.js").View} view the very objects that the widget's model holds:
   * @param {import("./packing.js").PackedRows} table changed in place, the model stays true
   * @param {(message: object) => void} send sends a message to the kernel's half of this panel
   * @param {KernelLink} kernel
   * @param {boolean} isInside whether this panel is shown inside another
   */
  constructor(view, table, send, kernel = new KernelLink(send), isInside = false) {
    this.view = view;
    this.table = table;
    /** @type {import("./facts.js").Row[]} */
    this.rows = unpacked(table);
    this.send = send;
    this.kernel = kernel;
    this.isInside = isInside;
    /** @type {import("./facts.js").SavedFile[] | null} */
    this.files = null;
    /** The child that is open below the rows. @type {{index: number, store: Store} | null} */
    this.child = null;
    /** The job that was loaded from a file, open at the end. @type {Store | null} */
    this.loaded = null;
    /** Answers to questions, by the question; undefined until there is one. @type {Map<string, any>} */
    this.answers = new Map();
    /** Counts messages, so that a view can tell whether there was an answer. */
    this.messages = 0;
    /** @type {Set<() => void>} */
    this.listeners = new Set();
  }

  /** Whether there is a kernel behind this page: one without offers no buttons. */
  get alive() {
    return this.kernel.alive;
  }

  /** Whether what is in flight is followed: what is not stands still. */
  get follows() {
    return this.alive && this.view.session === "open";
  }

  /** The kernel's time (ms since 1970). */
  now() {
    return this.kernel.now();
  }

  /** Say to the kernel that this is shown, and what is known of it here. */
  greet() {
    const inside = [
      ...(this.child === null ? [] : [this.child.index]),
      ...(this.loaded === null ? [] : [LOADED]),
    ];
    this.send({ do: "hello", seq: this.view.seq, inside });
  }

  /**
   * Ask the kernel for details, once, and give the answer when it is there.
   * @param {string} what
   * @param {object} question what belongs to that, so that the same question has the same answer
   * @returns {any} undefined at first; `{problem}` where there is no answer
   */
  ask(what, question) {
    const key = JSON.stringify([what, question]);
    if (!this.answers.has(key)) {
      this.answers.set(key, undefined);
      if (this.answers.size > ANSWERS_KEPT) this.answers.delete([...this.answers.keys()][0] ?? "");
      this.send({ do: "ask", key, what, ...question });
    }
    return this.answers.get(key);
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
    this.kernel.heard(message.now);
    this.messages += 1;
    let complete = true;
    if (message.do === "patch") complete = this.#patch(message);
    if (message.do === "whole") this.#replace(message);
    if (message.do === "offer") this.files = message.files ?? [];
    if (message.do === "answer" && message.key) this.answers.set(message.key, message.answer);
    if (message.do === "child") this.#openInside(message);
    if (message.do === "closed") this.#closeInside(message);
    if (message.do === "to_child") this.#tellInside(message);
    this.tell();
    return complete;
  }

  /**
   * Take over the objects that the model holds now, unless they are older than what is here.
   * @param {import("./facts.js").View} view
   * @param {import("./packing.js").PackedRows} table
   */
  reset(view, table) {
    if (view.seq < this.view.seq) return;
    this.view = view;
    this.table = table;
    this.rows = unpacked(table);
  }

  tell() {
    for (const listener of this.listeners) listener();
  }

  /** @param {import("./facts.js").Message} message */
  #patch(message) {
    if (message.seq <= this.view.seq) return true;
    if (message.seq !== this.view.seq + 1) return false;
    Object.assign(this.view, message.view, { seq: message.seq });
    for (const [index, changed] of unpackedChanges(message.rows ?? [])) {
      const row = /** @type {import("./facts.js").Row} */ ({ ...this.rows[index], ...changed });
      this.rows[index] = row;
      putRow(this.table, index, row);
    }
    return true;
  }

  /** @param {import("./facts.js").Message} message */
  #replace(message) {
    Object.assign(this.view, message.view, { seq: message.seq });
    Object.assign(this.table, message.rows);
    this.rows = unpacked(this.table);
  }

  /** @param {import("./facts.js").Message} message */
  #openInside({ index = null, view, rows, now }) {
    if (index === null) return;
    const send = (/** @type {object} */ message) => this.send({ do: "to_child", index, message });
    const facts = /** @type {import("./facts.js").View} */ (view);
    const store = new Store(facts, rows, send, this.kernel, true);
    store.receive({ do: "here", seq: facts.seq, now });
    if (index === LOADED) this.loaded = store;
    else this.child = { index: Number(index), store };
  }

  /** @param {import("./facts.js").Message} message */
  #closeInside({ index }) {
    if (index === LOADED) this.loaded = null;
    else if (this.child?.index === index) this.child = null;
  }

  /** @param {import("./facts.js").Message} message */
  #tellInside({ index, message }) {
    const store = index === LOADED ? this.loaded : this.child?.index === index && this.child?.store;
    if (store && message && !store.receive(message)) store.greet();
  }
}
