// What lies ahead of a run: how long the queue is, when the QPU opens, what it costs.

import { element, setText, setTitle } from "./dom.js";
import { timeOf } from "./format.js";

/** The line with it, in one view; hidden while there is nothing to tell. */
export class Outlook {
  /** @param {import("./store.js").Store} store */
  constructor(store) {
    this.store = store;
    this.queue = element("span");
    this.window = element("span");
    this.cost = element("span");
    this.element = element("div", "oqc-outlook", this.queue, this.window, this.cost);
  }

  update() {
    const { queue, cost, in_flight: isInFlight } = this.store.view;
    const opens = queue?.window ? timeOf(queue.window, this.store.now()) : "";
    this.#show(this.queue, queue ? queueText(queue) : "", "As the service estimates it");
    this.#show(this.window, opens ? `next window ${opens}` : "", "When the QPU runs jobs again");
    this.#show(
      this.cost,
      cost && !isInFlight ? `a run costs about ${cost.amount}` : "",
      cost ? `${cost.words}, in the unit of the QPU's prices` : "",
    );
    this.element.hidden = [...this.element.children].every((part) => part.textContent === "");
  }

  /**
   * @param {HTMLElement} part
   * @param {string} text
   * @param {string} title
   */
  #show(part, text, title) {
    setText(part, text);
    setTitle(part, text ? title : "");
    part.hidden = text === "";
  }
}

/** @param {import("./facts.js").Queue} queue */
export function queueText({ ahead, wait_s: wait }) {
  const parts = [];
  if (wait !== null) {
    parts.push(`done in about ${wait < 60 ? `${wait} s` : `${Math.round(wait / 60)} min`}`);
  }
  if (ahead !== null) parts.push(ahead ? `${ahead} ahead in the queue` : "next in the queue");
  return parts.join(" · ");
}
