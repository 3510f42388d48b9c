// The counts of one classical register: histogram and numbers, sorted and filtered as people want.

import { matchesPattern, patternFault } from "./bits.js";
import { Choice } from "./choice.js";
import { Copying } from "./copy.js";
import { countRow, sumRow } from "./counts.js";
import { button, element, enable, setText, setTitle } from "./dom.js";
import { some, visible } from "./format.js";
import { whyNoKernel } from "./toolbar.js";

/** So many bitstrings are sent unasked, and shown at first. */
const FEW = 16;
/** So many are shown where somebody wants more. */
const TOPS = ["16", "64", "256"];

/**
 * @typedef {{bars: [string, number][], matching: [number, number]}} Found what is shown, and how
 *   many bitstrings and shots match the pattern
 */

/** One register in one place; what was chosen stays when another run brings other counts. */
export class RegisterView {
  /**
   * @param {import("./store.js").Store} store
   * @param {import("./bits.js").BitOrder} order
   * @param {() => object} whose tells of which run the counts are, in questions to the kernel
   */
  constructor(store, order, whose) {
    this.store = store;
    this.order = order;
    this.whose = whose;
    this.chosen = { sort: "count", top: "16", pattern: "" };
    /** @type {import("./facts.js").Register | null} */
    this.register = null;
    /** What was found last, to be shown until there is something newer. @type {Found | null} */
    this.found = null;
    /** The form in which the counts are being copied. @type {string | null} */
    this.copyAs = null;
    /** @type {boolean | null} whether the tools are open, where somebody said so */
    this.opened = null;
    this.drawn = "";

    this.title = element("h4", "oqc-heading");
    this.turn = button("", () => order.toggle());
    this.turn.className = "oqc-turn";
    this.opener = button("Options", () => {
      this.opened = this.tools.hidden === true;
      store.tell();
    });
    this.opener.classList.add("oqc-quiet");
    this.sort = new Choice("", "Sort the bitstrings by", (sort) => this.#choose({ sort }));
    this.top = new Choice("", "How many bitstrings to show", (top) => this.#choose({ top }));
    this.input = element("input", "oqc-input oqc-pattern");
    this.input.type = "search";
    this.input.placeholder = "filter: 0*1";
    this.input.autocomplete = "off";
    this.input.spellcheck = false;
    this.input.addEventListener("input", () => this.#filter(this.#isAll()));
    this.input.addEventListener("change", () => this.#filter(true));
    this.input.addEventListener("keydown", ({ key }) => this.#filter(key === "Enter"));
    this.copying = new Copying();
    this.copies = ["JSON", "CSV"].map((form) => {
      const made = button(form, () => {
        this.copyAs = form;
        store.tell();
      });
      made.classList.add("oqc-quiet");
      made.setAttribute("aria-label", `Copy the counts as ${form}`);
      return made;
    });
    this.fault = element("span", "oqc-fault");
    this.fault.setAttribute("role", "status");
    this.tools = element(
      "div",
      "oqc-register-tools",
      this.sort.element,
      this.top.element,
      this.input,
      element("span", "oqc-copies oqc-mute", "copy", ...this.copies),
      this.copying.said,
      this.fault,
    );
    this.body = element("tbody");
    this.foot = element("tfoot");
    this.table = element("table", "oqc-histogram", this.body, this.foot);
    this.box = element("div", "oqc-register-box", this.table);
    this.element = element(
      "section",
      "oqc-register",
      element("div", "oqc-register-head", this.title, " · ", this.turn, this.opener),
      this.tools,
      this.copying.box,
      this.box,
    );
  }

  /** @param {import("./facts.js").Register} register */
  update(register) {
    if (register !== this.register) this.found = null;
    this.register = register;
    this.#updateTools(register);
    const fault = patternFault(this.chosen.pattern);
    const answer = fault === null ? this.#ask(register) : this.found;
    const problem = fault ?? (answer && "problem" in answer ? answer.problem : null);
    if (answer && "bars" in answer) this.found = answer;
    setText(this.fault, problem ?? "");
    this.body.setAttribute("aria-busy", String(answer === undefined));
    this.#draw(register);
    this.#letScroll(register.name);
    this.#copy(register);
  }

  /** Whether the page has all bitstrings. */
  #isAll() {
    return this.register?.other[0] === 0;
  }

  /** @param {Partial<{sort: string, top: string, pattern: string}>} choice */
  #choose(choice) {
    Object.assign(this.chosen, choice);
    this.store.tell();
  }

  /** @param {boolean} now whether typing is over; before that, the kernel is not asked */
  #filter(now) {
    const pattern = this.input.value.trim();
    if (now && pattern !== this.chosen.pattern) this.#choose({ pattern });
  }

  /** @param {import("./facts.js").Register} register */
  #updateTools(register) {
    const { sort, top, pattern } = this.chosen;
    const name = visible(register.name);
    const isAll = this.#isAll();
    const away = whyNoKernel(this.store, false);
    const whyNot = isAll ? null : away;
    setText(this.title, `Counts, register ${name}`);
    const words = this.order.words(name);
    setText(this.turn, `${words} ⇄`);
    this.turn.setAttribute("aria-label", `${words} ⇄ reverse the bitstrings`);
    setTitle(this.turn, "Shows the bitstrings the other way round");
    this.table.setAttribute("aria-label", `Counts, register ${name}, ${words}`);
    const isOpen = this.opened ?? (!isAll && away === null);
    this.tools.hidden = !isOpen;
    this.opener.setAttribute("aria-expanded", String(isOpen));
    this.opener.setAttribute("aria-label", `Options for the counts of register ${name}`);
    this.sort.update([["count", "by count"], ["bits", "by bitstring"]], sort, whyNot);
    this.top.element.hidden = register.distinct <= FEW;
    this.top.update(TOPS.map((each) => [each, `top ${each}`]), top, whyNot);
    this.input.disabled = whyNot !== null;
    this.input.setAttribute("aria-label", `Filter the bitstrings of register ${name} by a pattern`);
    const how = `0, 1, ? (one bit), * (any bits), as shown${isAll ? "" : "; Enter filters"}`;
    setTitle(this.input, whyNot ?? how);
    this.input.setAttribute("aria-invalid", String(patternFault(pattern) !== null));
    for (const each of this.copies) enable(each, away, "Copies all counts, in the order shown");
  }

  /**
   * Find what to show, here or in the kernel; undefined until the kernel answers.
   * @param {import("./facts.js").Register} register
   * @returns {Found | {problem: string} | null | undefined}
   */
  #ask(register) {
    const { sort, top, pattern } = this.chosen;
    if (this.#isAll()) return this.#findHere(register);
    if (sort === "count" && top === "16" && pattern === "") {
      return { bars: register.bars, matching: [register.distinct, register.total] };
    }
    if (!this.store.alive) return this.found;
    const mirrored = this.order.mirrored && (sort === "bits" || pattern !== "");
    const question = { register: register.name, sort, top: Number(top), pattern, mirrored };
    return this.store.ask("counts", { ...this.whose(), ...question });
  }

  /** @param {import("./facts.js").Register} register */
  #findHere({ bars, total, distinct }) {
    const { sort, pattern } = this.chosen;
    const shown = (/** @type {[string, number]} */ [bits]) => this.order.shown(bits);
    const found = pattern ? bars.filter((each) => matchesPattern(pattern, shown(each))) : [...bars];
    if (sort === "bits") found.sort((a, b) => (shown(a) < shown(b) ? -1 : 1));
    const shots = pattern ? found.reduce((sum, [, count]) => sum + count, 0) : total;
    return { bars: found, matching: /** @type {[number, number]} */ ([pattern ? found.length : distinct, shots]) };
  }

  /** @param {import("./facts.js").Register} register */
  #draw({ bars: first, distinct, total }) {
    const { bars, matching } = this.found ?? { bars: first, matching: [distinct, total] };
    const drawn = JSON.stringify([bars, matching, total, this.order.mirrored]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const most = bars.reduce((highest, [, count]) => Math.max(highest, count), 0);
    this.body.replaceChildren(
      ...bars.map(([bits, count]) => countRow(this.order.shown(bits), count, most, total)),
    );
    const [bitstrings = 0, shots = 0] = matching;
    const rest = bitstrings - bars.length;
    const restShots = shots - bars.reduce((sum, [, count]) => sum + count, 0);
    const sums = [];
    const words = (/** @type {number} */ k, /** @type {number} */ s) =>
      `${some(k, "bitstring")}, ${some(s, "shot")}`;
    if (rest > 0) sums.push(sumRow(`other: ${words(rest, restShots)}`, restShots, total));
    if (bitstrings < distinct) {
      const [k, s] = [distinct - bitstrings, total - shots];
      sums.push(sumRow(`not matching: ${words(k, s)}`, s, total));
    }
    sums.push(sumRow(`all: ${some(distinct, "bitstring")}`, total, total));
    this.foot.replaceChildren(...sums);
  }

  /**
   * Have a long list scroll by itself, with the arrow keys, too.
   * @param {string} name
   */
  #letScroll(name) {
    const isLong = this.body.children.length > FEW;
    if (isLong === this.box.classList.contains("oqc-boxed")) return;
    this.box.classList.toggle("oqc-boxed", isLong);
    if (isLong) {
      this.box.tabIndex = 0;
      this.box.setAttribute("role", "group");
      this.box.setAttribute("aria-label", visible(`Bitstrings of register ${name}`));
    } else {
      for (const each of ["tabindex", "role", "aria-label"]) this.box.removeAttribute(each);
    }
  }

  /** @param {import("./facts.js").Register} register */
  #copy(register) {
    if (this.copyAs === null) return;
    const question = { register: register.name, sort: this.chosen.sort, mirrored: this.order.mirrored };
    const form = this.copyAs;
    const answer = this.store.ask("copy", { ...this.whose(), ...question, form });
    if (answer === undefined) return;
    this.copyAs = null;
    if (answer.problem !== undefined) this.copying.say(answer.problem);
    else void this.copying.copy(answer.text, `${some(register.distinct, "bitstring")} as ${form}`);
  }
}
