// Two runs of a job side by side.

import { Choice } from "./choice.js";
import { bar, bitsCell } from "./counts.js";
import { button, element, setText, setTitle } from "./dom.js";
import { percent, some, timeOf, visible } from "./format.js";
import { whyNoKernel } from "./toolbar.js";

const DISTANCE =
  "Half the sum, over all bitstrings, of the absolute difference of their shares: 0 where both " +
  "runs gave the same shares, 1 where no bitstring is in both";
const NOISE =
  "About how far apart two runs of the same distribution are with these numbers of shots";

/**
 * @typedef {{name: string, shots: [number | null, number | null], distance?: number, noise?: number,
 *   bars?: [string, number, number][], other?: [number, number, number]}} Compared
 * @typedef {{notes: string[], settings: [string, string, string][], program: string[] | null,
 *   registers: Compared[], problem?: undefined} | {problem: string}} Comparison
 */

/** The section in which two runs are compared. */
export class CompareSection {
  /**
   * @param {import("./store.js").Store} store
   * @param {import("./bits.js").BitOrder} order
   * @param {() => void} onClose
   */
  constructor(store, order, onClose) {
    this.store = store;
    this.order = order;
    /** The numbers of the runs, where they were chosen. @type {{a: number, b: number} | null} */
    this.runs = null;
    /** @type {Comparison | undefined} */
    this.drawn = undefined;
    this.drawnMirrored = false;
    this.a = new Choice("A", "Run A", (a) => this.#choose({ a: Number(a) }));
    this.b = new Choice("B", "Run B", (b) => this.#choose({ b: Number(b) }));
    this.said = element("p", "oqc-mute");
    this.body = element("div");
    const close = button("Close", onClose);
    close.setAttribute("aria-label", "Close the comparison");
    this.element = element(
      "section",
      "oqc-run oqc-compare",
      element(
        "div",
        "oqc-run-head",
        element("h4", "", "Compare"),
        this.a.element,
        this.b.element,
        close,
      ),
      this.said,
      this.body,
    );
    this.element.setAttribute("role", "group");
    this.element.setAttribute("aria-label", "Compare two runs");
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      event.preventDefault();
      event.stopPropagation();
      onClose();
    });
  }

  /** @param {import("./facts.js").Run[]} runs those that are listed, newest first */
  update(runs) {
    const [b, a] = this.#latestTwo(runs);
    const chosen = (this.runs ??= { a: a?.run ?? 0, b: b?.run ?? 0 });
    const away = whyNoKernel(this.store, false);
    const options = runs.map(
      (run) => /** @type {[string, string]} */ ([String(run.run), this.#words(run)]),
    );
    this.a.update(options, String(chosen.a), away);
    this.b.update(options, String(chosen.b), away);
    if (chosen.a === chosen.b) {
      this.drawn = undefined;
      this.body.replaceChildren();
      setText(this.said, "This is the same run twice: choose another one.");
      return;
    }
    const received = [chosen.a, chosen.b].map((n) => runs.find(({ run }) => run === n)?.received);
    const answer = this.store.alive
      ? this.store.ask("compare", { ...chosen, received })
      : this.drawn;
    if (answer === undefined) {
      setText(this.said, away ?? "The kernel compares them…");
      return;
    }
    setText(this.said, answer.problem ?? "");
    const { mirrored } = this.order;
    if (answer === this.drawn && mirrored === this.drawnMirrored) return;
    this.drawn = answer;
    this.drawnMirrored = mirrored;
    this.body.replaceChildren(...(answer.problem === undefined ? this.#parts(answer) : []));
  }

  /** @param {Partial<{a: number, b: number}>} choice */
  #choose(choice) {
    if (this.runs) Object.assign(this.runs, choice);
    this.store.tell();
  }

  /**
   * Give the two newest runs that have results, or else the two newest.
   * @param {import("./facts.js").Run[]} runs
   */
  #latestTwo(runs) {
    const good = runs.filter(({ state }) => state === "COMPLETED");
    return good.length > 1 ? good : runs;
  }

  /** @param {import("./facts.js").Run} run */
  #words({ run, received, state }) {
    const time = received === null ? "time unknown" : timeOf(received, this.store.now());
    return `run ${run} · ${time} · ${state}`;
  }

  /** @param {Extract<Comparison, {notes: string[]}>} comparison */
  #parts({ notes, settings, program, registers }) {
    /** @type {HTMLElement[]} */
    const parts = notes.map((note) => element("p", "oqc-mute", note));
    if (program?.length) {
      const lines = program.map((line) => {
        const kind = line.startsWith("+") ? "oqc-added" : line.startsWith("-") ? "oqc-removed" : "oqc-mute";
        return element("span", kind, `${line}\n`);
      });
      const diff = element("pre", "oqc-program", ...lines);
      diff.tabIndex = 0; // the arrow keys scroll it
      diff.setAttribute("role", "group");
      diff.setAttribute("aria-label", "Lines that differ: - in A, + in B");
      parts.push(diff);
    }
    if (settings.length) parts.push(settingsTable(settings));
    return [...parts, ...registers.map((each) => this.#register(each))];
  }

  /** @param {Compared} compared */
  #register(compared) {
    const { name, shots, distance, noise } = compared;
    const [a, b] = shots;
    const section = element("section", "oqc-register", element("h4", "oqc-heading", `Register ${name}`));
    if (a === null || b === null) {
      const which = a === null ? "B" : "A";
      section.append(element("p", "oqc-mute", `Only run ${which} has this register.`));
      return section;
    }
    if (distance === undefined || noise === undefined) {
      const empty = !a && !b ? "Both runs have" : `Run ${a ? "B" : "A"} has`;
      section.append(element("p", "oqc-mute", `${empty} no shots in this register.`));
      return section;
    }
    const told = element("p", "oqc-distance");
    const [first, second] = [
      element("span", "", "total variation distance ", element("b", "oqc-mono", distance.toFixed(3))),
      element("span", "oqc-mute", `about ${noise.toFixed(3)} is expected from shot noise alone`),
    ];
    setTitle(first, DISTANCE);
    setTitle(second, NOISE);
    told.append(first, " · ", second);
    const unequal = a === b ? [] : [element("p", "oqc-mute", `A has ${some(a, "shot")}, B ${b}: shares are compared.`)];
    section.append(told, ...unequal, this.#bars(compared, a, b));
    return section;
  }

  /**
   * @param {Compared} compared
   * @param {number} a
   * @param {number} b
   */
  #bars({ name, bars = [], other = [0, 0, 0] }, a, b) {
    const head = element("tr");
    const legend = element("span", "oqc-legend-ab", legendMark("oqc-bar-a"), "A", legendMark("oqc-bar-b"), "B");
    for (const [words, className] of /** @type {[string | Node, string][]} */ ([
      ["bits", ""],
      [legend, ""],
      ["A", "oqc-number"],
      ["B", "oqc-number"],
      ["B − A", "oqc-number"],
    ])) {
      const cell = element("th", `${className} oqc-mute`.trim(), words);
      cell.scope = "col";
      head.append(cell);
    }
    const most = bars.reduce((high, [, inA, inB]) => Math.max(high, inA / a, inB / b), 0);
    const body = element("tbody");
    for (const [bits, inA, inB] of bars) {
      const pair = element(
        "td",
        "oqc-bar-cell",
        bar(inA / a / most, "oqc-bar-a"),
        bar(inB / b / most, "oqc-bar-b"),
      );
      body.append(element("tr", "", bitsCell(this.order.shown(bits)), pair, ...shares(inA, a, inB, b)));
    }
    const [bitstrings, restA, restB] = other;
    if (bitstrings) {
      const words = element("th", "oqc-sum oqc-mute", `other: ${some(bitstrings, "bitstring")}`);
      words.scope = "row";
      words.colSpan = 2;
      body.append(element("tr", "", words, ...shares(restA, a, restB, b)));
    }
    const table = element("table", "oqc-histogram oqc-pairs", element("thead", "", head), body);
    const label = visible(`Shares of the bitstrings of register ${name} in A and B`);
    table.setAttribute("aria-label", label);
    const box = element("div", "oqc-scroll", table);
    box.tabIndex = 0; // where it is narrow, the arrow keys scroll it
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", label);
    return box;
  }
}

/** @param {string} kind */
function legendMark(kind) {
  return bar(1, `oqc-bar-mark ${kind}`);
}

/**
 * @param {number} inA
 * @param {number} a
 * @param {number} inB
 * @param {number} b
 */
function shares(inA, a, inB, b) {
  const points = Math.round(1000 * (inB / b - inA / a)) / 10;
  const signed = `${points > 0 ? "+" : points < 0 ? "−" : ""}${Math.abs(points).toFixed(1)} pp`;
  const difference = element("td", "oqc-mono oqc-number", signed);
  setTitle(difference, "Percentage points");
  const numbers = [[inA, a], [inB, b]].map(([count = 0, total = 0]) => {
    const cell = element("td", "oqc-mono oqc-number oqc-mute", percent(count, total));
    setTitle(cell, some(count, "shot"));
    return cell;
  });
  return [...numbers, difference];
}

/** @param {[string, string, string][]} settings */
function settingsTable(settings) {
  const head = element("tr");
  for (const words of ["setting", "A", "B"]) {
    const cell = element("th", "oqc-mute", words);
    cell.scope = "col";
    head.append(cell);
  }
  const table = element("table", "oqc-settings", head);
  for (const [name, inA, inB] of settings) {
    const first = element("th", "oqc-mute", name);
    first.scope = "row";
    table.append(element("tr", "", first, element("td", "oqc-mono", inA), element("td", "oqc-mono", inB)));
  }
  table.setAttribute("aria-label", "Settings that differ");
  return table;
}
