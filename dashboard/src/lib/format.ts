// SPDX-License-Identifier: Apache-2.0
// Numbers, shares, durations and times as people read them: in the viewer's language and zone.

const language = () => (typeof navigator === "undefined" ? "en" : navigator.language || "en");
const made = new Map<string, unknown>();

function once<T>(name: string, make: () => T): T {
  const key = `${language()} ${name}`;
  if (!made.has(key)) {
    made.set(key, make());
  }
  return made.get(key) as T;
}

export function number(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) {
    return "–";
  }
  return once("number", () => new Intl.NumberFormat(language(), { maximumFractionDigits: 0 })).format(value);
}

/** Large numbers in few characters: 999 950 is 1.0M, not 999,950. */
export function shortNumber(value: number): string {
  if (Math.abs(value) < 10000) {
    return number(value);
  }
  return once("short", () => new Intl.NumberFormat(language(), { notation: "compact", maximumFractionDigits: 1 })).format(value);
}

/** Messages a second: with a digit behind the point as long as that says something. */
export function rate(per_s: number | null | undefined): string {
  if (per_s === null || per_s === undefined) {
    return "–";
  }
  const digits = per_s < 10 && per_s % 1 !== 0 ? 1 : 0;
  return once(`rate${digits}`, () => new Intl.NumberFormat(language(), { maximumFractionDigits: digits })).format(per_s) + "/s";
}

/** A part of a whole. What is not all is never 100 %, and what is not nothing never 0 %. */
export function share(part: number, whole: number): string {
  if (!(whole > 0)) {
    return "–";
  }
  const percent = (100 * part) / whole;
  const format = (value: number, digits: number) =>
    once(`percent${digits}`, () => new Intl.NumberFormat(language(), {
      style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits,
    })).format(value / 100);
  if (part > 0 && percent < 0.1) {
    return "<" + format(0.1, 1);
  }
  if (part < whole && percent > 99.9) {
    return ">" + format(99.9, 1);
  }
  const digits = percent === 0 || percent === 100 || (percent >= 10 && percent <= 90) ? 0 : 1;
  return format(percent, digits);
}

/** The two largest units: "3 h 20 min", "45 s". */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) {
    return "–";
  }
  if (seconds > 0 && seconds < 0.95) {
    return "under 1 s";
  }
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) {
    return `${s} s`;
  }
  if (s < 3600) {
    return s % 60 !== 0 && s < 600 ? `${Math.floor(s / 60)} min ${s % 60} s` : `${Math.round(s / 60)} min`;
  }
  const minutes = Math.round(s / 60);
  if (minutes < 24 * 60) {
    return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  }
  const hours = Math.round(s / 3600);
  return hours % 24 === 0 ? `${hours / 24} d` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

const timeFormats: Record<string, Intl.DateTimeFormatOptions> = {
  tenths: { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 1 },
  parts: { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 },
  time: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
  short: { hour: "2-digit", minute: "2-digit" },
  day: { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" },
  seconds: { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" },
  year: { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" },
};

export function timeAs(kind: keyof typeof timeFormats, at: Date): string {
  return once(`time ${kind}`, () => new Intl.DateTimeFormat(language(), timeFormats[kind])).format(at);
}

function isSameDay(a: Date, b: Date): boolean {
  return a.getFullYear() === b.getFullYear() && a.getMonth() === b.getMonth() && a.getDate() === b.getDate();
}

/** Today the time alone, else the day too, and the year if it is another one. */
export function time(at: string | Date, now = new Date(), withSeconds = false): string {
  const date = at instanceof Date ? at : new Date(at);
  if (Number.isNaN(date.getTime())) {
    return "–";
  }
  if (isSameDay(date, now)) {
    return timeAs(withSeconds ? "time" : "short", date);
  }
  if (date.getFullYear() === now.getFullYear()) {
    return timeAs(withSeconds ? "seconds" : "day", date);
  }
  return timeAs("year", date);
}

/** "2026-11-29 18:10:58 UTC" */
export function utc(at: string | Date): string {
  const date = at instanceof Date ? at : new Date(at);
  return Number.isNaN(date.getTime()) ? "–" : `${date.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

export function bytes(value: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  let left = value;
  while (left >= 1000 && at < units.length - 1) {
    left /= 1000;
    at++;
  }
  return `${number(left >= 100 || at === 0 ? left : Math.round(left * 10) / 10)} ${units[at]}`;
}

export function plural(count: number, one: string, many: string): string {
  return `${number(count)} ${count === 1 ? one : many}`;
}

/** "push, sms and voice" */
export function list(words: string[]): string {
  return once("list", () => new Intl.ListFormat("en-GB", { type: "conjunction" })).format(words);
}
