import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Palette } from "../../oqc_notebook/widgets/assets/counts.js";
import { childColumns } from "../../oqc_notebook/widgets/assets/children.js";
import { ROW_PX, Rows, inSight } from "../../oqc_notebook/widgets/assets/rows.js";
import { Store } from "../../oqc_notebook/widgets/assets/store.js";
import { changesOf, compositeFacts, openPage, rowsOf, tableOf } from "./page.js";

beforeEach(() => {
  openPage();
});

/**
 * @param {import("../../oqc_notebook/widgets/assets/facts.js").Row[]} facts
 * @param {boolean} isNewestFirst
 */
function tableWith(facts, isNewestFirst = false) {
  const store = new Store(compositeFacts(), tableOf(facts), () => {});
  /** @type {number[]} */
  const opened = [];
  const rows = new Rows(store, childColumns(store, new Palette()), {
    label: "Children",
    textOf: ({ label, qpu, error }) => `${label} ${qpu} ${error ?? ""}`,
    none: "There are no children yet.",
    isNewestFirst,
    open: (index) => opened.push(index),
    close: () => {},
  });
  document.body.append(rows.element);
  rows.update();
  let seq = 0;
  const change = (/** @type {[number, object][]} */ changes) => {
    store.receive({ do: "patch", seq: (seq += 1), now: Date.now(), view: {}, rows: changesOf(changes) });
    rows.update();
  };
  return { store, rows, opened, change };
}

/** @param {Rows} rows */
function labels(rows) {
  return [...rows.space.children].map((row) => row.children[1]?.textContent);
}

/**
 * @param {Rows} rows
 * @param {string} name
 */
function head(rows, name) {
  const found = rows.heads.find(({ column }) => column.name === name);
  assert.ok(found);
  return found.cell;
}

/**
 * @param {Rows} rows
 * @param {string} key
 */
function press(rows, key) {
  const event = new window.KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
  (document.activeElement ?? rows.space).dispatchEvent(event);
}

test("only the rows in sight are drawn, and a few more", () => {
  assert.deepEqual(inSight(0, 10 * ROW_PX, 10_000), [0, 14]);
  assert.deepEqual(inSight(100 * ROW_PX, 10 * ROW_PX, 10_000), [96, 114]);
  assert.deepEqual(inSight(0, 2 * ROW_PX, 2), [0, 2]);
});

test("10,000 rows scroll with a few elements", () => {
  const { rows } = tableWith(rowsOf(10_000));
  assert.equal(rows.space.children.length, 16);
  assert.equal(rows.space.style.height, `${10_000 * ROW_PX}px`);
  rows.element.scrollTop = 5000 * ROW_PX;
  rows.draw();
  assert.equal(rows.space.children.length, 20);
  assert.equal(labels(rows)[4], "θ = 5000");
  assert.equal(rows.grid.getAttribute("aria-rowcount"), "10001");
  assert.equal(rows.space.children[4]?.getAttribute("aria-rowindex"), "5002");
});

test("scrolling takes the focus away from nobody, and Tab comes to a row in sight", () => {
  const { rows } = tableWith(rowsOf(1000));
  rows.element.scrollTop = 500 * ROW_PX;
  rows.draw();
  const first = /** @type {HTMLElement} */ (rows.space.querySelector("[tabindex='0']"));
  assert.equal(first.children[1]?.textContent, "θ = 500");
  first.focus();
  rows.element.scrollTop = 900 * ROW_PX;
  rows.draw();
  assert.equal(document.activeElement, first);
  assert.equal(rows.space.children.length, 21);
});

test("a row is drawn anew only when its facts are others", () => {
  const { rows, change } = tableWith(rowsOf(2));
  const [first, second] = [...rows.space.children];
  const bars = first?.querySelector(".oqc-small-bars");
  assert.equal(bars?.getAttribute("aria-label"), "00: 900, 11: 90, other: 10");
  const part = bars?.firstChild;
  change([[1, { state: "FAILED", error: "5:1 <b>no</b>\u202e" }]]);
  assert.equal(bars?.firstChild, part);
  assert.equal(second?.querySelector(".oqc-chip")?.textContent, "✕FAILED");
  assert.equal(second?.lastChild?.textContent, "5:1 <b>no</b>\\u202e");
});

test("rows of children that are gone are taken away, and none is said in words", () => {
  const { store, rows } = tableWith(rowsOf(3));
  const whole = { do: "whole", now: Date.now(), view: compositeFacts() };
  store.receive({ ...whole, seq: 1, rows: tableOf(rowsOf(1)) });
  rows.update();
  assert.equal(rows.space.children.length, 1);
  store.receive({ ...whole, seq: 2, rows: tableOf([]) });
  rows.update();
  assert.match(rows.element.textContent ?? "", /There are no children yet\./);
});

test("a heading sorts up, then down, then as the children came", () => {
  const facts = rowsOf(4).map((row, index) => ({ ...row, took_s: [2, 10, 1, null][index] ?? null }));
  const { rows } = tableWith(facts);
  const took = head(rows, "took");
  const click = () => took.querySelector("button")?.click();
  click();
  assert.deepEqual(labels(rows), ["θ = 2", "θ = 0", "θ = 1", "θ = 3"]);
  assert.equal(took.getAttribute("aria-sort"), "ascending");
  click();
  assert.deepEqual(labels(rows), ["θ = 1", "θ = 0", "θ = 2", "θ = 3"]);
  assert.equal(took.getAttribute("aria-sort"), "descending");
  click();
  assert.deepEqual(labels(rows), ["θ = 0", "θ = 1", "θ = 2", "θ = 3"]);
  assert.equal(took.getAttribute("aria-sort"), "none");
});

test("rows with the newest first come back to that after they were sorted", () => {
  const { rows, change } = tableWith(rowsOf(3), true);
  const newestFirst = ["θ = 2", "θ = 1", "θ = 0"];
  assert.deepEqual(labels(rows), newestFirst);
  for (const order of [newestFirst.toReversed(), newestFirst, newestFirst]) {
    head(rows, "label").querySelector("button")?.click();
    assert.deepEqual(labels(rows), order);
  }
  assert.equal(head(rows, "label").getAttribute("aria-sort"), "none");
  change([[3, { ...rowsOf(1)[0], label: "θ = 3" }]]);
  assert.deepEqual(labels(rows), ["θ = 3", ...newestFirst]);
});

test("labels sort as numbers where they hold some, and counts by a bitstring's share", () => {
  const facts = rowsOf(3).map((row, index) => ({
    ...row,
    label: ["θ = 10", "θ = 9", "θ = 2"][index] ?? "",
    top: /** @type {[string, number][]} */ ([["00", [500, 900, 100][index] ?? 0]]),
  }));
  const { rows } = tableWith(facts);
  head(rows, "label").querySelector("button")?.click();
  assert.deepEqual(labels(rows), ["θ = 2", "θ = 9", "θ = 10"]);
  head(rows, "counts").querySelector("button")?.click();
  assert.deepEqual(labels(rows), ["θ = 2", "θ = 10", "θ = 9"]);
});

test("a row that changes goes to its place, and the focus goes with it", () => {
  const { rows, change } = tableWith(rowsOf(5));
  head(rows, "state").querySelector("button")?.click();
  const third = /** @type {HTMLElement} */ (rows.space.children[2]);
  third.focus();
  change([[2, { state: "FAILED" }]]);
  assert.deepEqual(labels(rows), ["θ = 2", "θ = 0", "θ = 1", "θ = 3", "θ = 4"]);
  assert.equal(document.activeElement, third);
  assert.equal(rows.space.firstChild, third);
});

test("rows that are sorted by how long they take change places as time passes", () => {
  const since = "2026-11-22T14:05:00.000Z";
  const facts = rowsOf(4).map((row, index) =>
    index < 2 ? { ...row, took_s: 10 + 10 * index } : { ...row, state: "RUNNING", took_s: null, since },
  );
  const { store, rows } = tableWith(facts);
  const pass = (/** @type {number} */ seconds) => {
    store.receive({ do: "here", seq: 0, now: Date.parse(since) + 1000 * seconds });
    rows.update();
  };
  pass(1);
  head(rows, "took").querySelector("button")?.click();
  assert.deepEqual(labels(rows), ["θ = 2", "θ = 3", "θ = 0", "θ = 1"]);
  pass(15);
  assert.deepEqual(labels(rows), ["θ = 0", "θ = 2", "θ = 3", "θ = 1"]);
});

test("rows stay sorted by the same bitstring when others are seen", () => {
  const facts = rowsOf(40).map((row, index) => ({
    ...row,
    top: /** @type {[string, number][]} */ (index < 20 ? [["11", 900 - index]] : [["00", 900]]),
  }));
  const { rows, change } = tableWith(facts);
  const byCounts = () => head(rows, "counts").querySelector("button")?.click();
  byCounts();
  byCounts();
  assert.equal(labels(rows)[0], "θ = 0");
  rows.element.scrollTop = 20 * ROW_PX;
  rows.draw();
  change([[30, { top: [["11", 899.5]] }]]);
  rows.element.scrollTop = 0;
  rows.draw();
  assert.deepEqual(labels(rows).slice(0, 3), ["θ = 0", "θ = 30", "θ = 1"]);
});

test("rows that were sorted by counts before there were some are sorted as these come", () => {
  const facts = rowsOf(3).map((row) => ({ ...row, state: "RUNNING", top: [], total: 0 }));
  const { rows, change } = tableWith(facts);
  head(rows, "counts").querySelector("button")?.click();
  for (const [index, count] of [700, 800, 300].entries()) {
    change([[index, { total: 1000, top: [["00", count], ["11", 1000 - count]] }]]);
  }
  assert.deepEqual(labels(rows), ["θ = 2", "θ = 0", "θ = 1"]);
});

test("the arrow keys walk along the rows, and Enter opens one", () => {
  const { rows, opened } = tableWith(rowsOf(100));
  /** @type {HTMLElement} */ (rows.space.children[0]).focus();
  press(rows, "ArrowDown");
  press(rows, "ArrowDown");
  press(rows, "ArrowUp");
  assert.equal(document.activeElement?.children[1]?.textContent, "θ = 1");
  press(rows, "Enter");
  assert.deepEqual(opened, [1]);
  press(rows, "End");
  assert.equal(document.activeElement?.children[1]?.textContent, "θ = 99");
  press(rows, " ");
  assert.deepEqual(opened, [1, 99]);
  assert.equal(rows.space.querySelectorAll("[tabindex='0']").length, 1);
});

test("a filter leaves the rows that have each of its words", () => {
  const facts = rowsOf(30).map((row, index) => ({ ...row, error: index % 10 ? null : "no Gate" }));
  const { rows, change } = tableWith(facts);
  rows.order.search("gate 20");
  rows.update();
  assert.deepEqual(labels(rows), ["θ = 20"]);
  rows.order.search("gate");
  rows.update();
  assert.deepEqual(labels(rows), ["θ = 0", "θ = 10", "θ = 20"]);
  change([
    [10, { error: null }],
    [15, { error: "another gate" }],
  ]);
  assert.deepEqual(labels(rows), ["θ = 0", "θ = 15", "θ = 20"]);
  rows.order.search("nothing has this");
  rows.update();
  assert.match(rows.element.textContent ?? "", /No row matches the filter\./);
});
