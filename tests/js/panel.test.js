import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import definition from "../../oqc_notebook/widgets/assets/panel.js";
import { Model, RUNNING, compositeFacts, frame, jobFacts, openPage, rowsOf } from "./page.js";

/** @type {(() => void)[]} */
const cleanups = [];
const timers = { setTimeout, setInterval, clearInterval };

beforeEach(() => {
  openPage();
});

afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
  Object.assign(globalThis, timers);
});

/**
 * Show a panel, and have the kernel greet it.
 * @param {Model} model
 */
async function show(model) {
  const widget = /** @type {any} */ (definition)();
  widget.initialize({ model });
  const el = document.createElement("div");
  document.body.append(el);
  cleanups.push(widget.render({ model, el }));
  model.receive({ do: "here", seq: model.get("view").seq });
  await frame();
  return { widget, el };
}

/**
 * @param {Element} el
 * @param {string} label
 * @returns {HTMLButtonElement}
 */
function button(el, label) {
  const found = [...el.querySelectorAll("button")].find((each) => each.textContent === label);
  assert.ok(found, `there is no button ${label}`);
  return found;
}

test("a job's panel shows its facts", async () => {
  const { el } = await show(new Model(jobFacts()));
  const text = el.textContent ?? "";
  for (const part of [
    "✓COMPLETED",
    "bell",
    "Exact 32-qubit",
    "SIMULATED",
    "shots1000",
    "3f9c…81d2",
    "queued1.8 s",
    "ran0.4 s",
    "Counts, register c · c[0] is the leftmost bit",
    "50.7 %",
    "other: 3 bitstrings, 15 shots",
    "History",
  ]) {
    assert.ok(text.includes(part), part);
  }
});

test("a composite's panel shows tallies, progress and rows", async () => {
  const { el } = await show(new Model(compositeFacts(), rowsOf(200)));
  assert.match(el.textContent ?? "", /200 jobs on8-qubit Simulator/);
  assert.equal(
    el.querySelector(".oqc-tally")?.getAttribute("aria-label"),
    "132 COMPLETED, 10 RUNNING, 55 SUBMITTED, 3 FAILED",
  );
  assert.match(el.textContent ?? "", /elapsed · about .* left/);
  assert.ok(el.querySelectorAll(".oqc-row").length < 30);
});

test("a panel follows the kernel's changes", async () => {
  const model = new Model(jobFacts());
  const { el } = await show(model);
  model.receive({ do: "patch", seq: 1, view: RUNNING });
  await frame();
  assert.equal(el.querySelector(".oqc-state")?.textContent, "▶RUNNING");
  assert.match(el.textContent ?? "", /running\d\d:\d\d/);
  model.receive({ do: "patch", seq: 3, view: { state: "FAILED" } });
  assert.deepEqual(model.sent.at(-1), { do: "hello", seq: 1 });
});

test("markup and bidi characters show as text", async () => {
  const evil = '<img src=x onerror="window.hit=1">\u202e';
  const { el } = await show(
    new Model(
      jobFacts({
        name: evil,
        error: { code: 400, message: evil },
        note: { text: evil, bad: true },
        qpu: { id: evil, name: evil },
        registers: [{ name: evil, total: 1, distinct: 1, bars: [["0", 1]], other: [0, 0] }],
      }),
    ),
  );
  assert.equal(el.querySelector("img"), null);
  assert.ok(!new window.XMLSerializer().serializeToString(el).includes("\u202e"));
  assert.equal((el.textContent ?? "").split("onerror").length - 1, 5);
});

test("buttons that make no sense are disabled", async () => {
  const model = new Model(jobFacts({ state: "CREATED", run_count: 0, can_refresh: false }));
  const { el } = await show(model);
  assert.ok(!button(el, "Execute").disabled);
  assert.ok(button(el, "Cancel…").disabled);
  assert.ok(button(el, "Refresh").disabled);
  model.receive({ do: "patch", seq: 1, view: { ...RUNNING, can_refresh: true, run_count: 1 } });
  await frame();
  assert.ok(button(el, "Run again").disabled);
  assert.ok(!button(el, "Cancel…").disabled);
});

test("no kernel, no buttons", () => {
  const widget = /** @type {any} */ (definition)();
  const model = new Model(jobFacts());
  widget.initialize({ model });
  const el = document.createElement("div");
  cleanups.push(widget.render({ model, el }));
  assert.ok(
    [...el.querySelectorAll("button")].every((each) => each.disabled || each.closest("[hidden]")),
  );
});

test("a double click is one action, and says which run it saw", async () => {
  const model = new Model(jobFacts());
  const { el } = await show(model);
  await frame();
  button(el, "Run again").click();
  button(el, "Run again").click();
  await frame();
  assert.deepEqual(model.sentOf("execute"), [{ do: "execute", run: jobFacts().task_id }]);
  assert.ok(button(el, "Run again").disabled);
  model.receive({ do: "patch", seq: 1, view: { note: { text: "Submitted.", bad: false } } });
  await frame();
  assert.equal(el.querySelector("footer")?.textContent, "Submitted.");
});

test("cancelling asks first, and Escape means no", async () => {
  const model = new Model(jobFacts(RUNNING));
  const { el } = await show(model);
  await frame();
  button(el, "Cancel…").click();
  assert.equal(document.activeElement, button(el, "No"));
  const escape = new window.KeyboardEvent("keydown", { key: "Escape", bubbles: true });
  button(el, "No").dispatchEvent(escape);
  assert.equal(document.activeElement, button(el, "Cancel…"));
  assert.deepEqual(model.sentOf("cancel"), []);
  button(el, "Cancel…").click();
  button(el, "Yes").click();
  assert.equal(model.sentOf("cancel").length, 1);
});

test("the question goes away when the run has ended", async () => {
  const model = new Model(jobFacts(RUNNING));
  const { el } = await show(model);
  await frame();
  button(el, "Cancel…").click();
  model.receive({ do: "patch", seq: 1, view: { state: "COMPLETED", can_cancel: false } });
  await frame();
  assert.ok(button(el, "Yes").closest("[hidden]"));
});

test("a kernel that does not answer is told about", async () => {
  const model = new Model(jobFacts());
  const { el } = await show(model);
  await frame();
  /** @type {() => void} */
  let losePatience = () => {};
  Object.assign(globalThis, {
    setTimeout: (/** @type {() => void} */ act) => (losePatience = act),
  });
  button(el, "Save").click();
  Object.assign(globalThis, timers);
  losePatience();
  await frame();
  assert.match(el.querySelector("footer")?.textContent ?? "", /No answer from the kernel yet/);
});

test("saved jobs are offered, and one is opened", async () => {
  const model = new Model(jobFacts());
  const { el } = await show(model);
  await frame();
  button(el, "Load…").click();
  const modified = "2026-11-22T14:02:33+00:00";
  const files = [{ path: "/n/b.oqc/saved/old.json", name: "old", kind: "job", modified }];
  model.receive({ do: "offer", seq: 0, files });
  await frame();
  assert.equal(document.activeElement, button(el, "old"));
  button(el, "old").click();
  assert.deepEqual(model.sentOf("open"), [{ do: "open", path: "/n/b.oqc/saved/old.json" }]);
  await frame();
  assert.ok(button(el, "Close").closest("[hidden]"));
});

test("a view that is removed leaves nothing behind", async () => {
  /** @type {Set<unknown>} */
  const ticking = new Set();
  Object.assign(globalThis, {
    setInterval: (/** @type {[() => void, number]} */ ...how) => {
      const timer = timers.setInterval(...how);
      ticking.add(timer);
      return timer;
    },
    clearInterval: (/** @type {any} */ timer) => {
      ticking.delete(timer);
      timers.clearInterval(timer);
    },
  });
  const model = new Model(jobFacts(RUNNING));
  const widget = /** @type {any} */ (definition)();
  widget.initialize({ model });
  const el = document.createElement("div");
  const removals = [widget.render({ model, el }), widget.render({ model, el })];
  model.receive({ do: "here", seq: 0 });
  await frame();
  assert.equal(ticking.size, 2);
  assert.equal(model.sentOf("hello").length, 1);
  removals[0]();
  model.receive({ do: "who", seq: 0 });
  assert.equal(model.sentOf("hello").length, 2);
  assert.equal(model.sentOf("gone").length, 0);
  removals[1]();
  assert.equal(model.sentOf("gone").length, 1);
  model.receive({ do: "who", seq: 0 });
  assert.equal(model.sentOf("hello").length, 2);
  assert.equal(ticking.size, 0);
  assert.equal(el.children.length, 0);
});
