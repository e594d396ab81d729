// SPDX-License-Identifier: Apache-2.0
// Lists of the API, a page at a time: never more than so many rows in the browser, however long the list is.
import { useEffect, useState } from "preact/hooks";
import { get } from "../lib/api";
import type { Page } from "../lib/types";
import { useAsked, type Asked } from "./basics";
import { Icon } from "./icon";

export const ROWS = 50;

export interface Paged<T> extends Asked<Page<T>> { items: T[]; number: number; first: boolean; forward: (() => void) | null; back: (() => void) | null }

const TURNS_MAX = 10;

/** Pages that are not full, as the coordinator looks through so much at a time only, are gone on with a few times. */
async function getFull<T>(path: string, rows: number, from: string | undefined, signal: AbortSignal): Promise<Page<T>> {
  const all: Page<T> = { items: [], next: from ?? null };
  for (let turn = 0; turn < TURNS_MAX && all.items.length < rows && (turn === 0 || all.next !== null); turn++) {
    const cursor = all.next === null ? "" : `&cursor=${encodeURIComponent(all.next)}`;
    const page = await get<Page<T>>(`${path}${path.includes("?") ? "&" : "?"}limit=${rows - all.items.length}${cursor}`, signal);
    all.items.push(...page.items);
    all.next = page.next;
  }
  return all;
}

/** `path` without limit and cursor; another path begins at its first page. `turn` asks anew. */
export function usePages<T>(path: string | null, rows = ROWS, turn = 0): Paged<T> {
  const [cursors, setCursors] = useState<{ path: string | null; at: string[] }>({ path, at: [] });
  const at = cursors.path === path ? cursors.at : [];
  const cursor = at[at.length - 1];
  const key = path === null ? null : `${rows} ${cursor ?? ""} ${path}`;
  const asked = useAsked<Page<T>>(key, (signal) => getFull<T>(path!, rows, cursor, signal));
  useEffect(() => {
    if (turn > 0) {
      asked.again();
    }
  }, [turn]);
  const next = asked.value?.next ?? null;
  return {
    ...asked,
    items: asked.value?.items ?? [],
    number: at.length + 1,
    first: at.length === 0,
    forward: next === null ? null : () => setCursors({ path, at: [...at, next] }),
    back: at.length === 0 ? null : () => setCursors({ path, at: at.slice(0, -1) }),
  };
}

export function Pager({ of, label }: { of: Paged<unknown>; label: string }) {
  if (of.first && of.forward === null) {
    return null;
  }
  return (
    <nav class="pager" aria-label={`Pages of ${label}`}>
      {of.back ? <button type="button" class="button button-small" onClick={of.back}><Icon name="left" size={12} />Back</button> : <span />}
      <span class="soft">Page {of.number}</span>
      {of.forward ? <button type="button" class="button button-small" onClick={of.forward}>Further<Icon name="right" size={12} /></button> : <span />}
    </nav>
  );
}
