// Two or more ways to see the same thing, of which one is shown.

import { element } from "./dom.js";

/** Tabs; the arrow keys go from one to the next. */
export class Tabs {
  /**
   * @param {string} label
   * @param {{name: string, element: HTMLElement}[]} panels
   * @param {() => void} onChange
   */
  constructor(label, panels, onChange) {
    this.onChange = onChange;
    this.element = element("div", "oqc-tabs");
    this.element.setAttribute("role", "tablist");
    this.element.setAttribute("aria-label", label);
    this.tabs = panels.map((panel) => {
      const tab = element("button", "oqc-tab", panel.name);
      tab.type = "button";
      tab.setAttribute("role", "tab");
      tab.addEventListener("click", () => this.choose(panel.name));
      panel.element.setAttribute("role", "tabpanel");
      panel.element.setAttribute("aria-label", panel.name);
      this.element.append(tab);
      return { ...panel, tab };
    });
    this.element.addEventListener("keydown", (event) => this.#onKey(event));
    this.chosen = panels[0]?.name ?? "";
    this.#draw();
  }

  /** @param {string} name */
  choose(name) {
    this.chosen = name;
    this.#draw();
    this.onChange();
  }

  #draw() {
    for (const { name, element: panel, tab } of this.tabs) {
      const isChosen = name === this.chosen;
      tab.setAttribute("aria-selected", String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
      panel.hidden = !isChosen;
    }
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const steps = /** @type {Record<string, number>} */ ({ ArrowRight: 1, ArrowLeft: -1 });
    const step = steps[event.key];
    if (step === undefined) return;
    const at = this.tabs.findIndex(({ name }) => name === this.chosen);
    const next = this.tabs[(at + step + this.tabs.length) % this.tabs.length];
    if (next === undefined) return;
    this.choose(next.name);
    next.tab.focus();
    event.preventDefault();
  }
}
