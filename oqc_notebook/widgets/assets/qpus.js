// The panel of a service's QPUs: a row for each, with its features and calibration below.

import { button, element, enable, onceButton, setText, setTitle, simulatedBadge } from "./dom.js";
import { whyNoSession } from "./facts.js";
import { duration, timeOf } from "./format.js";
import { jsonView } from "./json.js";
import { whyNoKernel } from "./toolbar.js";

const QPU_COLUMNS = ["QPU", "status", "qubits", "queue", "wait", "next window", "price"];
const QPU_NUMBERS = ["qubits", "queue", "wait"];

/** What stands first in the panel of QPUs. */
export class QpusHead {
  /** @param {import("./store.js").Store} store */
  constructor(store) {
    this.store = store;
    this.where = element("span", "oqc-mute");
    this.asOf = element("span", "oqc-mute");
    this.asOf.setAttribute("role", "status");
    const name = element("h3", "oqc-name", "QPUs");
    this.element = element("div", "oqc-title", name, this.where, this.asOf);
  }

  /** Draw it; give what the panel is called. */
  update() {
    const { url, as_of: asOf } = qpusFacts(this.store);
    setText(this.where, `at ${url}`);
    setText(this.asOf, `as of ${timeOf(asOf, this.store.now())}`);
    return "QPUs";
  }
}

/** The one button of a panel that is of no job: Refresh of the QPUs, Export of the session. */
export class PlainToolbar {
  /**
   * @param {import("./store.js").Store} store
   * @param {() => void} redraw
   */
  constructor(store, redraw) {
    this.store = store;
    /** @type {number | null} */
    this.clickedAt = null;
    const isOfQpus = qpusFacts(store).kind === "qpus";
    this.action = isOfQpus ? "refresh" : "export";
    this.help = isOfQpus
      ? "Asks the service again"
      : "Makes one page of the notebook, as last saved, and of all its results";
    this.button = onceButton(isOfQpus ? "Refresh" : "Export", () => {
      store.send({ do: this.action });
      this.clickedAt = store.messages;
      redraw();
    });
    this.element = element("div", "oqc-buttons", this.button);
    this.files = element("div");
    this.files.hidden = true;
    this.load = this.button;
  }

  update() {
    const { messages, view } = this.store;
    if (this.clickedAt !== messages) this.clickedAt = null;
    const away = whyNoKernel(this.store, this.clickedAt !== null);
    const whyNot = this.action === "refresh" ? whyNoSession(view) : null; // a page needs none
    const isBusy = view.busy === this.action ? "It is being done" : null;
    enable(this.button, away ?? whyNot ?? isBusy, this.help);
  }
}

/** The parts of a panel of QPUs below its header. */
export class QpusBody {
  /** @param {import("./store.js").Store} store */
  constructor(store) {
    this.store = store;
    /** What is drawn of each, by id. @type {Map<string, QpuRow>} */
    this.drawn = new Map();
    this.heads = QPU_COLUMNS.map((name) => {
      const cell = element("th", QPU_NUMBERS.includes(name) ? "oqc-number" : "", name);
      cell.scope = "col";
      return cell;
    });
    const head = element("tr", "", ...this.heads);
    const caption = element("caption", "oqc-unseen", "QPUs");
    this.table = element("table", "oqc-qpus", caption, element("thead", "", head));
    this.elements = [element("div", "oqc-qpus-box", this.table)];
  }

  /** Whether something changes with time alone. */
  ticks() {
    return false;
  }

  update() {
    /** @type {import("./facts.js").QpuRowFacts[]} */
    const rows = /** @type {any} */ (this.store.rows);
    const ids = new Set(rows.map(({ id }) => id));
    for (const [id, row] of this.drawn) {
      if (ids.has(id)) continue;
      row.element.remove();
      this.drawn.delete(id);
    }
    for (const facts of rows) {
      let row = this.drawn.get(facts.id);
      if (row === undefined) {
        row = new QpuRow(this.store, facts.id);
        this.drawn.set(facts.id, row);
      }
      row.update(facts);
      if (row.element.parentElement === null) this.table.append(row.element);
    }
    // what no QPU tells is left out
    for (const [place, head] of this.heads.entries()) {
      const cells = [...this.drawn.values()].map((row) => row.cells[place - 1]);
      const isEmpty = place > 0 && cells.every((cell) => cell?.textContent === "–");
      for (const cell of [head, ...cells]) if (cell) cell.hidden = isEmpty;
    }
  }
}

/** A QPU's row, and below it what it can do and how it was calibrated. */
class QpuRow {
  /**
   * @param {import("./store.js").Store} store
   * @param {string} id
   */
  constructor(store, id) {
    this.store = store;
    this.id = id;
    this.isOpen = false;
    this.name = element("b");
    this.mark = element("span", "oqc-default", "default");
    setTitle(this.mark, "Jobs that name no QPU go here");
    this.badge = simulatedBadge();
    this.toggle = button("", () => {
      this.isOpen = !this.isOpen;
      this.#updateDetails();
    });
    this.toggle.className = "oqc-disclose";
    this.toggle.append(element("span", "oqc-disclose-mark"), this.name);
    this.toggle.setAttribute("aria-expanded", "false");
    const idLine = element("span", "oqc-mono oqc-mute oqc-qpu-id", id);
    const title = element("div", "oqc-qpu-title", this.toggle, this.mark, this.badge);
    this.cells = QPU_COLUMNS.slice(1).map((name) =>
      element("td", QPU_NUMBERS.includes(name) ? "oqc-mono oqc-number" : ""),
    );
    this.details = element("td");
    this.details.colSpan = QPU_COLUMNS.length;
    this.detailsRow = element("tr", "oqc-qpu-details", this.details);
    this.detailsRow.hidden = true;
    const head = element("th", "", title, idLine);
    head.scope = "row";
    this.element = element("tbody", "", element("tr", "", head, ...this.cells), this.detailsRow);
    /** @type {unknown} the answer that is drawn */
    this.answer = null;
  }

  /** @param {import("./facts.js").QpuRowFacts} facts */
  update(facts) {
    setText(this.name, facts.name);
    this.mark.hidden = !facts.is_default;
    this.badge.hidden = !facts.simulated;
    const texts = [
      facts.status,
      facts.qubits === null ? "" : String(facts.qubits),
      facts.queue === null ? "" : String(facts.queue),
      facts.wait_s === null ? "" : waitText(facts),
      facts.window === null ? "" : timeOf(facts.window, this.store.now()),
      facts.price ?? "",
    ];
    for (const [place, cell] of this.cells.entries()) setText(cell, texts[place] || "–");
    if (this.isOpen) this.#updateDetails();
  }

  #updateDetails() {
    this.toggle.setAttribute("aria-expanded", String(this.isOpen));
    this.detailsRow.hidden = !this.isOpen;
    if (!this.isOpen) return;
    const asOf = qpusFacts(this.store).as_of;
    const answer = this.store.ask("qpu", { id: this.id, as_of: asOf });
    if (answer === this.answer && answer !== undefined) return;
    if (answer === undefined && this.answer) return; // the earlier one until there is a new one
    this.answer = answer ?? null;
    if (answer === undefined || answer.problem) {
      const text = answer?.problem ?? (this.store.alive ? "Asking the service…" : "No kernel to ask");
      this.details.replaceChildren(element("p", "oqc-mute", text));
      return;
    }
    this.details.replaceChildren(
      jsonView("Features", answer.features, `${this.id} features`),
      jsonView("Calibration", answer.calibration, `${this.id} calibration`),
    );
  }
}

/** @param {import("./facts.js").QpuRowFacts} facts */
function waitText({ wait_s: wait, queue }) {
  if (wait === null || queue === 0) return "none";
  return wait < 60 ? `~${Math.round(wait)} s` : `~${duration(wait)}`;
}

/** @param {import("./store.js").Store} store */
function qpusFacts(store) {
  return /** @type {import("./facts.js").QpusFacts} */ (/** @type {unknown} */ (store.view));
}
