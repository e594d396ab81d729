// SPDX-License-Identifier: Apache-2.0
// A value that components follow. Whoever follows it is told at most once a frame, however often it changes, or not more often
// than every so many milliseconds: at once if nothing has changed for as long.
import { useEffect, useState } from "preact/hooks";

export interface Store<T> {
  get(): T;
  set(next: T): void;
  update(change: (now: T) => T): void;
  follow(listener: () => void): () => void;
}

export function createStore<T>(first: T, everyMs = 0): Store<T> {
  let value = first;
  let scheduled = false;
  let toldAt = -Infinity;
  const listeners = new Set<() => void>();
  const tell = () => {
    scheduled = false;
    toldAt = Date.now();
    for (const listener of [...listeners]) {
      listener();
    }
  };
  const store: Store<T> = {
    get: () => value,
    set(next) {
      if (next === value) {
        return;
      }
      value = next;
      if (!scheduled) {
        scheduled = true;
        // A hidden page gets no frames, and still must not fall behind for ever.
        const waitMs = toldAt + everyMs - Date.now();
        if (typeof document === "undefined" || document.hidden) {
          setTimeout(tell, 200);
        } else if (waitMs > 0) {
          setTimeout(tell, waitMs);
        } else {
          requestAnimationFrame(tell);
        }
      }
    },
    update: (change) => store.set(change(value)),
    follow(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return store;
}

export function useStore<T>(store: Store<T>): T;
export function useStore<T, U>(store: Store<T>, pick: (value: T) => U): U;
export function useStore<T>(store: Store<T>, pick: (value: T) => unknown = (value) => value): unknown {
  const [, redraw] = useState(0);
  const picked = pick(store.get());
  useEffect(() => {
    let last = picked;
    const look = () => {
      const now = pick(store.get());
      if (now !== last) {
        last = now;
        redraw((n) => n + 1);
      }
    };
    look();
    return store.follow(look);
    // A new choice is a new subscription; the store is always the same.
  }, [store, picked]);
  return picked;
}
