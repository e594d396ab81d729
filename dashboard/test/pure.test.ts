// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { noticesOf } from "../src/lib/alarms";
import { changedInWords, changesOf, fieldsOf, localTime, rulesInWords } from "../src/lib/changes";
import { addPoint, type Point } from "../src/lib/history";
import { joinCurves, type Report } from "../src/lib/report";
import { link, parsePlace } from "../src/lib/route";
import { may, whoMay } from "../src/lib/roles";
import { NOT_REACHED, ON_THE_WAY, planInWords, REACHED, reachedByChannel, STATES } from "../src/lib/states";
import { tell } from "../src/lib/timeline";
import { kindOf } from "../src/lib/upload";
import type { Campaign, Provider, Worker } from "../src/lib/types";

test("a place is what its link says, whatever is in it", () => {
  for (const part of ["c7", "a/b", "ä ö", "100%", "?x=1#y", "+47 900", "<b>"]) {
    const place = parsePlace(link(["campaigns", part], { state: "failed", none: undefined, empty: "" }));
    assert.deepEqual(place.parts, ["campaigns", part]);
    assert.deepEqual([...place.query], [["state", "failed"]]);
  }
  assert.deepEqual(parsePlace("").parts, []);
  assert.deepEqual(parsePlace("#/%zz/x").parts, ["%zz", "x"]);
});

test("a curve stays small, keeps its ends and never goes back in time", () => {
  let points: readonly Point[] = [];
  for (let i = 0; i < 20000; i++) {
    points = addPoint(points, 1000 + i, { accepted: i, acknowledged: i >> 1, failed: 3 });
  }
  assert.ok(points.length <= 480 && points.length > 200);
  assert.equal(points[0]!.at, 1000);
  assert.deepEqual(points[points.length - 1], { at: 20999, reached: 19999 + (19999 >> 1), acknowledged: 19999 >> 1, lost: 3 });
  assert.ok(points.every((point, i) => i === 0 || point.at > points[i - 1]!.at));
  assert.equal(addPoint(points, 5, {}), points);
});

test("a report's curve goes on in what was seen live, and never back", () => {
  const spread = (curve: { s: number; people: number }[]) => ({ people: 0, of_recipients: { p50_s: null, p90_s: null, p99_s: null }, curve });
  const report = {
    as_of: "2026-11-29T10:00:10.000Z", final: false, course: { launched_at: "2026-11-29T10:00:00.000Z", duration_s: 10, paused_s: 0 },
    people: { reached: { people: 50 } },
    times: { first_word: spread([{ s: 1, people: 10 }, { s: 5, people: 50 }]), receipt: spread([]), acknowledgement: spread([{ s: 3, people: 2 }]) },
    failures: { reasons: [] },
  } as Report;
  const began = Date.parse("2026-11-29T10:00:00.000Z");
  const live = [{ at: began + 4000, reached: 1, acknowledged: 1, lost: 1 }, { at: began + 12000, reached: 60, acknowledged: 3, lost: 4 }];
  const joined = joinCurves(report, live);
  assert.deepEqual(joined.times.map((at) => at - began / 1000), [0, 1, 3, 5, 12]);
  assert.deepEqual(joined.reached, [0, 10, 10, 50, 60]);
  assert.deepEqual(joined.acknowledged, [0, 0, 2, 2, 3]);
  assert.deepEqual(joined.lost, [null, null, null, null, 4]);
  assert.deepEqual(joinCurves(undefined, live).reached, [1, 60]);
});

test("every state is in one group, and only in doubt stands alone", () => {
  const grouped = [...REACHED, ...ON_THE_WAY, ...NOT_REACHED, "uncertain"];
  assert.deepEqual([...grouped].sort(), [...STATES].sort());
});

test("a plan is told in words", () => {
  assert.equal(planInWords({ plan: { steps: [{ channel: "push" }, { channel: "sms" }, { channel: "voice" }] } }), "Push, then SMS, then voice call");
  assert.equal(planInWords({ plan: { steps: [{ channel: "email" }, { channel: "sms", with_previous: true }] } }), "E-mail, with SMS");
  const eight = Array.from({ length: 8 }, (_, i) => ({ channel: i % 2 === 0 ? "push" as const : "sms" as const }));
  assert.equal(planInWords({ plan: { steps: eight } }), "Push, then SMS, then push, then SMS and 4 more steps");
  assert.equal(planInWords({ plan: { steps: eight.slice(0, 5) } }).includes("more"), false); // one more is said, too
});

test("who was reached is told by channel, if there is more than one", () => {
  const rung = (channel: "push" | "sms", counts: object) => ({ step: 1, repeat: 0, channel, counts, open: 0, next_at: null });
  const ladder = [rung("push", { accepted: 3, failed: 1 }), rung("sms", { delivered: 2, acknowledged: 5, waiting: 9 }), rung("push", { accepted: 4 })];
  assert.deepEqual(reachedByChannel({ ladder }), [["push", 7], ["sms", 7]]);
  assert.deepEqual(reachedByChannel({ ladder: ladder.slice(0, 1) }), []);
  assert.deepEqual(reachedByChannel({ ladder: null }), []);
});

const running = {
  id: "c1", name: "Outage", priority: "normal", weight: 1, launched_at: "2026-11-29T10:00:00Z", expires_at: "2026-11-29T16:00:30Z", not_after: "6h",
  stop_rules: { failed: { percent: 5, of_at_least: 200 } },
} as unknown as Campaign;

test("of a campaign only what is another than before is changed", () => {
  const fields = fieldsOf(running);
  assert.deepEqual(changesOf(running, fields), {});
  assert.equal(new Date(fields.not_after).getTime(), Date.parse("2026-11-29T16:00:00Z")); // in the viewer's zone, to the minute
  assert.deepEqual(changesOf(running, { ...fields, priority: "critical", weight: "3" }), { priority: "critical", weight: 3 });
  assert.deepEqual(changesOf(running, { ...fields, not_after: "", weight: "" }), { not_after: null, weight: null });
  assert.deepEqual(changesOf(running, { ...fields, not_after: localTime("2026-11-29T18:30:00Z") }), { not_after: "2026-11-29T18:30:00.000Z" });
  // Both rules are set anew: who changes one keeps the other.
  assert.deepEqual(changesOf(running, { ...fields, complained_count: "40" }), { stop_rules: { failed: { percent: 5, of_at_least: 200 }, complained: { count: 40 } } });
  assert.deepEqual(changesOf(running, { ...fields, failed_percent: "", failed_of_at_least: "" }), { stop_rules: null });
  const draft = { ...running, launched_at: null, expires_at: null } as Campaign;
  assert.equal(fieldsOf(draft).not_after, "6h");
  assert.deepEqual(changesOf(draft, { ...fieldsOf(draft), not_after: "8h" }), { not_after: "8h" });
});

test("stop rules and changes are told in words", () => {
  assert.equal(rulesInWords({ failed: { percent: 5, of_at_least: 200, count: 1000 }, complained: { count: 40 } }),
    "more than 5 % of at least 200 or more than 1,000 have failed, or more than 40 have complained");
  assert.equal(rulesInWords(null), "");
  assert.equal(changedInWords({ priority: "high", stop_rules: null }), "Changed: its priority and its stop rules.");
});

test("an event says what happened, and why if there is a why", () => {
  assert.deepEqual(tell({ at: "", event: "failed", provider: "gateway", reason: 410, detail: "provider answered" }),
    { icon: "failed", tone: "bad", text: "Failed by gateway", why: "the provider answered with code 410" });
  assert.equal(tell({ at: "", event: "accepted", provider: "gateway", reason: 202, detail: "provider answered" }).why, null);
  assert.equal(tell({ at: "", event: "climbed", step: 2, reason: 1002, detail: "no endpoint on this channel" }).why, "no endpoint on this channel");
  assert.equal(tell({ at: "", event: "something_new" }).text, "something new");
});

test("a file is known by its name", () => {
  assert.deepEqual(kindOf("People.CSV"), { type: "text/csv", encoding: null });
  assert.deepEqual(kindOf("people.ndjson.gz"), { type: "application/x-ndjson", encoding: "gzip" });
  assert.deepEqual(kindOf("people.csv.zst"), { type: "text/csv", encoding: "zstd" });
  assert.equal(kindOf("people.xlsx"), null);
  assert.equal(kindOf("people.gz"), null);
});

test("roles may what the route table says", () => {
  assert.ok(may("operator", "run") && may("admin", "administer") && may("author", "write") && may("approver", "launch"));
  assert.ok(!may("viewer", "run") && !may("author", "launch") && !may("approver", "write") && !may("operator", "administer") && !may("relay", "run"));
  assert.equal(whoMay("launch"), "approver, operator or admin");
});

test("trouble is an alarm, a limit is none, and the worst comes first", () => {
  const provider = (name: string, ...reasons: string[]) => [name, {
    name, why: reasons.map((reason) => ({ reason, detail: `${reason} holds`, since: null, until: null })),
  }] as unknown as [string, Provider];
  const worker = (name: string, connected: boolean) => [name, { name, connected, last_heard_at: null }] as unknown as [string, Worker];
  const now = {
    alarms: new Map(), campaigns: new Map(), status: { commit: { problem: null } } as never,
    providers: new Map([provider("a", "limit", "quiet_hours"), provider("b", "throttled", "limit"), provider("c", "breaker")]),
    workers: new Map([worker("w1", true), worker("w2", false)]),
  };
  assert.deepEqual(noticesOf(now).map((notice) => [notice.title, notice.tone]), [["c", "bad"], ["w2 is gone", "doubt"], ["b", "doubt"]]);
  now.workers = new Map([worker("w2", false)]);
  assert.equal(noticesOf(now)[0]!.title, "No worker is connected");
});
