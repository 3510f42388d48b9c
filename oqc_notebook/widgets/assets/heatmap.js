// The heat map of a composite: children from top to bottom, bitstrings from left to right.

import { element, setText } from "./dom.js";
import { percent } from "./format.js";
import { HeatData, legendColours } from "./heatdata.js";
import { HeatGrid } from "./heatgrid.js";

/** While children finish, the map is asked for at most this often (ms). */
const ASK_EVERY_MS = 1000;
/** Children that are shown one by one around the line that was looked into. */
const WINDOW = 400;

/** The heat map of one view of a panel. */
export class HeatMap {
  /**
   * @param {import("./store.js").Store} store
   * @param {(index: number) => void} open opens a child
   */
  constructor(store, open) {
    this.store = store;
    this.openChild = open;
    /** @type {string | null} */
    this.register = null;
    /** Of which children: the first one and the one after the last. @type {[number, number] | null} */
    this.range = null;
    /** What was asked for last, and when. @type {{question: Record<string, unknown>, time: number} | null} */
    this.asked = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    /** The answer that is drawn. @type {any} */
    this.answer = null;
    /** @type {HeatData | null} */
    this.data = null;

    this.registers = element("select", "oqc-select");
    this.registers.setAttribute("aria-label", "Register");
    this.registers.addEventListener("change", () => {
      this.register = this.registers.value;
      this.update();
    });
    const scale = element("span", "oqc-heat-scale");
    scale.style.background = legendColours();
    this.most = element("span", "oqc-mono");
    const none = element("span", "oqc-mono", "0 %");
    this.legend = element("span", "oqc-heat-legend", none, scale, this.most);
    const hatched = element("span", "oqc-heat-nothing");
    this.nothing = element("span", "oqc-heat-legend", hatched, "no counts");
    this.all = element("button", "oqc-link", "All children");
    this.all.type = "button";
    this.all.addEventListener("click", () => this.#look(null));
    this.read = element("output", "oqc-heat-read oqc-mono");
    this.grid = new HeatGrid((text) => setText(this.read, text), {
      enter: (line) => this.#enter(line),
      leave: () => this.range !== null && this.#look(null),
    });
    this.note = element("p", "oqc-mute oqc-heat-note");
    this.tools = element(
      "div",
      "oqc-heat-tools",
      this.registers,
      this.legend,
      this.nothing,
      this.all,
      this.read,
    );
    this.element = element("div", "oqc-heat", this.tools, this.grid.element, this.note);
  }

  /** Leave no timer behind. */
  stop() {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  focus() {
    this.grid.map.focus();
  }

  update() {
    const answer = this.#ask();
    if (answer !== undefined && answer !== this.answer) {
      this.answer = answer;
      const data = answer.bits?.length ? new HeatData(answer) : null;
      this.data = data;
      this.grid.draw(data, (index) => this.store.rows[index]?.label ?? "");
      if (data !== null) this.#drawTools(answer, data);
    }
    this.tools.hidden = this.data === null;
    this.grid.element.hidden = this.data === null;
    this.all.hidden = this.range === null;
    setText(this.note, this.#noteText());
  }

  /** Ask for the map as it should be now; give the newest answer that is here. */
  #ask() {
    const view = /** @type {import("./facts.js").CompositeFacts} */ (this.store.view);
    const { register } = this;
    if (this.range && this.range[1] > view.children) this.range = null;
    const [first, end] = this.range ?? [0, null];
    const question = { register, first, end, results: view.results };
    if (this.store.alive && !isSame(question, this.asked?.question)) {
      const isNewsOnly = isSame(question, { ...this.asked?.question, results: view.results });
      const dueIn = isNewsOnly ? (this.asked?.time ?? 0) + ASK_EVERY_MS - Date.now() : 0;
      if (dueIn <= 0) this.asked = { question, time: Date.now() };
      else {
        this.timer ??= setTimeout(() => {
          this.timer = undefined;
          this.update();
        }, dueIn);
      }
    }
    return this.asked ? this.store.ask("heatmap", this.asked.question) : undefined;
  }

  /**
   * @param {import("./heatdata.js").HeatAnswer} answer
   * @param {HeatData} data
   */
  #drawTools(answer, data) {
    this.registers.hidden = answer.registers.length < 2;
    this.registers.replaceChildren(
      ...answer.registers.map((name) => {
        const option = element("option", "", name);
        option.value = name;
        option.selected = name === answer.register;
        return option;
      }),
    );
    setText(this.most, percent(data.most, 1));
    this.nothing.hidden = data.isComplete;
  }

  #noteText() {
    const { data, store, answer } = this;
    if (data === null) {
      if (!store.alive) return "The heat map needs its kernel; the table shows the children.";
      if (answer === null) return "Drawing…";
      return answer.problem ?? "No counts yet: the map grows as children finish.";
    }
    const said = [
      data.perLine > 1
        ? `Each line is the mean of ${data.perLine} children; Enter or a click looks into it.`
        : "Enter or a click opens the child.",
    ];
    if (this.range) said.unshift(`Children ${data.first} to ${data.end - 1}.`);
    if (data.columns.length > data.bits.length) {
      said.push(`The ${data.bits.length} most frequent bitstrings; “other” is the rest.`);
    }
    return [...said, "The table has the same as text."].join(" ");
  }

  /**
   * Open the child of a line; where it is the mean of several, look at these one by one.
   * @param {number} line
   */
  #enter(line) {
    if (this.data === null) return;
    const { first, end, perLine } = this.data;
    const index = first + line * perLine;
    if (perLine === 1) this.openChild(index);
    else {
      const from = Math.max(0, index + Math.ceil(perLine / 2) - WINDOW / 2);
      this.#look([from, Math.min(from + WINDOW, end)]);
      this.grid.line = index - from;
    }
  }

  /** @param {[number, number] | null} range */
  #look(range) {
    this.range = range;
    this.update();
    this.focus();
    return true;
  }
}

/**
 * @param {Record<string, unknown>} one
 * @param {Record<string, unknown>} [other]
 */
function isSame(one, other = {}) {
  return Object.entries(one).every(([name, value]) => other[name] === value);
}
