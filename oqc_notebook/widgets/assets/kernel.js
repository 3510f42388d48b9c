// How it stands with the kernel behind a panel: it answers, is busy, or has ended.

/** How long a message may stay unanswered before the panel says so (ms). */
const PATIENCE_MS = 1500;
/** How long an answer may take after the kernel said that it is done with the message (ms). */
const GRACE_MS = 500;
/** What was heard longer ago than this is doubted when somebody looks at the panel (ms). */
const DOUBT_MS = 4000;

/**
 * Sends messages to the kernel and notes whether it answers.
 *
 * A kernel that was restarted knows nothing of the panel. Then a message cannot be sent at all, or
 * the kernel says that it is done with it, as with any, and has not answered it.
 */
export class KernelLink {
  /**
   * @param {(message: object, callbacks?: object) => void} post sends a message to the kernel
   * @param {() => void} onChange called when the kernel falls silent, and when it is known to have ended
   */
  constructor(post, onChange = () => {}) {
    this.post = post;
    this.onChange = onChange;
    /** Whether the kernel was heard, and is not known to have ended. */
    this.alive = false;
    /** Whether the kernel has ended, as far as is known. */
    this.ended = false;
    /** Since when a message is unanswered for longer than it should be (ms), or null. */
    /** @type {number | null} */
    this.silentSince = null;
    /** When it was last heard (the browser's time, ms). */
    this.lastHeard = 0;
    /** How far its clock is ahead of the browser's (ms). */
    this.ahead = 0;
    /** @type {{since: number, timer: ReturnType<typeof setTimeout>} | null} */
    this.unanswered = null;
    /** @type {Set<ReturnType<typeof setTimeout>>} */
    this.timers = new Set();
  }

  /** The kernel's time (ms since 1970). */
  now() {
    return Date.now() + this.ahead;
  }

  /** @param {object} message */
  send(message) {
    const since = Date.now();
    this.unanswered ??= { since, timer: this.#later(() => this.#fallSilent(since), PATIENCE_MS) };
    const heardBefore = this.lastHeard;
    const status = (/** @type {any} */ { content }) => {
      if (content?.execution_state !== "idle") return;
      this.#later(() => this.#isDone(heardBefore), GRACE_MS);
    };
    try {
      this.post(message, { iopub: { status } });
    } catch {
      this.#end(); // the way to it is closed
    }
  }

  /**
   * Do something soon, unless the panel goes away before; what is closing takes a moment.
   * @param {() => void} act
   */
  soon(act) {
    this.#later(act, GRACE_MS);
  }

  /** @param {number} now the kernel's time */
  heard(now) {
    this.alive = true;
    this.ended = false;
    this.silentSince = null;
    this.lastHeard = Math.max(Date.now(), this.lastHeard + 1);
    this.ahead = now - Date.now();
    if (this.unanswered) this.#drop(this.unanswered.timer);
    this.unanswered = null;
  }

  /** Whether it was not heard for so long that it is worth to ask. */
  isDoubtful(after = DOUBT_MS) {
    return this.alive && !this.unanswered && Date.now() - this.lastHeard > after;
  }

  /** Leave no timer behind. */
  stop() {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
    this.unanswered = null;
  }

  /** @param {number} since */
  #fallSilent(since) {
    this.silentSince = since;
    this.onChange();
  }

  /** @param {number} heardBefore */
  #isDone(heardBefore) {
    if (this.lastHeard === heardBefore) this.#end();
  }

  #end() {
    if (this.unanswered) this.#drop(this.unanswered.timer);
    this.alive = false;
    this.ended = true;
    this.silentSince = null;
    this.onChange();
  }

  /**
   * @param {() => void} act
   * @param {number} ms
   */
  #later(act, ms) {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      act();
    }, ms);
    this.timers.add(timer);
    return timer;
  }

  /** @param {ReturnType<typeof setTimeout>} timer */
  #drop(timer) {
    clearTimeout(timer);
    this.timers.delete(timer);
  }
}
