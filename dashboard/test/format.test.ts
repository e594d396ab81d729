// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import * as format from "../src/lib/format";

test("a share is never rounded to all or nothing", () => {
  assert.equal(format.share(0, 10), "0%");
  assert.equal(format.share(10, 10), "100%");
  assert.equal(format.share(9999999, 10000000), ">99.9%");
  assert.equal(format.share(1, 10000000), "<0.1%");
  assert.equal(format.share(1, 3), "33%");
  assert.equal(format.share(5, 100), "5.0%");
  assert.equal(format.share(1, 0), "–");
});

test("a duration has its two largest units", () => {
  assert.equal(format.duration(0), "0 s");
  assert.equal(format.duration(0.2), "under 1 s");
  assert.equal(format.duration(59.4), "59 s");
  assert.equal(format.duration(90), "1 min 30 s");
  assert.equal(format.duration(600), "10 min");
  assert.equal(format.duration(3 * 3600 + 20 * 60), "3 h 20 min");
  assert.equal(format.duration(7200), "2 h");
  assert.equal(format.duration(26 * 3600), "1 d 2 h");
  assert.equal(format.duration(null), "–");
  assert.equal(format.duration(Infinity), "–");
});

test("a rate has a digit behind the point as long as it is small", () => {
  assert.equal(format.rate(0.5), "0.5/s");
  assert.equal(format.rate(7), "7/s");
  assert.equal(format.rate(1234.5), "1,235/s");
  assert.equal(format.rate(null), "–");
});

test("a time of another day says the day, one of another year the year", () => {
  const now = new Date(2026, 10, 29, 12, 0, 0);
  assert.match(format.time(new Date(2026, 10, 29, 9, 5, 7), now), /^0?9:05/);
  assert.match(format.time(new Date(2026, 10, 29, 9, 5, 7), now, true), /9:05:07/);
  assert.match(format.time(new Date(2026, 10, 28, 9, 5), now), /28/);
  assert.match(format.time(new Date(2025, 10, 28, 9, 5), now), /2025/);
  assert.equal(format.time("no time at all", now), "–");
  assert.equal(format.utc("2026-11-29T18:10:58.270Z"), "2026-11-29 18:10:58 UTC");
});

test("large numbers are short, small ones whole", () => {
  assert.equal(format.number(1234567), "1,234,567");
  assert.equal(format.shortNumber(9999), "9,999");
  assert.equal(format.shortNumber(1234567), "1.2M");
  assert.equal(format.number(NaN), "–");
  assert.equal(format.plural(1, "person", "people"), "1 person");
  assert.equal(format.plural(2000, "person", "people"), "2,000 people");
});
