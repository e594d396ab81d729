// SPDX-License-Identifier: Apache-2.0
// Where one is: `#/campaigns/c7?state=failed`. Behind the hash, so that the coordinator serves one page only.
import { createStore } from "./store";

export interface Place { parts: string[]; query: URLSearchParams; hash: string }

export function parsePlace(hash: string): Place {
  const text = hash.replace(/^#\/?/, "");
  const mark = text.indexOf("?");
  const path = mark < 0 ? text : text.slice(0, mark);
  const parts = path.split("/").filter((part) => part !== "").map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
  return { parts, query: new URLSearchParams(mark < 0 ? "" : text.slice(mark + 1)), hash };
}

export function link(parts: (string | number)[], query: Record<string, string | undefined> = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") {
      search.set(name, value);
    }
  }
  const path = `#/${parts.map((part) => encodeURIComponent(String(part))).join("/")}`;
  return search.size === 0 && String(search) === "" ? path : `${path}?${search}`;
}

const hashNow = () => (typeof location === "undefined" ? "" : location.hash);
export const place = createStore<Place>(parsePlace(hashNow()));

export function go(hash: string, replace = false): void {
  if (replace) {
    history.replaceState(null, "", hash);
    place.set(parsePlace(hash));
  } else {
    location.hash = hash;
  }
}

let moved = false;
/** Has one gone anywhere since the page was opened? */
export const hasMoved = () => moved;

export function followHash(): void {
  addEventListener("hashchange", () => {
    moved = true;
    place.set(parsePlace(location.hash));
  });
}
