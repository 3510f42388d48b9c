// What stands between a panel and the truth: a silent kernel, a closed session, a lost connection.

import { element, setText } from "./dom.js";
import { whyNoSession } from "./facts.js";
import { clock, timeOf } from "./format.js";

/** A connection that comes back sooner than this was not worth a word (ms). */
const BLIP_MS = 2000;

/** The line below the header of one view; hidden while all is well. */
export class StatusLine {
  /** @param {import("./store.js").Store} store */
  constructor(store) {
    this.store = store;
    this.symbol = element("span", "oqc-symbol", "⚠");
    this.symbol.setAttribute("aria-hidden", "true");
    this.text = element("span");
    // what ticks is not announced: a screen reader would read it out each second
    this.since = element("span", "oqc-mono");
    this.since.setAttribute("aria-live", "off");
    this.element = element("div", "oqc-status", this.symbol, this.text, this.since);
    this.element.setAttribute("role", "status");
  }

  /** Whether something changes with time alone. */
  ticks() {
    return this.#lostSince() !== null;
  }

  update() {
    const [text, since] = this.store.isInside ? ["", null] : this.#words();
    setText(this.text, text);
    setText(this.since, since === null ? "" : ` ${clock((this.store.now() - since) / 1000)}`);
    this.element.classList.toggle("oqc-empty", text === "");
  }

  /** @returns {[string, number | null]} what is said, and since when it is so */
  #words() {
    const { kernel, view } = this.store;
    if (kernel.ended && !kernel.lastHeard) {
      return ["No kernel knows this panel: this is how it stood when the notebook was saved.", null];
    }
    const time = (/** @type {number} */ ms) =>
      timeOf(new Date(ms + kernel.ahead).toISOString(), kernel.now());
    if (kernel.ended) {
      const lost = this.#lostSince(); // then what the kernel said last was old already
      const asOf = time(lost === null ? kernel.lastHeard : lost - kernel.ahead);
      return [`The kernel of this panel has ended; this is how it stood as of ${asOf}.`, null];
    }
    if (kernel.silentSince !== null) {
      const since = time(kernel.silentSince);
      const what = "it is busy, and does what was clicked when it is free, or has ended";
      return [`No answer from the kernel since ${since}: ${what}.`, null];
    }
    const closed = whyNoSession(view);
    if (closed !== null && (view.in_flight || view.session === "closed")) {
      const heard = view.in_flight ? (view.unfollowed?.since ?? null) : null;
      const stood = heard === null ? "" : `; this is how it stood as of ${timeOf(heard, kernel.now())}`;
      return [`${closed}: what happens at the server is not seen here${stood}.`, null];
    }
    const lost = this.#lostSince();
    if (lost !== null && this.store.now() - lost > BLIP_MS) {
      return ["Connection to the server lost, trying again ·", lost];
    }
    return ["", null];
  }

  /** Since when the connection is lost, where something waits for it. */
  #lostSince() {
    const { lost, in_flight: isInFlight, busy } = this.store.view;
    return lost && (isInFlight || busy) ? Date.parse(lost) : null;
  }
}
