// Copying text to where other programs can paste it from.

import { button, element, setText } from "./dom.js";

/** Says how copying went; where it is not allowed, gives the text to be copied by hand. */
export class Copying {
  constructor() {
    this.said = element("span", "oqc-mute oqc-said");
    this.said.setAttribute("role", "status");
    /** Holds the text where it cannot be copied. */
    this.box = element("div");
  }

  /** @param {string} text */
  say(text) {
    setText(this.said, text);
  }

  /**
   * @param {string} text
   * @param {string} what it is, in words
   */
  async copy(text, what) {
    this.box.replaceChildren();
    try {
      await navigator.clipboard.writeText(text);
      this.say(`Copied ${what}`);
    } catch {
      const area = element("textarea", "oqc-copied");
      area.readOnly = true;
      area.rows = 6;
      area.value = text;
      area.setAttribute("aria-label", what);
      this.box.replaceChildren(area);
      area.focus();
      area.select();
      this.say("Press Ctrl+C or ⌘C to copy");
    }
  }
}

/**
 * Make a button that copies a text.
 * @param {string} what the text is, in words
 * @param {() => string} text
 * @param {Copying} copying
 */
export function copyButton(what, text, copying) {
  const made = button("Copy", () => void copying.copy(text(), what));
  made.classList.add("oqc-quiet");
  made.setAttribute("aria-label", `Copy ${what}`);
  return made;
}
