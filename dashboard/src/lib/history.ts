// SPDX-License-Identifier: Apache-2.0
// The curve of a campaign since the page was opened, in so many points at most: when there are more, every other one
// of the older ones goes, so that a day takes no more room than a minute.
import { NOT_REACHED, REACHED, sum } from "./states";
import type { Counts } from "./types";

export interface Point { at: number; reached: number; acknowledged: number; lost: number }

export function isSame(point: Point | undefined, counts: Counts): boolean {
  return point === undefined || (point.reached === sum(counts, REACHED) && point.acknowledged === (counts.acknowledged ?? 0) && point.lost === sum(counts, NOT_REACHED));
}

const POINTS_MAX = 480;

export function addPoint(points: readonly Point[], at: number, counts: Counts): readonly Point[] {
  const point: Point = {
    at, reached: sum(counts, REACHED), acknowledged: counts.acknowledged ?? 0, lost: sum(counts, NOT_REACHED),
  };
  const last = points[points.length - 1];
  if (last !== undefined && at <= last.at) {
    return points;
  }
  const next = [...points, point];
  if (next.length <= POINTS_MAX) {
    return next;
  }
  const recent = Math.floor(POINTS_MAX / 4);
  const older = next.slice(0, -recent).filter((_, i) => i % 2 === 0);
  return [...older, ...next.slice(-recent)];
}
