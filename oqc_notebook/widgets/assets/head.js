// What stands first in the panel of a job or composite: state, name, and where it runs.

import { chip, element, setChip, setText, setTitle, simulatedBadge } from "./dom.js";

/** The heading of one view. */
export class RunHead {
  /**
   * @param {import("./store.js").Store} store
   * @param {() => {lead: string, qpu: string, title: string}} where says where it runs
   */
  constructor(store, where) {
    this.store = store;
    this.where = where;
    this.state = chip(store.view.state);
    const announced = element("span", "oqc-state", this.state);
    announced.setAttribute("role", "status");
    this.name = element("h3", "oqc-name oqc-mono");
    this.lead = element("span", "oqc-mute");
    this.qpu = element("span", "oqc-qpu");
    this.badge = simulatedBadge();
    this.wish = element("span", "oqc-wish", "cancel requested");
    this.element = element(
      "div",
      "oqc-title",
      announced,
      this.wish,
      this.name,
      this.lead,
      this.qpu,
      this.badge,
    );
  }

  /** Draw it; give what the panel is called. */
  update() {
    const { view } = this.store;
    const { lead, qpu, title } = this.where();
    const kind = view.kind === "job" ? "job" : "composite job";
    const called = view.name ?? (view.kind === "job" ? view.label : null);
    setChip(this.state, view.state);
    const word = view.kind === "job" ? view.status : null;
    setTitle(this.state, word ? `The server says ${word}` : "");
    this.wish.hidden = !isCancelRequested(view);
    setText(this.name, called ?? kind);
    this.name.classList.toggle("oqc-mute", called === null);
    setText(this.lead, lead);
    setText(this.qpu, qpu);
    setTitle(this.qpu, title);
    this.badge.hidden = !view.simulated;
    return called === null ? `A ${kind}` : `${kind} ${called}`;
  }
}

/** @param {import("./facts.js").View} view */
function isCancelRequested(view) {
  if (view.kind === "job") return view.cancel_requested;
  return view.in_flight && !view.can_cancel; // of every child that is in flight
}
