// Bitstrings as they are shown: in which order of bits, and which of them.

/** Which end of a bitstring is which, the same for all that a panel shows. */
export class BitOrder {
  /** @param {() => void} redraw */
  constructor(redraw) {
    this.redraw = redraw;
    /** Whether c[0] is shown rightmost. */
    this.mirrored = false;
  }

  /** @param {string} bits with c[0] leftmost, as the service gives them */
  shown(bits) {
    return this.mirrored ? [...bits].reverse().join("") : bits;
  }

  /**
   * Say which order it is.
   * @param {string} register its name
   */
  words(register) {
    return `${register}[0] is the ${this.mirrored ? "rightmost" : "leftmost"} bit`;
  }

  toggle() {
    this.mirrored = !this.mirrored;
    this.redraw();
  }
}

/**
 * Tell what is wrong with a pattern, or null.
 * @param {string} pattern
 */
export function patternFault(pattern) {
  const wrong = /[^01?*]/u.exec(pattern);
  return wrong && `A pattern holds 0, 1, ? (one bit) and * (any bits), not ${wrong[0]}`;
}

/**
 * Tell whether a bitstring matches a pattern. Each star takes as few bits as it can, and only the
 * last one is ever tried again.
 * @param {string} pattern
 * @param {string} bits
 */
export function matchesPattern(pattern, bits) {
  let [p, b, star, resume] = [0, 0, -1, 0];
  while (b < bits.length) {
    if (pattern[p] === "?" || (pattern[p] !== "*" && pattern[p] === bits[b])) {
      p += 1;
      b += 1;
    } else if (pattern[p] === "*") {
      [star, resume] = [p, b];
      p += 1;
    } else if (star >= 0) {
      resume += 1;
      [p, b] = [star + 1, resume];
    } else return false;
  }
  while (pattern[p] === "*") p += 1;
  return p === pattern.length;
}
