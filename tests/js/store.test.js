import assert from "node:assert/strict";
import { test } from "node:test";

import { unpacked } from "../../oqc_notebook/widgets/assets/packing.js";
import { Store } from "../../oqc_notebook/widgets/assets/store.js";
import { changesOf, compositeFacts, rowsOf, tableOf } from "./page.js";

const now = 1763820153123;

test("changes are taken over in place, so that the widget's model stays true", () => {
  const view = compositeFacts();
  const table = tableOf(rowsOf(3));
  const store = new Store(view, table, () => {});
  const message = { do: "patch", seq: 1, now, view: { state: "FAILED" } };
  assert.ok(store.receive({ ...message, rows: changesOf([[1, { state: "FAILED", error: "no" }]]) }));
  assert.equal(view.state, "FAILED");
  assert.equal(view.seq, 1);
  for (const rows of [store.rows, unpacked(table)]) {
    assert.deepEqual(
      rows.map((row) => row.state),
      ["COMPLETED", "FAILED", "COMPLETED"],
    );
    assert.equal(rows[1]?.label, "θ = 1");
    assert.equal(rows[2]?.error, null);
  }
});

test("long bitstrings that travel as numbers arrive as they were", () => {
  const store = new Store(compositeFacts(), tableOf(rowsOf(2)), () => {});
  const bits = "0".repeat(60) + "1".repeat(40);
  const rows = [{ columns: ["top"], rows: [[1, [100, "ffffffffff", 7, "0", 3]]] }];
  store.receive({ do: "patch", seq: 1, now, rows });
  assert.deepEqual(store.rows[1]?.top, [
    [bits, 7],
    ["0".repeat(100), 3],
  ]);
});

test("children that were added come as rows", () => {
  const store = new Store(compositeFacts(), tableOf(rowsOf(1)), () => {});
  const row = rowsOf(1)[0];
  store.receive({ do: "patch", seq: 1, now, view: { children: 2 }, rows: changesOf([[1, { ...row }]]) });
  assert.equal(store.rows.length, 2);
});

test("a change that was missed is noticed, and the whole makes up for it", () => {
  const store = new Store(compositeFacts(), tableOf(rowsOf(2)), () => {});
  assert.ok(!store.receive({ do: "patch", seq: 2, now, view: { state: "FAILED" } }));
  assert.equal(store.view.state, "RUNNING");
  const view = compositeFacts({ state: "COMPLETED" });
  assert.ok(store.receive({ do: "whole", seq: 5, now, view, rows: tableOf(rowsOf(1)) }));
  assert.equal(store.view.state, "COMPLETED");
  assert.equal(store.view.seq, 5);
  assert.equal(store.rows.length, 1);
});

test("what is old changes nothing", () => {
  const store = new Store(compositeFacts({ seq: 3 }), tableOf(rowsOf(2)), () => {});
  assert.ok(store.receive({ do: "patch", seq: 3, now, view: { state: "FAILED" } }));
  store.reset(compositeFacts({ seq: 2, state: "FAILED" }), tableOf([]));
  assert.equal(store.view.state, "RUNNING");
  store.reset(compositeFacts({ seq: 4, state: "FAILED" }), tableOf([]));
  assert.equal(store.view.state, "FAILED");
});

test("the kernel's clock counts, not the browser's", () => {
  const store = new Store(compositeFacts(), tableOf([]), () => {});
  assert.ok(!store.alive);
  store.receive({ do: "here", seq: 0, now: Date.now() + 3_600_000 });
  assert.ok(store.alive);
  assert.ok(Math.abs(store.now() - Date.now() - 3_600_000) < 1000);
});
