// What a run resulted in: the counts of each register, or the data in another format.

import { button, element, setText } from "./dom.js";
import { jsonView } from "./json.js";
import { RegisterView } from "./register.js";

/** The result of one run. */
export class ResultView {
  /**
   * @param {import("./store.js").Store} store
   * @param {import("./bits.js").BitOrder} order
   * @param {() => object} whose tells of which run it is, in questions to the kernel
   */
  constructor(store, order, whose) {
    this.store = store;
    this.order = order;
    this.whose = whose;
    /** @type {Map<string, RegisterView>} */
    this.views = new Map();
    this.excerpt = element("pre", "oqc-data");
    this.excerpt.tabIndex = 0; // the arrow keys scroll it
    this.excerpt.setAttribute("role", "group");
    this.excerpt.setAttribute("aria-label", "Result");
    this.opener = button("Show all", () => {
      this.opener.setAttribute("aria-expanded", String(!this.#isOpen()));
      store.tell();
    });
    this.opener.setAttribute("aria-expanded", "false");
    this.opener.classList.add("oqc-quiet");
    this.whole = element("div");
    /** The answer that the whole was drawn from. @type {object | undefined} */
    this.drawn = undefined;
    this.data = element(
      "section",
      "",
      element("div", "oqc-register-head", element("h4", "oqc-heading", "Result"), this.opener),
      this.excerpt,
      this.whole,
    );
    this.empty = element("p", "oqc-mute oqc-empty");
  }

  /**
   * Draw it; give the elements that show it.
   * @param {{registers: import("./facts.js").Register[], other_data: string | null}} result
   * @param {string} empty what to say where there is no result
   */
  update({ registers, other_data: excerpt }, empty) {
    if (registers.length) return registers.map((each) => this.#register(each));
    if (excerpt === null) {
      setText(this.empty, empty);
      return [this.empty];
    }
    setText(this.excerpt, excerpt);
    this.#updateWhole();
    return [this.data];
  }

  #isOpen() {
    return this.opener.getAttribute("aria-expanded") === "true";
  }

  /** @param {import("./facts.js").Register} register */
  #register(register) {
    let view = this.views.get(register.name);
    if (view === undefined) {
      view = new RegisterView(this.store, this.order, this.whose);
      this.views.set(register.name, view);
    }
    view.update(register);
    return view.element;
  }

  #updateWhole() {
    const isOpen = this.#isOpen();
    const answer = isOpen && this.store.alive ? this.store.ask("data", this.whose()) : this.drawn;
    if (answer !== undefined && answer !== this.drawn) {
      this.drawn = answer;
      this.whole.replaceChildren(jsonView("All of it", answer, "result"));
    }
    this.opener.hidden = !this.store.alive && this.drawn === undefined;
    this.excerpt.hidden = isOpen && this.drawn !== undefined;
    this.whole.hidden = !isOpen;
  }
}
