// How many children are in which state: a progress bar, and chips that filter by a state.

import { chip, element, putInOrder, setText, setTitle } from "./dom.js";

/** The tallies of one view of a composite's panel. */
export class Tallies {
  /**
   * @param {import("./order.js").Order} order what is filtered
   * @param {() => void} onChange
   */
  constructor(order, onChange) {
    this.order = order;
    this.onChange = onChange;
    this.bar = element("div", "oqc-tally");
    this.bar.setAttribute("role", "img");
    this.legend = element("span", "oqc-legend");
    this.legend.setAttribute("role", "group");
    this.legend.setAttribute("aria-label", "Show only children that are");
    /** @type {Map<string, {element: HTMLButtonElement, number: HTMLElement}>} */
    this.items = new Map();
    /** @type {unknown} */
    this.drawn = null;
  }

  /** @param {Record<string, number>} tallies by state */
  update(tallies) {
    for (const [state, { element: item }] of this.items) {
      item.setAttribute("aria-pressed", String(this.order.states.has(state)));
    }
    if (tallies === this.drawn) return;
    this.drawn = tallies;
    const states = Object.entries(tallies);
    this.bar.setAttribute(
      "aria-label",
      states.map(([state, count]) => `${count} ${state}`).join(", "),
    );
    this.bar.replaceChildren(
      ...states.map(([state, count]) => {
        const part = element("span", "oqc-tally-part");
        part.dataset.state = state;
        part.style.flexGrow = String(count);
        return part;
      }),
    );
    this.#drawLegend(tallies);
  }

  /** @param {Record<string, number>} tallies */
  #drawLegend(tallies) {
    // items stay the same elements, so that the one that has the focus keeps it
    const isInUse = (/** @type {string} */ state) =>
      this.order.states.has(state) || this.items.get(state)?.element === document.activeElement;
    const used = [...this.items.keys()].filter((state) => !(state in tallies) && isInUse(state));
    const shown = [...Object.keys(tallies), ...used].map((state) => {
      const item = this.items.get(state) ?? this.#add(state);
      setText(item.number, String(tallies[state] ?? 0));
      return item.element;
    });
    putInOrder(this.legend, shown);
  }

  /** @param {string} state */
  #add(state) {
    const number = element("b", "oqc-mono");
    const made = element("button", "oqc-tally-item", chip(state), number);
    made.type = "button";
    made.setAttribute("aria-pressed", "false");
    setTitle(made, `Show only those that are ${state}; again for all`);
    made.addEventListener("click", () => {
      this.order.toggleState(state);
      this.onChange();
    });
    const item = { element: made, number };
    this.items.set(state, item);
    return item;
  }
}
