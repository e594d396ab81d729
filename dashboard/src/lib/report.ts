// SPDX-License-Identifier: Apache-2.0
// What a report (docs/reports.md) is looked at for: the curve before the page was opened, what went wrong, how fast it was.
import { request } from "./api";
import type { Point } from "./history";

export interface CurvePoint { s: number; people: number }

export interface Spread {
  people: number;
  of_recipients: { p50_s: number | null; p90_s: number | null; p99_s: number | null };
  curve: CurvePoint[];
}

export interface Report {
  as_of: string;
  final: boolean;
  course: { launched_at: string | null; duration_s: number | null; paused_s: number };
  people: { reached: { people: number } };
  times: { first_word: Spread; receipt: Spread; acknowledgement: Spread };
  failures: { reasons: { reason: number; text: string; class: string; times: number; people: number }[] };
}

export interface Curve { times: number[]; reached: (number | null)[]; acknowledged: (number | null)[]; lost: (number | null)[] }

/** The last value at or before a time, of points in the order of their times. */
function valueAt(curve: CurvePoint[], s: number): number {
  let value = 0;
  for (const point of curve) {
    if (point.s > s) {
      break;
    }
    value = point.people;
  }
  return value;
}

/** The report's curve up to when it was read, and behind it what was seen live. Who was not reached is known live alone. */
export function joinCurves(report: Report | undefined, live: readonly Point[]): Curve {
  const joined: Curve = { times: [], reached: [], acknowledged: [], lost: [] };
  const began = report?.course.launched_at ? Date.parse(report.course.launched_at) / 1000 : NaN;
  let until = -Infinity;
  if (report && Number.isFinite(began)) {
    const { first_word, acknowledgement } = report.times;
    const steps = [...new Set([0, ...first_word.curve.map((p) => p.s), ...acknowledgement.curve.map((p) => p.s)])].sort((a, b) => a - b);
    for (const s of steps) {
      joined.times.push(began + s);
      joined.reached.push(valueAt(first_word.curve, s));
      joined.acknowledged.push(valueAt(acknowledgement.curve, s));
      joined.lost.push(null);
      until = began + s;
    }
  }
  // Whoever climbs is waiting again, and was reached all the same.
  let most = joined.reached[joined.reached.length - 1] ?? 0;
  for (const point of live) {
    if (point.at / 1000 > until) {
      most = Math.max(most, point.reached);
      joined.times.push(point.at / 1000);
      joined.reached.push(most);
      joined.acknowledged.push(point.acknowledged);
      joined.lost.push(point.lost);
    }
  }
  return joined;
}

// ---- files ----

/** A file of the API: the token goes in a header, so that a plain link cannot ask for it. */
export async function download(path: string, name: string): Promise<void> {
  const answer = await request(path);
  const url = URL.createObjectURL(await answer.blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}
