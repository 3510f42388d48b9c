import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import definition from "../../oqc_notebook/widgets/assets/panel.js";
import { Model, RUNNING, compositeFacts, frame, jobFacts, openPage, rowsOf, tableOf } from "./page.js";

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

/**
 * Tell whether a button does nothing now.
 * @param {Element} each
 */
function isOff(each) {
  return each.getAttribute("aria-disabled") === "true";
}

/** @param {Element} el */
function status(el) {
  return el.querySelector(".oqc-status > span:not(.oqc-symbol)")?.parentElement?.textContent?.slice(1) ?? "";
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

test("a run that nobody saw running took a time, and is not said to have been queued", async () => {
  const { el } = await show(new Model(jobFacts({ queued_s: null, ran_s: null, took_s: 2.2 })));
  const facts = [...el.querySelectorAll(".oqc-fact:not([hidden])")].map((fact) => fact.textContent);
  assert.ok(facts.includes("took2.2 s"));
  assert.ok(!facts.some((fact) => fact?.startsWith("queued")));
  assert.equal(el.querySelector(".oqc-time")?.getAttribute("aria-label"), "took 2.2 s");
  const ran = /** @type {HTMLElement} */ (el.querySelector(".oqc-time-ran"));
  assert.equal(ran.style.width, "100%");
});

test("a run of which no times are known is not said to have never run", async () => {
  const { el } = await show(new Model(jobFacts({ times: {}, queued_s: null, ran_s: null })));
  assert.equal(el.querySelector(".oqc-time")?.getAttribute("aria-label"), "times are not known");
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
  assert.deepEqual(model.sent.at(-1), { do: "hello", seq: 1, inside: [] });
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
  assert.equal((el.textContent ?? "").split("onerror").length - 1, 6); // the register's twice
});

test("each register says its own first bit", async () => {
  const { registers } = jobFacts();
  const flags = registers.map((each) => ({ ...each, name: "flag" }));
  const { el } = await show(new Model(jobFacts({ registers: flags })));
  assert.match(el.textContent ?? "", /register flag · flag\[0\] is the leftmost bit/);
});

test("buttons that make no sense are disabled", async () => {
  const model = new Model(jobFacts({ state: "CREATED", run_count: 0, can_refresh: false }));
  const { el } = await show(model);
  assert.ok(!isOff(button(el, "Execute")));
  assert.ok(isOff(button(el, "Cancel…")));
  assert.ok(isOff(button(el, "Refresh")));
  model.receive({ do: "patch", seq: 1, view: { ...RUNNING, can_refresh: true, run_count: 1 } });
  await frame();
  assert.ok(isOff(button(el, "Run again")));
  assert.ok(!isOff(button(el, "Cancel…")));
});

test("no kernel, no buttons but those that only change what is shown", () => {
  const widget = /** @type {any} */ (definition)();
  const model = new Model(jobFacts());
  widget.initialize({ model });
  const el = document.createElement("div");
  cleanups.push(widget.render({ model, el }));
  const on = [...el.querySelectorAll("button")].filter(
    (each) => !isOff(each) && !each.closest("[hidden]"),
  );
  assert.deepEqual(
    on.map(({ textContent }) => textContent),
    ["c[0] is the leftmost bit ⇄", "Options"],
  );
});

test("a double click is one action, and says which run it saw", async () => {
  const model = new Model(jobFacts());
  const { el } = await show(model);
  await frame();
  button(el, "Run again").click();
  button(el, "Run again").click();
  await frame();
  assert.deepEqual(model.sentOf("execute"), [{ do: "execute", run: `${jobFacts().task_id}/1`, cost: null }]);
  assert.ok(isOff(button(el, "Run again")));
  model.receive({ do: "patch", seq: 1, view: { note: { text: "Submitted.", bad: false } } });
  await frame();
  assert.equal(el.querySelector(".oqc-note")?.textContent, "Submitted.");
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

test("a kernel that does not answer is told about, until it does", async () => {
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
  assert.match(status(el), /No answer from the kernel since .*: it is busy/);
  assert.ok(isOff(button(el, "Save")));
  model.receive({ do: "here", seq: 0 });
  await frame();
  assert.equal(status(el), "");
  assert.ok(!isOff(button(el, "Save")));
});

test("a kernel that is done with a message and did not answer has ended", async () => {
  const model = new Model(jobFacts(RUNNING));
  const { el } = await show(model);
  await frame();
  button(el, "Refresh").click();
  /** @type {() => void} */
  let graceIsOver = () => {};
  Object.assign(globalThis, {
    setTimeout: (/** @type {() => void} */ act) => (graceIsOver = act),
  });
  model.callbacks.at(-1)?.iopub.status({ content: { execution_state: "idle" } });
  Object.assign(globalThis, timers);
  graceIsOver();
  await frame();
  assert.match(status(el), /The kernel of this panel has ended.* as of \d\d:\d\d:\d\d UTC/);
  const buttons = [...el.querySelectorAll(".oqc-buttons button:not([hidden] button)")];
  assert.ok(buttons.every(isOff));
  assert.equal(button(el, "Save").title, "The kernel of this panel has ended");
});

test("a kernel that ended while the connection was lost stood as of the loss", async () => {
  const lost = "2026-11-22T14:02:33.000Z";
  const model = new Model(jobFacts({ ...RUNNING, lost }));
  const { el } = await show(model);
  model.receive({ do: "here", seq: 0 });
  model.send = () => {
    throw new Error("The comm is closed");
  };
  button(el, "Refresh").click();
  await frame();
  assert.match(status(el), /has ended.* as of (\S+ )?14:02:33 UTC/);
});

test("a lost connection is no failure of the job, and goes away by itself", async () => {
  const model = new Model(jobFacts(RUNNING));
  const { el } = await show(model);
  const lost = new Date(Date.now() - 12_000).toISOString();
  model.receive({ do: "patch", seq: 1, view: { lost } });
  await frame();
  assert.match(status(el), /Connection to the server lost, trying again · 00:1[23]/);
  assert.equal(el.querySelector(".oqc-state")?.textContent, "▶RUNNING");
  model.receive({ do: "patch", seq: 2, view: { lost: null } });
  await frame();
  assert.equal(status(el), "");
});

test("a closed session is told, and what needs it is off", async () => {
  const { el } = await show(new Model(jobFacts({ session: "closed" })));
  await frame();
  assert.match(status(el), /The session is closed/);
  for (const label of ["Run again", "Cancel…", "Refresh"]) {
    assert.ok(isOff(button(el, label)), label);
    assert.equal(button(el, label).title, "The session is closed");
  }
  assert.ok(!isOff(button(el, "Save")));
});

test("what is in flight in a session that is closed stands still, as of when it was heard", async () => {
  const unfollowed = { since: "2026-11-22T14:02:33.000Z", why: "its session is closed" };
  const model = new Model(jobFacts(RUNNING));
  const { el } = await show(model);
  model.receive({ do: "here", seq: 0 });
  await frame();
  assert.match(el.querySelector(".oqc-facts")?.textContent ?? "", /running\d/);
  model.receive({ do: "patch", seq: 1, view: { session: "closed", unfollowed } });
  await frame();
  assert.match(status(el), /The session is closed: .* as of (\S+ )?14:02:33 UTC\./);
  assert.doesNotMatch(el.querySelector(".oqc-facts")?.textContent ?? "", /running\d/);
  assert.equal(el.querySelector(".oqc-moving"), null);
});

test("what costs something is asked about, with the sum", async () => {
  const cost = { amount: "1.20", words: "1 task at 0.2 + 1000 shots at 0.001" };
  const model = new Model(jobFacts({ cost }));
  const { el } = await show(model);
  await frame();
  button(el, "Run again").click();
  assert.deepEqual(model.sentOf("execute"), []);
  assert.match(el.textContent ?? "", /Costs about 1.20 \(1 task at 0.2 \+ 1000 shots at 0.001\): run\?/);
  button(el, "Run").click();
  assert.equal(model.sentOf("execute").at(-1).cost, "1.20");
});

test("a loaded job is shown at the end, until it is closed", async () => {
  const model = new Model(jobFacts());
  const { el } = await show(model);
  const facts = { view: jobFacts({ name: "old" }), rows: tableOf([]) };
  model.receive({ do: "child", seq: 0, index: "loaded", ...facts });
  await frame();
  const inside = el.querySelector(".oqc-loaded .oqc-live");
  assert.equal(inside?.getAttribute("aria-label"), "job old");
  const patch = { do: "patch", seq: 1, view: { name: "older" } };
  model.receive({ do: "to_child", seq: 0, index: "loaded", message: { now: 0, ...patch } });
  await frame();
  assert.equal(inside?.getAttribute("aria-label"), "job older");
  button(el, "Close").click();
  assert.equal(model.sentOf("unload").length, 1);
  model.receive({ do: "closed", seq: 0, index: "loaded" });
  await frame();
  assert.equal(el.querySelector(".oqc-loaded .oqc-live"), null);
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
  assert.match(el.querySelector(".oqc-file-list")?.textContent ?? "", /job · (\S+ )?14:02:33 UTC/);
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
