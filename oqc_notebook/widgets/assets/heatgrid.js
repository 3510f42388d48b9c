// The picture of a heat map, with its axes and a cursor for pointer and keyboard.

import { element, setTitle } from "./dom.js";
import { some } from "./format.js";

/** The height of the whole picture, and of a line where there are few (px). */
const HIGHEST_PX = 400;
const HIGHEST_LINE_PX = 18;
/** The width of a column: where the headings lie, and where they stand upright (px). */
const WIDEST_PX = 200;
const LEAST_WIDTH_PX = 72;
const UPRIGHT_PX = 24;
/** With more columns than this, the headings stand upright; with still more, only where it is wide. */
const FEW_COLUMNS = 8;
const SOME_COLUMNS = 32;
/** The least distance between two marks of the axis (px). */
const MARKS_PX = 17;
/** Longest label of a child on the axis (characters). */
const LONGEST_MARK = 14;

/** The picture of one view of a panel. */
export class HeatGrid {
  /**
   * @param {(text: string) => void} read says what the cell at the cursor shows
   * @param {{enter: (line: number) => void, leave: () => boolean}} how what is done with a line that
   *   is chosen, and with Escape: whether anything was
   */
  constructor(read, { enter, leave }) {
    this.read = read;
    this.enter = enter;
    this.leave = leave;
    /** @type {import("./heatdata.js").HeatData | null} */
    this.data = null;
    /** By child. @type {(index: number) => string} */
    this.labelOf = () => "";
    this.linePx = 1;
    /** Where the cursor is. */
    this.line = 0;
    this.column = 0;
    this.heads = element("div", "oqc-heat-heads");
    this.axis = element("div", "oqc-heat-axis");
    this.canvas = element("canvas", "oqc-heat-canvas");
    this.cursor = element("span", "oqc-heat-cursor");
    this.map = element("div", "oqc-heat-map", this.canvas, this.cursor);
    this.map.tabIndex = 0;
    this.map.setAttribute("role", "application");
    this.map.setAttribute("aria-roledescription", "heat map");
    for (const drawn of [this.heads, this.axis, this.canvas, this.cursor]) {
      drawn.setAttribute("aria-hidden", "true");
    }
    this.map.addEventListener("keydown", (event) => this.#onKey(event));
    this.map.addEventListener("pointermove", (event) => this.#onPointer(event));
    this.map.addEventListener("click", (event) => {
      this.#onPointer(event);
      if (this.data !== null) this.enter(this.line);
    });
    for (const kind of ["focus", "blur", "pointerleave"]) {
      this.map.addEventListener(kind, () => this.#drawCursor());
    }
    this.element = element("div", "oqc-heat-figure", this.heads, this.axis, this.map);
  }

  /**
   * @param {import("./heatdata.js").HeatData | null} data
   * @param {(index: number) => string} labelOf gives the label of a child
   */
  draw(data, labelOf) {
    this.data = data;
    this.labelOf = labelOf;
    this.element.hidden = data === null;
    if (data === null) return;
    const { lines, columns } = data;
    this.linePx = Math.max(1, Math.min(HIGHEST_LINE_PX, Math.floor(HIGHEST_PX / lines)));
    this.canvas.width = columns.length;
    this.canvas.height = lines;
    const pixels = new ImageData(data.pixels(), columns.length, lines);
    this.canvas.getContext("2d")?.putImageData(pixels, 0, 0);
    this.map.style.height = `${lines * this.linePx}px`;
    const children = data.end - data.first;
    this.map.setAttribute(
      "aria-label",
      `Heat map of ${children} ${children === 1 ? "child" : "children"} and ` +
        `${some(columns.length, "bitstring")}; the arrow keys read its cells. ` +
        "The table shows the same children as text.",
    );
    this.#drawHeads(columns);
    this.#drawAxis(data);
    this.line = between(this.line, lines);
    this.column = between(this.column, columns.length);
    this.#drawCursor();
  }

  /** @param {string[]} columns */
  #drawHeads(columns) {
    const number = columns.length;
    const areFew = number <= FEW_COLUMNS;
    const longest = Math.max(...columns.map((bits) => bits.length));
    const width = areFew ? Math.max(LEAST_WIDTH_PX, Math.min(WIDEST_PX, longest * 8 + 8)) : UPRIGHT_PX;
    this.element.style.setProperty("--oqc-heat-width", `${number * width}px`);
    this.heads.dataset.columns = areFew ? "few" : number <= SOME_COLUMNS ? "some" : "many";
    this.heads.style.gridTemplateColumns = `repeat(${number}, minmax(0, 1fr))`;
    this.heads.replaceChildren(
      ...columns.map((bits) => {
        const head = element("span", "oqc-mono oqc-heat-head", bits);
        setTitle(head, bits);
        return head;
      }),
    );
  }

  /** @param {import("./heatdata.js").HeatData} data */
  #drawAxis(data) {
    const step = marksEvery(this.linePx);
    const marks = [];
    for (let line = 0; line < data.lines; line += step) {
      const label = this.#labelOf(data, line);
      const isShort = label !== "" && label.length <= LONGEST_MARK;
      const text = isShort ? label : String(data.first + line * data.perLine);
      const mark = element("span", "oqc-mono oqc-heat-mark", text);
      mark.style.top = `${(line + 0.5) * this.linePx}px`;
      marks.push(mark);
    }
    this.axis.replaceChildren(...marks);
    // marks that are placed by hand give the axis no width
    const longest = Math.max(...marks.map(({ textContent: text }) => text?.length ?? 0));
    this.axis.style.width = `${longest}ch`;
  }

  /**
   * Give the label of the child of a line, if it is of one child that has a label.
   * @param {import("./heatdata.js").HeatData} data
   * @param {number} line
   */
  #labelOf(data, line) {
    return data.perLine === 1 ? this.labelOf(data.first + line) : "";
  }

  #drawCursor() {
    const { data, map, cursor } = this;
    const isOn = data !== null && (map === document.activeElement || map.matches(":hover"));
    cursor.hidden = !isOn;
    if (!isOn || data === null) {
      this.read("");
      return;
    }
    cursor.style.left = `${(100 * this.column) / data.columns.length}%`;
    cursor.style.width = `${100 / data.columns.length}%`;
    cursor.style.top = `${this.line * this.linePx}px`;
    cursor.style.height = `${this.linePx}px`;
    const label = this.#labelOf(data, this.line);
    const words = data.words(this.line, this.column);
    this.read(label ? words.replace(" ·", ` (${label}) ·`) : words);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const { data } = this;
    if (data === null || event.altKey || event.ctrlKey || event.metaKey) return;
    /** @type {Record<string, [number, number]>} */
    const steps = {
      ArrowDown: [1, 0],
      ArrowUp: [-1, 0],
      ArrowRight: [0, 1],
      ArrowLeft: [0, -1],
      PageDown: [10, 0],
      PageUp: [-10, 0],
      Home: [-data.lines, 0],
      End: [data.lines, 0],
    };
    const step = steps[event.key];
    if (step !== undefined) {
      this.line = between(this.line + step[0], data.lines);
      this.column = between(this.column + step[1], data.columns.length);
      this.#drawCursor();
    } else if (event.key === "Enter" || event.key === " ") this.enter(this.line);
    else if (event.key !== "Escape" || !this.leave()) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {MouseEvent} event */
  #onPointer(event) {
    if (this.data === null) return;
    const box = this.map.getBoundingClientRect();
    const { lines, columns } = this.data;
    this.line = between(Math.floor((event.clientY - box.top) / this.linePx), lines);
    const across = (event.clientX - box.left) / box.width;
    this.column = between(Math.floor(across * columns.length), columns.length);
    this.#drawCursor();
  }
}

/**
 * @param {number} value
 * @param {number} count
 */
function between(value, count) {
  return Math.max(0, Math.min(count - 1, value));
}

/**
 * Give after how many lines the axis has a mark, so that marks do not touch.
 * @param {number} linePx
 */
function marksEvery(linePx) {
  const steps = [1, 2, 5, 10, 20, 25, 50, 100];
  return steps.find((step) => step * linePx >= MARKS_PX) ?? 100;
}
