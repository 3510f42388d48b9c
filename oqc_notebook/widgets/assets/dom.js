// Making elements. Text goes in as text and never as markup.

import { SYMBOLS } from "./facts.js";
import { visible } from "./format.js";

/**
 * Make an element.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} className
 * @param {(Node | string)[]} content texts are shown with their unseen characters written out
 * @returns {HTMLElementTagNameMap[K]}
 */
export function element(tag, className = "", ...content) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...content.map((part) => (typeof part === "string" ? visible(part) : part)));
  return made;
}

/**
 * Set an element's text where it is another one, so that nothing is announced or drawn for nothing.
 * @param {HTMLElement} target
 * @param {string} text
 */
export function setText(target, text) {
  const shown = visible(text);
  if (target.textContent !== shown) target.textContent = shown;
}

/**
 * Set what is shown of an element while the pointer rests on it.
 * @param {HTMLElement} target
 * @param {string} text
 */
export function setTitle(target, text) {
  const shown = visible(text);
  if (target.title !== shown) target.title = shown;
}

/**
 * Make a button.
 * @param {string} label
 * @param {() => void} onClick
 */
export function button(label, onClick) {
  const made = element("button", "oqc-button", label);
  made.type = "button";
  made.addEventListener("click", onClick);
  return made;
}

/**
 * Make a state's chip: word, symbol and colour.
 * @param {string} state
 */
export function chip(state) {
  const made = element("span", "oqc-chip");
  setChip(made, state);
  return made;
}

/**
 * Have a chip show a state.
 * @param {HTMLElement} target
 * @param {string} state
 */
export function setChip(target, state) {
  if (target.dataset.state === state) return;
  target.dataset.state = state;
  const symbol = element("span", "oqc-symbol", SYMBOLS[state] ?? "?");
  symbol.setAttribute("aria-hidden", "true");
  target.replaceChildren(symbol, visible(state));
}

/** Make the badge of simulated results. */
export function simulatedBadge() {
  const made = element("span", "oqc-badge", "SIMULATED");
  setTitle(made, "The results are simulated, not measured on a quantum computer");
  return made;
}
