// SPDX-License-Identifier: Apache-2.0
// Light, dark, or as the system has it; kept in this browser.
import { createStore } from "./store";

export type Theme = "auto" | "light" | "dark";
const KEPT = "tocsin.theme";

function kept(): Theme {
  const value = localStorage.getItem(KEPT);
  return value === "light" || value === "dark" ? value : "auto";
}

export const theme = createStore<Theme>("auto");
/** Grows with each change of what is seen, for what is drawn by hand. */
export const themeTurn = createStore(0);

function apply(): void {
  const now = theme.get();
  if (now === "auto") {
    document.documentElement.removeAttribute("data-theme");
  } else {
    document.documentElement.setAttribute("data-theme", now);
  }
  themeTurn.update((n) => n + 1);
}

export function setTheme(next: Theme): void {
  if (next === "auto") {
    localStorage.removeItem(KEPT);
  } else {
    localStorage.setItem(KEPT, next);
  }
  theme.set(next);
  apply();
}

export function startTheme(): void {
  theme.set(kept());
  apply();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply);
}
