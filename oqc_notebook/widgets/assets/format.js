// Figures and texts as people read them.

// The same characters as in oqc_notebook/static/text.py.
const UNSEEN =
  // eslint-disable-next-line no-control-regex
  /[\u034f\u17b4\u17b5\u180b-\u180f\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\u{e0000}-\u{e0fff}\ud800-\udfff]/gu;

/**
 * Give a text with its unseen characters written out, as \u202e.
 * @param {unknown} text
 */
export function visible(text) {
  return String(text).replace(UNSEEN, (character) => {
    const code = character.codePointAt(0) ?? 0;
    const digits = code.toString(16);
    if (code > 0xffff) return `\\U${digits.padStart(8, "0")}`;
    return code < 0x100 ? `\\x${digits.padStart(2, "0")}` : `\\u${digits.padStart(4, "0")}`;
  });
}

/**
 * Give seconds as a clock that ticks: 00:41, 1:02:03, 2 d 1:02:03.
 * @param {number} seconds
 */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const days = Math.floor(whole / 86400);
  const hours = Math.floor(whole / 3600) % 24;
  const tail = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  const time = days || hours ? `${hours}:${tail}` : tail;
  return days ? `${days} d ${time}` : time;
}

/**
 * Give seconds that are over: 2.1 s, and from a minute on a clock; nothing for null.
 * @param {number | null} seconds
 */
export function duration(seconds) {
  if (seconds === null) return "";
  return seconds < 60 ? `${Math.max(0, seconds).toFixed(1)} s` : clock(seconds);
}

/**
 * Give a share in per cent; what is there is not told as none, nor what is not all as all.
 * @param {number} count
 * @param {number} total
 */
export function percent(count, total) {
  if (!total) return "";
  const share = (100 * count) / total;
  if (share > 0 && share < 0.05) return "<0.1 %";
  return share < 100 && share >= 99.95 ? ">99.9 %" : `${share.toFixed(1)} %`;
}

/**
 * Give the beginning and end of an id, which tell it from others.
 * @param {string} id
 */
export function shortId(id) {
  return id.length > 12 ? `${id.slice(0, 4)}…${id.slice(-4)}` : id;
}

/**
 * Give an ISO time to the second in UTC, with the date unless it is today's.
 * @param {string} iso
 * @param {number} now milliseconds since 1970
 */
export function timeOf(iso, now) {
  const [date = "", time = ""] = iso.split("T");
  const zone = iso.endsWith("Z") ? "UTC" : "zone unknown";
  const today = new Date(now).toISOString().slice(0, 10);
  return `${date === today ? "" : `${date} `}${time.slice(0, 8)} ${zone}`;
}

/**
 * Give the time of a file as people here read it.
 * @param {string} iso
 */
export function localTime(iso) {
  return new Date(iso).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

/**
 * Give an error as one text, with its code where it has one.
 * @param {import("./facts.js").JobError} error
 */
export function errorLine(error) {
  const coded = error.code === null || error.code < 0 ? "" : `${error.code}: `;
  return coded + visible(error.message);
}

/**
 * Give the first line of a text, and a sign where there are more.
 * @param {string} text
 */
export function firstLine(text) {
  const [first = "", ...more] = text.split("\n");
  return more.length ? `${first} …` : first;
}

/**
 * Give a count with its noun.
 * @param {number} count
 * @param {string} noun
 */
export function some(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
