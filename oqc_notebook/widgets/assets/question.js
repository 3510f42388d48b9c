// A question that a button asks in place, before it acts.

import { button, element, onceButton, setText } from "./dom.js";

/** At most one question at a time; Escape and No mean no. */
export class Question {
  /** @param {() => void} redraw */
  constructor(redraw) {
    this.redraw = redraw;
    /** The button that asks. @type {HTMLButtonElement | null} */
    this.opener = null;
    this.act = () => {};
    this.text = element("span");
    this.yes = onceButton("Yes", () => {
      const { act } = this;
      this.close();
      act();
    });
    this.yes.classList.add("oqc-danger");
    this.no = button("No", () => this.close());
    this.element = element("span", "oqc-question", this.text, this.yes, this.no);
    this.element.setAttribute("role", "group");
    this.element.hidden = true;
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation(); // it closes the question, and nothing around it
      this.close();
    });
  }

  /**
   * Ask in place of a button; where the answer is yes, act.
   * @param {HTMLButtonElement} opener
   * @param {string} text
   * @param {string} yes what the button says that means yes
   * @param {() => void} act
   */
  ask(opener, text, yes, act) {
    this.close();
    this.opener = opener;
    this.act = act;
    setText(this.text, text);
    setText(this.yes, yes);
    this.element.setAttribute("aria-label", text);
    opener.after(this.element);
    opener.hidden = true;
    this.element.hidden = false;
    this.no.focus();
    this.redraw();
  }

  /** Ask no longer; the focus goes back to the button. */
  close() {
    const { opener } = this;
    if (opener === null) return;
    const hadFocus = this.element.contains(document.activeElement);
    this.opener = null;
    this.element.hidden = true;
    opener.hidden = false;
    if (hadFocus) opener.focus();
    this.redraw();
  }
}
