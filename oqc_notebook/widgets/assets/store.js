// The facts of one panel in the browser, shared by all views of it.

/** Answers that are kept; older ones are asked for anew. */
const ANSWERS_KEPT = 40;

/** Holds the facts, takes over the kernel's messages, and tells the views. */
export class Store {
  /**
   * @param {import("./facts.js").View} view the very objects that the widget's model holds:
   * @param {import("./facts.js").Row[]} rows changed in place, the model stays true
   * @param {(message: object) => void} send sends a message to the kernel
   */
  constructor(view, rows, send) {
    this.view = view;
    this.rows = rows;
    this.send = send;
    /** Whether the kernel has said anything: a page without one offers no buttons. */
    this.alive = false;
    /** How far the kernel's clock is ahead of the browser's (ms). */
    this.ahead = 0;
    /** @type {import("./facts.js").SavedFile[] | null} */
    this.files = null;
    /** The child that is open below the rows. @type {{index: number, store: Store} | null} */
    this.child = null;
    /** Answers to questions, by the question; undefined until there is one. @type {Map<string, any>} */
    this.answers = new Map();
    /** Counts messages, so that a view can tell whether there was an answer. */
    this.messages = 0;
    /** @type {Set<() => void>} */
    this.listeners = new Set();
  }

  /** The kernel's time (ms since 1970). */
  now() {
    return Date.now() + this.ahead;
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
    this.alive = true;
    this.messages += 1;
    this.ahead = message.now - Date.now();
    let complete = true;
    if (message.do === "patch") complete = this.#patch(message);
    if (message.do === "whole") this.#replace(message);
    if (message.do === "offer") this.files = message.files ?? [];
    if (message.do === "answer" && message.key) this.answers.set(message.key, message.answer);
    if (message.do === "child") this.#openChild(message);
    if (message.do === "to_child") this.#tellChild(message);
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

  /** @param {import("./facts.js").Message} message */
  #openChild({ index = null, view, now }) {
    this.child = null;
    if (index === null) return;
    const send = (/** @type {object} */ message) => this.send({ do: "to_child", index, message });
    const facts = /** @type {import("./facts.js").View} */ (view);
    this.child = { index, store: new Store(facts, [], send) };
    this.child.store.receive({ do: "here", seq: facts.seq, now });
  }

  /** @param {import("./facts.js").Message} message */
  #tellChild({ index, message }) {
    if (this.child?.index !== index || !message || !this.child) return;
    const { store } = this.child;
    if (!store.receive(message)) store.send({ do: "hello", seq: store.view.seq });
  }
}
