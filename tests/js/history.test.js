import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import definition from "../../oqc_notebook/widgets/assets/panel.js";
import { Model, RUNNING, frame, jobFacts, openPage } from "./page.js";

/** @type {(() => void)[]} */
const cleanups = [];

beforeEach(() => {
  openPage();
});

afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/**
 * Give the facts of a run.
 * @param {number} run
 * @param {object} facts
 */
function runFacts(run, facts = {}) {
  return { ...jobFacts().runs[0], run, received: "2026-11-22T14:02:33.200Z", ...facts };
}

/**
 * Give the facts of runs, newest first.
 * @param {number} first
 * @param {number} last
 */
function runsOf(first, last) {
  return Array.from({ length: last - first + 1 }, (_, i) => runFacts(last - i));
}

const DETAILS = {
  inputs: { program: "OPENQASM 2.0; // old", qpu: { id: "q", name: "Exact" }, settings: [["shots", "500"]] },
  diagnostics: { timings: { SERVER_RECEIVED: "2026-11-22" } },
  origin: {
    asked: "2026-11-22T14:02:31Z",
    facts: [["notebook", "bell.ipynb"], ["git", "0a1b2c3 and changes"]],
    source: "%%oqc_job <bell>",
  },
  registers: [{ name: "c", total: 3, distinct: 1, bars: [["00", 3]], other: [0, 0] }],
  other_data: null,
};

/** @param {object} facts */
async function show(facts) {
  const model = new Model(jobFacts(facts));
  const widget = /** @type {any} */ (definition)();
  widget.initialize({ model });
  const el = document.createElement("div");
  document.body.append(el);
  cleanups.push(widget.render({ model, el }));
  model.receive({ do: "here", seq: 0 });
  await frame();
  return { model, el };
}

/**
 * @param {Element} el
 * @param {string} name
 */
function named(el, name) {
  const found = [...el.querySelectorAll("button, select")].find(
    (each) => (each.getAttribute("aria-label") ?? each.textContent) === name,
  );
  assert.ok(found, `there is no ${name}`);
  return /** @type {HTMLButtonElement} */ (found);
}

/**
 * @param {Element} el
 * @param {string} name
 */
async function press(el, name) {
  named(el, name).click();
  await frame();
}

/**
 * Answer the question that was asked last.
 * @param {Model} model
 * @param {object} told
 */
async function answer(model, told) {
  model.receive({ do: "answer", seq: 0, key: model.sentOf("ask").at(-1).key, answer: told });
  await frame();
}

test("shots and QPU are listed where they differ", async () => {
  const { model, el } = await show({ run_count: 2, runs: runsOf(1, 2) });
  const table = el.querySelector(".oqc-history");
  assert.ok(table?.matches(".oqc-same-qpu.oqc-same-shots"));
  const runs = [runFacts(3, { shots: 7, qpu_id: "other", qpu: "Lucy" }), ...runsOf(1, 2)];
  model.receive({ do: "patch", seq: 1, view: { run_count: 3, runs } });
  await frame();
  assert.ok(!table?.matches(".oqc-same-qpu, .oqc-same-shots"));
  assert.match(table?.querySelector("tbody tr")?.textContent ?? "", /^3.*7Lucy/);
});

test("a run opens its program, configuration, diagnostics and counts, and closes again", async () => {
  const { model, el } = await show({ run_count: 2, runs: runsOf(1, 2) });
  const opener = named(el, "Run 1: details");
  assert.equal(opener.getAttribute("aria-expanded"), "false");
  await press(el, "Run 1: details");
  assert.equal(opener.getAttribute("aria-expanded"), "true");
  assert.equal(model.sentOf("ask").at(-1).what, "run");
  assert.equal(model.sentOf("ask").at(-1).run, 1);
  await answer(model, DETAILS);
  const section = el.querySelector(".oqc-run");
  const origin = ["14:02:31 UTC", "notebookbell.ipynb", "git0a1b2c3 and changes", "%%oqc_job <bell>"];
  const parts = ["Run 1", "14:02:33 UTC", "OPENQASM 2.0; // old", "shots500", "timings", "00"];
  for (const part of [...parts, ...origin]) {
    assert.ok(section?.textContent?.includes(part), part);
  }
  const escape = new window.KeyboardEvent("keydown", { key: "Escape", bubbles: true });
  section?.dispatchEvent(escape);
  await frame();
  assert.equal(el.querySelector(".oqc-run"), null);
  assert.equal(document.activeElement, opener);
  assert.equal(opener.getAttribute("aria-expanded"), "false");
});

test("a run that is open, and the focus, stay when another run ends", async () => {
  const { model, el } = await show({ run_count: 1, runs: runsOf(1, 1) });
  await press(el, "Run 1: details");
  await answer(model, DETAILS);
  const opener = named(el, "Run 1: details");
  opener.focus();
  model.receive({ do: "patch", seq: 1, view: { run_count: 2, runs: runsOf(1, 2) } });
  await frame();
  assert.equal(document.activeElement, opener);
  assert.match(el.querySelector(".oqc-run")?.textContent ?? "", /OPENQASM 2.0; \/\/ old/);
  assert.equal(model.sentOf("ask").length, 1);
});

test("earlier runs come in blocks, without gap or repetition", async () => {
  const { model, el } = await show({ run_count: 127, runs: runsOf(78, 127) });
  const numbers = () =>
    [...el.querySelectorAll(".oqc-history .oqc-disclose")].map(({ textContent }) => Number(textContent));
  await press(el, "Show 50 of 77 earlier");
  assert.equal(model.sentOf("ask").at(-1).block, 1);
  await answer(model, { runs: runsOf(51, 100) });
  assert.equal(model.sentOf("ask").at(-1).block, 0);
  await answer(model, { runs: runsOf(1, 50) });
  assert.deepEqual(numbers(), runsOf(28, 127).map(({ run }) => run));
  await press(el, "Show 27 of 27 earlier");
  assert.deepEqual(numbers(), runsOf(1, 127).map(({ run }) => run));
  model.receive({ do: "patch", seq: 1, view: { run_count: 128, runs: runsOf(79, 128) } });
  await frame();
  assert.deepEqual(numbers(), runsOf(1, 128).map(({ run }) => run));
});

test("two runs are compared: shares side by side, differences with their sign, the distance", async () => {
  const failed = runFacts(3, { state: "FAILED", error: { code: 400, message: "no" } });
  const { model, el } = await show({ run_count: 3, runs: [failed, ...runsOf(1, 2)] });
  await press(el, "Compare runs");
  const { what, a, b } = model.sentOf("ask").at(-1);
  assert.deepEqual([what, a, b], ["compare", 1, 2]);
  await answer(model, {
    notes: ["The programs differ:"],
    program: ["line 1:", "-h q[0];", "+x q[0];"],
    settings: [["shots", "10", "1000"]],
    registers: [
      { name: "c", shots: [10, 1000], distance: 0.25, noise: 0.1, bars: [["01", 5, 750], ["10", 5, 250]], other: [0, 0, 0] },
      { name: "e", shots: [10000, 10000], distance: 0.0002, noise: 0.01, bars: [["0", 5000, 5002], ["1", 5000, 4998]], other: [0, 0, 0] },
      { name: "d", shots: [null, 3] },
    ],
  });
  const section = el.querySelector(".oqc-compare");
  const text = section?.textContent ?? "";
  for (const part of [
    "-h q[0];",
    "total variation distance 0.250 · about 0.100 is expected from shot noise alone",
    "A has 10 shots, B 1000: shares are compared.",
    "50.0 %75.0 %+25.0 pp",
    "50.0 %25.0 %−25.0 pp",
    "50.0 %50.0 %0.0 pp",
    "Only run B has this register.",
  ]) {
    assert.ok(text.includes(part), part);
  }
  const select = /** @type {HTMLElement & {value: string}} */ (named(el, "Run B"));
  select.value = "1";
  select.dispatchEvent(new window.Event("change"));
  await frame();
  assert.match(section?.textContent ?? "", /the same run twice/);
  assert.equal(model.sentOf("ask").length, 1);
});

test("an earlier run's inputs are used again, and that can be undone until another run begins", async () => {
  const { model, el } = await show({ run_count: 2, runs: runsOf(1, 2) });
  await press(el, "Run 1: details");
  await answer(model, DETAILS);
  await press(el, "Use again the inputs of run 1");
  assert.deepEqual(model.sentOf("restore"), [{ do: "restore", run: 1 }]);
  const shown = `${jobFacts().task_id}/2`;
  model.receive({ do: "patch", seq: 1, view: { restored: { run: 1, shown } } });
  await frame();
  const line = /** @type {HTMLElement} */ (el.querySelector(".oqc-restored"));
  assert.ok(!line.hidden);
  assert.match(line.textContent ?? "", /The next run uses the inputs of run 1./);
  await press(el, "Undo");
  assert.equal(model.sentOf("undo").length, 1);
  model.receive({ do: "patch", seq: 2, view: { ...RUNNING, task_id: "another" } });
  await frame();
  assert.ok(line.hidden);
  assert.equal(named(el, "Use again the inputs of run 1").getAttribute("aria-disabled"), "true");
});

test("the program of the next run is shown, beside that of the latest where they differ", async () => {
  const { model, el } = await show({});
  await press(el, "Program and configuration");
  const { inputs } = DETAILS;
  const latest = { ...inputs, program: "x q[0];" };
  await answer(model, { next: inputs, latest });
  const section = el.querySelector(".oqc-program-section");
  for (const part of ["The next run runs something else", "// old", "The latest run ran this:", "x q[0];"]) {
    assert.ok(section?.textContent?.includes(part), part);
  }
  await press(el, "Program and configuration");
  await press(el, "Program and configuration");
  assert.equal(model.sentOf("ask").length, 2); // it may have changed meanwhile
});

test("what a run left is text, also where it looks like markup", async () => {
  const evil = "<img src=x onerror=alert(1)>\u202e";
  const { model, el } = await show({});
  await press(el, "Run 1: details");
  await answer(model, {
    ...DETAILS,
    inputs: { program: evil, qpu: { id: evil, name: evil }, settings: [[evil, evil]] },
    diagnostics: { timings: { [evil]: evil } },
    registers: [{ name: evil, total: 1, distinct: 1, bars: [["0", 1]], other: [0, 0] }],
  });
  assert.equal(el.querySelector("img"), null);
  assert.ok(!new window.XMLSerializer().serializeToString(el).includes("\u202e"));
  assert.ok((el.textContent ?? "").split("onerror").length > 6);
});
