// A choice between a few things, slim enough to stand in a line of text.

import { element, setTitle } from "./dom.js";

/** A drop-down list with a word in front of it. */
export class Choice {
  /**
   * @param {string} word that stands before it, or nothing
   * @param {string} label says in full what is chosen
   * @param {(value: string) => void} onChange
   */
  constructor(word, label, onChange) {
    this.select = element("select", "oqc-input oqc-choice");
    this.select.setAttribute("aria-label", label);
    this.select.addEventListener("change", () => onChange(this.select.value));
    const before = word ? [element("span", "oqc-mute", word)] : [];
    this.element = element("label", "oqc-choice-label", ...before, this.select);
    /** What the options were made of. */
    this.made = "";
  }

  /**
   * @param {[string, string][]} options values, and the words for them
   * @param {string} chosen
   * @param {string | null} whyNot why nothing can be chosen now
   */
  update(options, chosen, whyNot = null) {
    const made = JSON.stringify(options);
    if (made !== this.made) {
      this.made = made;
      this.select.replaceChildren(
        ...options.map(([value, words]) => {
          const option = element("option", "", words);
          option.value = value;
          return option;
        }),
      );
    }
    if (this.select.value !== chosen) this.select.value = chosen;
    this.select.disabled = whyNot !== null;
    setTitle(this.select, whyNot ?? "");
  }
}
