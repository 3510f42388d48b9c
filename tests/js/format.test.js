import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import {
  clock,
  duration,
  errorLine,
  percent,
  shortId,
  some,
  timeOf,
  visible,
} from "../../oqc_notebook/widgets/assets/format.js";

// the static twin is tested with the same cases
const cases = JSON.parse(readFileSync(new URL("../static/cases.json", import.meta.url), "utf8"));

test("unseen characters are written out, as in the static twin", () => {
  for (const [text, shown] of cases.visible) assert.equal(visible(text), shown);
});

test("durations and shares read as in the static twin", () => {
  for (const [seconds, shown] of cases.duration) assert.equal(duration(seconds), shown);
  for (const [count, total, shown] of cases.percent) assert.equal(percent(count, total), shown);
  for (const [code, message, shown] of cases.error)
    assert.equal(errorLine({ code, message }), shown);
});

test("a clock counts minutes, hours and days", () => {
  assert.deepEqual([-1, 0, 41.9, 3723, 180123].map(clock), [
    "00:00",
    "00:00",
    "00:41",
    "1:02:03",
    "2 d 2:02:03",
  ]);
});

test("a time has its date unless it is today's, and says where its zone is unknown", () => {
  const now = Date.parse("2026-11-22T23:00:00Z");
  assert.equal(timeOf("2026-11-22T14:02:33.200Z", now), "14:02:33 UTC");
  assert.equal(timeOf("2026-11-21T14:02:33.200Z", now), "2026-11-21 14:02:33 UTC");
  assert.equal(timeOf("2026-11-22T14:02:33", now), "14:02:33 zone unknown");
});

test("ids are shortened, and nouns follow their count", () => {
  assert.equal(shortId("3f9c0000-0000-0000-0000-0000000081d2"), "3f9c…81d2");
  assert.equal(shortId("short"), "short");
  assert.deepEqual([some(1, "shot"), some(2, "shot")], ["1 shot", "2 shots"]);
});
