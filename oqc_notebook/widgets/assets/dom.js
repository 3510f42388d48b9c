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
 * @param {(event: MouseEvent) => void} onClick
 */
export function button(label, onClick) {
  const made = element("button", "oqc-button", label);
  made.type = "button";
  made.addEventListener("click", (event) => {
    if (made.getAttribute("aria-disabled") !== "true") onClick(event);
  });
  return made;
}

/**
 * Make a button whose double click is one click: a quick run may have ended between the two.
 * @param {string} label
 * @param {() => void} onClick
 */
export function onceButton(label, onClick) {
  return button(label, (event) => {
    if (event.detail < 2) onClick();
  });
}

/**
 * Have a button do something, or say why it does nothing now. It keeps the focus either way, so
 * that who uses the keyboard is not thrown back to the beginning, and can learn the reason.
 * @param {HTMLButtonElement} target
 * @param {string | null} whyNot
 * @param {string} title what it does, where that is not plain
 */
export function enable(target, whyNot, title = "") {
  const isOff = String(whyNot !== null);
  if (target.getAttribute("aria-disabled") !== isOff) target.setAttribute("aria-disabled", isOff);
  setTitle(target, whyNot ?? title);
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

/**
 * Have a parent hold these elements and no others, without moving the one that has the focus.
 * @param {HTMLElement} parent
 * @param {HTMLElement[]} elements
 */
export function putInOrder(parent, elements) {
  let next = parent.firstElementChild;
  for (const each of elements) {
    if (each === document.activeElement) {
      while (next !== null && next !== each) {
        const after = next.nextElementSibling;
        parent.append(next);
        next = after;
      }
    }
    if (each === next) next = next.nextElementSibling;
    else parent.insertBefore(each, next);
  }
  while (parent.children.length > elements.length) parent.lastElementChild?.remove();
}
