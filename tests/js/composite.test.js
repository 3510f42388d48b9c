import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import definition from "../../oqc_notebook/widgets/assets/panel.js";
import {
  Model,
  RUNNING,
  changesOf,
  compositeFacts,
  frame,
  jobFacts,
  openPage,
  rowsOf,
  tableOf,
} from "./page.js";

/** @type {(() => void)[]} */
const cleanups = [];

beforeEach(() => {
  openPage();
});

afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/**
 * Show a composite of ten children, of which two failed.
 * @param {Partial<import("../../oqc_notebook/widgets/assets/facts.js").CompositeFacts>} facts
 */
async function show(facts = {}) {
  const shown = showUnanswered(facts);
  shown.model.receive({ do: "here", seq: 0 });
  await frame();
  return shown;
}

/**
 * Show it on a page that the kernel has not answered yet.
 * @param {Partial<import("../../oqc_notebook/widgets/assets/facts.js").CompositeFacts>} facts
 */
function showUnanswered(facts = {}) {
  const rows = rowsOf(10).map((row, index) =>
    index === 3 || index === 7 ? { ...row, state: "FAILED", top: [], total: 0, error: "no\n5| gate" } : row,
  );
  const tallies = { COMPLETED: 8, FAILED: 2 };
  const view = compositeFacts({ children: 10, tallies, to_run_again: 2, failures: 2, ...facts });
  const model = new Model(view, rows);
  const widget = /** @type {any} */ (definition)();
  widget.initialize({ model });
  const el = document.createElement("div");
  document.body.append(el);
  cleanups.push(widget.render({ model, el }));
  return { model, el };
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

/** @param {Element} el */
function rowElements(el) {
  return /** @type {HTMLElement[]} */ ([...el.querySelectorAll(".oqc-rows-space .oqc-row")]);
}

/** @param {Element} el */
function indexes(el) {
  return rowElements(el).map((row) => Number(row.firstChild?.textContent));
}

/**
 * @param {Element} target
 * @param {string} key
 */
function press(target, key) {
  target.dispatchEvent(
    new window.KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }),
  );
}

/**
 * Give the kernel's answer to a click on a child.
 * @param {number} index
 */
function opened(index) {
  const view = jobFacts({ name: `θ = ${index}` });
  return { do: "child", seq: 0, index, view, rows: tableOf([]) };
}

test("a click on a tally shows only children in that state, another one all", async () => {
  const { model, el } = await show();
  const failed = button(el, "✕FAILED2");
  assert.equal(failed.getAttribute("aria-pressed"), "false");
  failed.click();
  assert.equal(failed.getAttribute("aria-pressed"), "true");
  assert.deepEqual(indexes(el), [3, 7]);
  assert.match(el.textContent ?? "", /2 of 10 shown/);
  const changes = { state: "RUNNING", error: null };
  const view = { tallies: { COMPLETED: 8, RUNNING: 1, FAILED: 1 } };
  model.receive({ do: "patch", seq: 1, view, rows: changesOf([[3, changes]]) });
  await frame();
  assert.deepEqual(indexes(el), [7]);
  assert.equal(button(el, "✕FAILED1"), failed);
  failed.click();
  assert.equal(rowElements(el).length, 10);
});

test("a row has the first line of an error, and all of it where the pointer rests", async () => {
  const { el } = await show();
  const cell = /** @type {HTMLElement} */ (el.querySelector("[title^=no]"));
  assert.deepEqual([cell.textContent, cell.title], ["no …", "no\n5| gate"]);
});

test("where no child has a label there is no column of labels", async () => {
  const { model, el } = await show();
  const { classList } = /** @type {Element} */ (el.querySelector(".oqc-children"));
  assert.ok(!classList.contains("oqc-unlabelled"));
  /** @type {[number, object][]} */
  const changes = rowsOf(10).map((_, index) => [index, { label: "" }]);
  model.receive({ do: "patch", seq: 1, view: {}, rows: changesOf(changes) });
  await frame();
  assert.ok(classList.contains("oqc-unlabelled"));
});

test("the filter filters as one types, and is cleared by one click", async () => {
  const { el } = await show();
  const input = el.querySelector("input");
  assert.ok(input);
  input.value = "θ = 4";
  input.dispatchEvent(new window.Event("input", { bubbles: true }));
  assert.deepEqual(indexes(el), [4]);
  button(el, "✕FAILED2").click();
  assert.deepEqual(indexes(el), []);
  button(el, "Clear filter").click();
  assert.equal(input.value, "");
  assert.equal(document.activeElement, input);
  assert.equal(rowElements(el).length, 10);
  assert.equal(button(el, "✕FAILED2").getAttribute("aria-pressed"), "false");
});

test("a child opens below the rows, another one takes its place, and Escape closes it", async () => {
  const { model, el } = await show();
  rowElements(el)[2]?.click();
  assert.deepEqual(model.sentOf("child"), [{ do: "child", index: 2 }]);
  assert.equal(rowElements(el)[2]?.getAttribute("aria-selected"), "true");
  assert.match(el.querySelector(".oqc-child")?.textContent ?? "", /Child 2 of 10 opens…/);
  model.receive(opened(2));
  await frame();
  const child = el.querySelector(".oqc-child");
  assert.match(child?.textContent ?? "", /^Child 2 of 10Close/);
  assert.equal(child?.querySelector(".oqc-live")?.getAttribute("aria-label"), "job θ = 2");

  rowElements(el)[5]?.click();
  model.receive({ do: "closed", seq: 0, index: 2 });
  model.receive(opened(5));
  await frame();
  assert.equal(el.querySelectorAll(".oqc-child .oqc-live").length, 1);
  assert.match(child?.textContent ?? "", /Child 5 of 10.*θ = 5/);

  press(/** @type {Element} */ (child?.querySelector(".oqc-live")), "Escape");
  await frame();
  assert.deepEqual(model.sentOf("child").at(-1), { do: "child", index: null });
  assert.equal(el.querySelector(".oqc-child .oqc-live"), null);
  assert.ok(child?.matches("[hidden]"));
  assert.equal(document.activeElement, rowElements(el)[5]);
});

test("a child that is clicked before the kernel has answered opens when it does", async () => {
  const { model, el } = showUnanswered();
  rowElements(el)[2]?.click();
  assert.deepEqual(model.sentOf("child"), [{ do: "child", index: 2 }]);
  assert.match(el.querySelector(".oqc-child")?.textContent ?? "", /Child 2 of 10 opens…/);
  model.receive({ do: "here", seq: 0 });
  model.receive(opened(2));
  await frame();
  assert.match(el.querySelector(".oqc-child")?.textContent ?? "", /^Child 2 of 10Close/);
});

test("a child that is clicked where the kernel has ended opens no longer", async () => {
  const { model, el } = showUnanswered();
  rowElements(el)[2]?.click();
  model.send = () => {
    throw new Error("the connection to the kernel is closed");
  };
  rowElements(el)[3]?.click();
  await frame();
  assert.ok(el.querySelector(".oqc-child")?.matches("[hidden]"));
  rowElements(el)[4]?.click();
  assert.ok(el.querySelector(".oqc-child")?.matches("[hidden]"));
});

test("a row that is gone when the kernel gets to the click opens no longer", async () => {
  const { model, el } = await show();
  rowElements(el)[2]?.click();
  model.receive({ do: "patch", seq: 1, view: {}, rows: changesOf([[2, { gone: true }]]) });
  await frame();
  assert.ok(el.querySelector(".oqc-child")?.matches("[hidden]"));
});

test("what a child's panel asks for goes to the child", async () => {
  const { model, el } = await show();
  rowElements(el)[2]?.click();
  model.receive(opened(2));
  await frame();
  const child = /** @type {Element} */ (el.querySelector(".oqc-child .oqc-live"));
  button(child, "Run again").click();
  const sent = model.sentOf("to_child").filter(({ message }) => message.do === "execute");
  assert.equal(sent.length, 1);
  assert.equal(sent[0].index, 2);
  const message = { do: "patch", seq: 1, now: Date.now(), view: RUNNING };
  model.receive({ do: "to_child", seq: 0, index: 2, message });
  await frame();
  assert.equal(child.querySelector(".oqc-state")?.textContent, "▶RUNNING");
});

test("failed children are run again by one click, which says which failures it saw", async () => {
  const { model, el } = await show();
  const rerun = button(el, "Re-run 2 failed");
  rerun.click();
  rerun.click();
  assert.deepEqual(model.sentOf("rerun"), [{ do: "rerun", failures: 2, cost: null }]);
  const view = { to_run_again: 0, tallies: { COMPLETED: 8, RUNNING: 2 } };
  model.receive({ do: "patch", seq: 1, view });
  await frame();
  assert.ok(rerun.hidden);
  const cancelled = { to_run_again: 3, tallies: { COMPLETED: 7, CANCELLED: 2, FAILED: 1 } };
  model.receive({ do: "patch", seq: 2, view: cancelled });
  await frame();
  assert.equal(rerun.textContent, "Re-run 3 failed or cancelled");
});

test("what running them again costs is asked about", async () => {
  const { model, el } = await show({ rerun_cost: { amount: "0.40", words: "2 tasks at 0.2" } });
  button(el, "Re-run 2 failed").click();
  assert.match(el.textContent ?? "", /Costs about 0.40 \(2 tasks at 0.2\): run\?/);
  button(el, "Run").click();
  assert.deepEqual(model.sentOf("rerun"), [{ do: "rerun", failures: 2, cost: "0.40" }]);
});

test("the rest is estimated only where all children began together", async () => {
  const started = new Date(Date.now() - 3_600_000).toISOString();
  const { model, el } = await show({ started, last_begun: started });
  model.receive({ do: "patch", seq: 1, view: { tallies: { COMPLETED: 5, RUNNING: 5 } } });
  await frame();
  assert.match(el.textContent ?? "", /1:00:0\d elapsed · about 1:00:0\d left/);
  // three failed ones, say, were run again an hour later
  model.receive({ do: "patch", seq: 2, view: { last_begun: new Date(Date.now()).toISOString() } });
  await frame();
  assert.match(el.textContent ?? "", /1:00:0\d elapsed(?! · about)/);
});

// ---- the heat map ----

/**
 * Give an answer with shares by line and column; null stands for no counts.
 * @param {(number | null)[][]} lines
 * @param {object} facts
 */
function heat(lines, facts = {}) {
  const numbers = lines.flat().map((share) => (share === null ? 65535 : Math.round(share * 65534)));
  const data = btoa(String.fromCharCode(...new Uint8Array(new Uint16Array(numbers).buffer)));
  const whole = { first: 0, end: lines.length, per_line: 1, has_other: true };
  return { registers: ["c"], register: "c", bits: ["00", "11"], ...whole, data, ...facts };
}

/**
 * Choose the heat map, and answer what is asked.
 * @param {Model} model
 * @param {Element} el
 * @param {object} answer
 */
async function showHeat(model, el, answer) {
  Object.assign(window.HTMLCanvasElement.prototype, { getContext: () => null });
  Object.assign(globalThis, { ImageData: class {} });
  button(el, "Heat map").click();
  model.receive({ do: "answer", seq: 0, key: model.sentOf("ask").at(-1).key, answer });
  await frame();
  const map = /** @type {HTMLElement} */ (el.querySelector(".oqc-heat-map"));
  return { map, read: () => el.querySelector(".oqc-heat-read")?.textContent };
}

test("the heat map is asked for when it is looked at, and read with the arrow keys", async () => {
  const { model, el } = await show();
  assert.deepEqual(model.sentOf("ask"), []);
  const answer = heat([
    [0.9, 0.08, 0.02],
    [0.372, 0.6, 0.028],
    [null, null, null],
  ]);
  const { map, read } = await showHeat(model, el, answer);
  const { what, register, first, end, results } = model.sentOf("ask")[0];
  assert.deepEqual([what, register, first, end, results], ["heatmap", null, 0, null, 132]);
  map.focus();
  assert.equal(read(), "child 0 (θ = 0) · 00 · 90.0 %");
  press(map, "ArrowDown");
  assert.equal(read(), "child 1 (θ = 1) · 00 · 37.2 %");
  press(map, "ArrowRight");
  press(map, "ArrowRight");
  assert.equal(read(), "child 1 (θ = 1) · other · 2.8 %");
  press(map, "End");
  assert.equal(read(), "child 2 (θ = 2) · other · no counts");
  press(map, "Enter");
  assert.deepEqual(model.sentOf("child"), [{ do: "child", index: 2 }]);
  assert.match(map.getAttribute("aria-label") ?? "", /The table shows the same children as text/);
});

test("a line of several children says so, and Enter looks into it", async () => {
  const { model, el } = await show({ children: 10_000 });
  const lines = Array.from({ length: 400 }, () => [0.5, 0.5, 0]);
  const { map, read } = await showHeat(model, el, heat(lines, { end: 10_000, per_line: 25 }));
  map.focus();
  press(map, "PageDown");
  assert.equal(read(), "children 250–274 · 00 · mean 50.0 %");
  assert.match(el.textContent ?? "", /Each line is the mean of 25 children/);
  press(map, "Enter");
  const { first, end } = model.sentOf("ask").at(-1);
  assert.deepEqual([first, end], [63, 463]);
  press(map, "Escape");
  await frame();
  assert.equal(read(), "children 250–274 · 00 · mean 50.0 %");
});

test("while children finish, the map is asked for once a second at most", async () => {
  const { model, el } = await show();
  await showHeat(model, el, heat([[0.9, 0.1, 0]]));
  for (const seq of [1, 2, 3]) {
    model.receive({ do: "patch", seq, view: { results: 132 + seq } });
    await frame();
  }
  assert.equal(model.sentOf("ask").length, 1);
  const began = Date.now();
  while (model.sentOf("ask").length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(Date.now() - began < 2000);
  assert.equal(model.sentOf("ask").at(-1).results, 135);
});

test("without a kernel the map says what it needs", async () => {
  const model = new Model(compositeFacts(), rowsOf(3));
  const widget = /** @type {any} */ (definition)();
  widget.initialize({ model });
  const el = document.createElement("div");
  cleanups.push(widget.render({ model, el }));
  button(el, "Heat map").click();
  assert.match(el.textContent ?? "", /needs its kernel; the table shows the children/);
});

test("of several registers one is chosen", async () => {
  const { model, el } = await show();
  await showHeat(model, el, heat([[0.9, 0.1, 0]], { registers: ["c", "flag"] }));
  const select = /** @type {HTMLSelectElement} */ (el.querySelector(".oqc-heat select"));
  assert.deepEqual(
    [...select.options].map((option) => option.value),
    ["c", "flag"],
  );
  select.value = "flag";
  select.dispatchEvent(new window.Event("change"));
  assert.equal(model.sentOf("ask").at(-1).register, "flag");
  // until the answer is here, the map stays
  assert.ok(!el.querySelector(".oqc-heat-figure")?.matches("[hidden]"));
});
