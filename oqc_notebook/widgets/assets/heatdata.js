// What the kernel tells of a heat map, and how its shares become colours and words.

import { percent } from "./format.js";

/** A share of 1 as it is sent, and what stands where there are no counts. */
const ONE = 65534;
const NOTHING = 65535;

/** One hue from light to dark, in steps that look alike; the dark theme turns it round by a filter. */
const BLUES = ["f7fbff", "deebf7", "c6dbef", "9ecae1", "6baed6", "4292c6", "2171b5", "08519c", "08306b"];

/**
 * @typedef {{registers: string[], register: string | null, bits: string[], has_other: boolean,
 *   first: number, end: number, per_line: number, data: string}} HeatAnswer
 */

/** The shares of one heat map, by line and column. */
export class HeatData {
  /** @param {HeatAnswer} answer */
  constructor(answer) {
    const bytes = Uint8Array.from(atob(answer.data), (character) => character.charCodeAt(0));
    this.values = new Uint16Array(bytes.buffer);
    this.bits = answer.bits;
    this.columns = answer.has_other ? [...answer.bits, "other"] : answer.bits;
    this.first = answer.first;
    this.end = answer.end;
    this.perLine = answer.per_line;
    this.lines = Math.ceil((answer.end - answer.first) / answer.per_line);
    this.isComplete = !this.values.includes(NOTHING);
    /** The largest share, which has the strongest colour. */
    this.most = this.values.reduce((most, v) => (v === NOTHING ? most : Math.max(most, v)), 0) / ONE;
  }

  /**
   * Give a share, or null where there are no counts.
   * @param {number} line
   * @param {number} column
   */
  share(line, column) {
    const value = this.values[line * this.columns.length + column];
    return value === undefined || value === NOTHING ? null : value / ONE;
  }

  /**
   * Say which children a line is of.
   * @param {number} line
   */
  childrenOf(line) {
    const first = this.first + line * this.perLine;
    const last = Math.min(first + this.perLine, this.end) - 1;
    return first === last ? `child ${first}` : `children ${first}–${last}`;
  }

  /**
   * Say what a cell shows.
   * @param {number} line
   * @param {number} column
   */
  words(line, column) {
    const share = this.share(line, column);
    const mean = this.perLine > 1 ? "mean " : "";
    const value = share === null ? "no counts" : `${mean}${percent(share, 1)}`;
    return `${this.childrenOf(line)} · ${this.columns[column]} · ${value}`;
  }

  /** Give the picture, one pixel for each cell; what has no counts is transparent. */
  pixels() {
    const pixels = new Uint8ClampedArray(this.values.length * 4);
    const scale = scaleOfColours();
    this.values.forEach((value, place) => {
      if (value === NOTHING) return;
      const strength = this.most ? value / ONE / this.most : 0;
      pixels.set([...(scale[Math.round(strength * 255)] ?? []), 255], place * 4);
    });
    return pixels;
  }
}

/** Give the colours of 256 shares from none to the most. */
function scaleOfColours() {
  const stops = BLUES.map((hex) => [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)));
  return Array.from({ length: 256 }, (_, step) => {
    const at = (step / 255) * (stops.length - 1);
    const low = stops[Math.floor(at)] ?? [];
    const high = stops[Math.ceil(at)] ?? [];
    return low.map((value, i) => value + ((high[i] ?? 0) - value) * (at % 1));
  });
}

/** Give the same colours for the legend. */
export function legendColours() {
  return `linear-gradient(to right, ${BLUES.map((hex) => `#${hex}`).join(", ")})`;
}
