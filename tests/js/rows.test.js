import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { ROW_PX, Rows, inSight } from "../../oqc_notebook/widgets/assets/rows.js";
import { Store } from "../../oqc_notebook/widgets/assets/store.js";
import { compositeFacts, openPage, rowsOf } from "./page.js";

beforeEach(() => {
  openPage();
});

test("only the rows in sight are drawn, and a few more", () => {
  assert.deepEqual(inSight(0, 10 * ROW_PX, 10_000), [0, 14]);
  assert.deepEqual(inSight(100 * ROW_PX, 10 * ROW_PX, 10_000), [96, 114]);
  assert.deepEqual(inSight(0, 2 * ROW_PX, 2), [0, 2]);
});

test("10,000 rows scroll with a few elements", () => {
  const rows = new Rows(new Store(compositeFacts(), rowsOf(10_000), () => {}));
  rows.update();
  assert.equal(rows.space.children.length, 16);
  assert.equal(rows.space.style.height, `${10_000 * ROW_PX}px`);
  rows.element.scrollTop = 5000 * ROW_PX;
  rows.update();
  assert.equal(rows.space.children.length, 20);
  const labels = [...rows.space.children].map((row) => row.children[1]?.textContent);
  assert.ok(labels.includes("θ = 5000"));
  assert.equal(rows.element.getAttribute("aria-rowcount"), "10001");
});

test("a row is drawn anew only when its facts are others", () => {
  const store = new Store(compositeFacts(), rowsOf(2), () => {});
  const rows = new Rows(store);
  rows.update();
  const [first, second] = [...rows.space.children];
  const bars = first?.querySelector(".oqc-small-bars");
  assert.equal(bars?.getAttribute("aria-label"), "00: 900, 11: 90, other: 10");
  const part = bars?.firstChild;
  const changes = { state: "FAILED", error: "5:1 <b>no</b>\u202e" };
  store.receive({ do: "patch", seq: 1, now: Date.now(), view: {}, rows: [[1, changes]] });
  rows.update();
  assert.equal(bars?.firstChild, part);
  assert.equal(second?.querySelector(".oqc-chip")?.textContent, "✕FAILED");
  assert.equal(second?.lastChild?.textContent, "5:1 <b>no</b>\\u202e");
});

test("rows of children that are gone are taken away", () => {
  const store = new Store(compositeFacts(), rowsOf(3), () => {});
  const rows = new Rows(store);
  rows.update();
  store.receive({ do: "whole", seq: 1, now: Date.now(), view: compositeFacts(), rows: rowsOf(1) });
  rows.update();
  assert.equal(rows.space.children.length, 1);
});
