// The text that the rows of a table are filtered by.

import { element, setText, setTitle } from "./dom.js";

/** The text that rows are filtered by, and how many are left. */
export class Filter {
  /**
   * @param {import("./order.js").Order} order
   * @param {string} searched what is searched, in words
   * @param {() => void} onChange
   */
  constructor(order, searched, onChange) {
    this.order = order;
    this.input = element("input", "oqc-input");
    this.input.type = "search";
    this.input.placeholder = `Filter: ${searched}`;
    this.input.setAttribute("aria-label", `Filter by ${searched}`);
    this.input.autocomplete = "off";
    this.input.spellcheck = false;
    this.input.addEventListener("input", () => {
      order.search(this.input.value);
      onChange();
    });
    this.count = element("span", "oqc-mute");
    this.count.setAttribute("role", "status");
    this.clear = element("button", "oqc-link", "Clear filter");
    this.clear.type = "button";
    this.clear.addEventListener("click", () => {
      order.clearFilter();
      onChange();
      this.input.focus();
    });
    this.element = element("span", "oqc-filter", this.input, this.count, this.clear);
  }

  /** @param {number} all the number of rows that there are */
  update(all) {
    const { order } = this;
    if (this.input.value !== order.text) this.input.value = order.text;
    setText(this.count, order.isFiltered ? `${order.shown.length} of ${all} shown` : "");
    this.clear.hidden = !order.isFiltered;
    setTitle(this.input, "Every word must be found");
  }
}
