import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { matchesPattern, patternFault } from "../../oqc_notebook/widgets/assets/bits.js";
import definition from "../../oqc_notebook/widgets/assets/panel.js";
import { Model, frame, jobFacts, openPage } from "./page.js";

/** @type {(() => void)[]} */
const cleanups = [];

beforeEach(() => {
  openPage();
});

afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** All bitstrings are among those that are sent. */
const SMALL = {
  name: "c",
  total: 1000,
  distinct: 4,
  bars: [
    ["001", 500],
    ["110", 300],
    ["010", 150],
    ["100", 50],
  ],
  other: [0, 0],
};

/** Most bitstrings are known to the kernel only. */
const LARGE = { name: "c", total: 1000, distinct: 900, bars: [["0011", 60], ["1100", 40]], other: [898, 900] };

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

/** @param {Element} el */
function rows(el) {
  return [...el.querySelectorAll(".oqc-histogram tr")].map((row) =>
    [...row.children].map(({ textContent }) => textContent).filter(Boolean).join(" "),
  );
}

/**
 * @param {Element} el
 * @param {string} selector
 * @param {string} value
 */
async function set(el, selector, value) {
  const input = /** @type {HTMLInputElement} */ (el.querySelector(selector));
  input.value = value;
  for (const kind of ["input", "change"]) {
    input.dispatchEvent(new window.Event(kind, { bubbles: true }));
  }
  await frame();
}

/**
 * @param {Element} el
 * @param {string} words
 */
async function press(el, words) {
  const found = [...el.querySelectorAll("button")].find((each) => each.textContent?.includes(words));
  assert.ok(found, words);
  found.click();
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

test("a pattern's stars take any bits, and its question marks one", () => {
  const cases = /** @type {[string, string, boolean][]} */ ([
    ["0*1", "01", true],
    ["0*1", "0001", true],
    ["0*1", "0010", false],
    ["0?1", "001", true],
    ["0?1", "01", false],
    ["*", "", true],
    ["", "0", false],
    ["*01*", "11011", true],
    ["*0*0*", "0", false],
    ["1*?", "1", false],
  ]);
  for (const [pattern, bits, isMatch] of cases) {
    assert.equal(matchesPattern(pattern, bits), isMatch, `${pattern} ${bits}`);
  }
  assert.ok(!matchesPattern(`${"*0".repeat(30)}1`, "0".repeat(200)));
  assert.equal(patternFault("01?*"), null);
  assert.match(patternFault("0x1") ?? "", /not x$/);
});

test("counts add up to the shots, with what is not shown in a row of its own", async () => {
  const { el } = await show({ registers: [LARGE] });
  assert.deepEqual(rows(el), [
    "0011 60 6.0 %",
    "1100 40 4.0 %",
    "other: 898 bitstrings, 900 shots 900 90.0 %",
    "all: 900 bitstrings 1000 100.0 %",
  ]);
});

test("long bitstrings have the width for themselves, and the history is below", async () => {
  const long = { ...SMALL, bars: SMALL.bars.map(([bits, count]) => [String(bits).repeat(30), count]) };
  const { el, model } = await show({ registers: [long] });
  const columns = el.querySelector(".oqc-columns");
  assert.ok(columns?.classList.contains("oqc-stacked"));
  assert.equal(el.querySelectorAll(".oqc-long").length, 4);
  model.receive({ do: "patch", seq: 1, view: { registers: [SMALL] } });
  await frame();
  assert.ok(!columns?.classList.contains("oqc-stacked"));
  assert.equal(el.querySelectorAll(".oqc-long").length, 0);
});

test("a small result is sorted, filtered and turned round without the kernel", async () => {
  const { model, el } = await show({ registers: [SMALL] });
  await press(el, "Options");
  await set(el, "[aria-label='Sort the bitstrings by']", "bits");
  assert.deepEqual(rows(el).slice(0, 4).map((row) => row.slice(0, 3)), ["001", "010", "100", "110"]);
  await press(el, "c[0] is the leftmost bit");
  assert.deepEqual(rows(el).slice(0, 4).map((row) => row.slice(0, 3)), ["001", "010", "011", "100"]);
  assert.match(el.textContent ?? "", /Counts, register c · c\[0\] is the rightmost bit/);
  await set(el, ".oqc-pattern", "0*1");
  assert.deepEqual(rows(el), [
    "001 50 5.0 %",
    "011 300 30.0 %",
    "not matching: 2 bitstrings, 650 shots 650 65.0 %",
    "all: 4 bitstrings 1000 100.0 %",
  ]);
  await set(el, ".oqc-pattern", "2");
  assert.match(el.querySelector(".oqc-fault")?.textContent ?? "", /0, 1, \? \(one bit\) and \* .*not 2/);
  assert.equal(rows(el).length, 4);
  assert.deepEqual(model.sentOf("ask"), []);
});

test("a large result is sorted and filtered by the kernel, in the order that is shown", async () => {
  const { model, el } = await show({ registers: [LARGE] });
  assert.deepEqual(model.sentOf("ask"), []);
  await press(el, "c[0] is the leftmost bit");
  assert.deepEqual(model.sentOf("ask"), []);
  assert.match(rows(el)[0] ?? "", /^1100 60/);
  await set(el, ".oqc-pattern", "1*");
  await set(el, "[aria-label='How many bitstrings to show']", "64");
  const { what, register, sort, pattern, top, mirrored } = model.sentOf("ask").at(-1);
  assert.deepEqual(
    { what, register, sort, pattern, top, mirrored },
    { what: "counts", register: "c", sort: "count", pattern: "1*", top: 64, mirrored: true },
  );
  assert.equal(el.querySelector(".oqc-histogram tbody")?.getAttribute("aria-busy"), "true");
  assert.match(rows(el)[0] ?? "", /^1100 60/);
  await answer(model, { bars: [["0011", 60], ["0001", 3]], matching: [3, 65] });
  assert.deepEqual(rows(el), [
    "1100 60 6.0 %",
    "1000 3 0.3 %",
    "other: 1 bitstring, 2 shots 2 0.2 %",
    "not matching: 897 bitstrings, 935 shots 935 93.5 %",
    "all: 900 bitstrings 1000 100.0 %",
  ]);
});

test("what was chosen stays when another run brings other counts", async () => {
  const { model, el } = await show({ registers: [SMALL] });
  await press(el, "Options");
  await set(el, "[aria-label='Sort the bitstrings by']", "bits");
  const input = /** @type {HTMLInputElement} */ (el.querySelector(".oqc-pattern"));
  input.focus();
  const other = { ...SMALL, total: 2, distinct: 2, bars: [["111", 1], ["000", 1]] };
  model.receive({ do: "patch", seq: 1, view: { registers: [other], run_count: 2 } });
  await frame();
  assert.deepEqual(rows(el).slice(0, 2), ["000 1 50.0 %", "111 1 50.0 %"]);
  assert.equal(document.activeElement, input);
});

test("counts are copied as text from the kernel, or given to be copied by hand", async () => {
  const { model, el } = await show({ registers: [SMALL] });
  await press(el, "Options");
  await press(el, "CSV");
  assert.equal(model.sentOf("ask").at(-1).form, "CSV");
  await answer(model, { text: "bitstring,count\n" });
  const area = /** @type {HTMLTextAreaElement} */ (el.querySelector("textarea"));
  assert.equal(area.value, "bitstring,count\n");
  assert.equal(document.activeElement, area);
  assert.match(el.textContent ?? "", /Press Ctrl\+C/);
  await press(el, "JSON");
  await answer(model, { problem: "too many: job.result.to_dataframe()" });
  assert.match(el.textContent ?? "", /too many: job.result.to_dataframe\(\)/);
});

test("data in another format is shown, and opened as a whole", async () => {
  const { model, el } = await show({ registers: [], other_data: '{"c": [[0, 1' });
  assert.equal(el.querySelector(".oqc-data")?.textContent, '{"c": [[0, 1');
  await press(el, "Show all");
  assert.equal(model.sentOf("ask").at(-1).what, "data");
  await answer(model, { document: { c: [[0, 1, 1]] } });
  assert.ok(el.querySelector(".oqc-json-tree"));
  assert.ok(el.querySelector(".oqc-data[hidden]"));
});
