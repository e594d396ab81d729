// SPDX-License-Identifier: Apache-2.0
// Requests to the coordinator. A problem document (RFC 9457) becomes an ApiError whose message is its `detail`.
import { createStore } from "./store";
import type { Me, Page } from "./types";

export interface Session { token: string; me: Me }

const KEPT = "tocsin.token";
export const session = createStore<Session | null>(null);
/** Why somebody who was signed in is not any more; shown where the token is asked for. */
export const signedOutBecause = createStore<string | null>(null);

export class ApiError extends Error {
  constructor(readonly status: number, detail: string, readonly problem: Record<string, unknown> = {}) {
    super(detail);
  }
}

export function errorText(error: unknown): string {
  if (error instanceof ApiError) {
    const { parameter, pointer, line, column } = error.problem;
    const where = [pointer && `at ${pointer}`, parameter && `parameter ${parameter}`, line && `line ${line}`, column && `column ${column}`]
      .filter(Boolean).join(", ");
    return where ? `${error.message} (${where})` : error.message;
  }
  return error instanceof Error ? error.message : String(error);
}

async function problemOf(answer: Response): Promise<ApiError> {
  try {
    const problem = await answer.json();
    return new ApiError(answer.status, problem.detail || problem.title || `status ${answer.status}`, problem);
  } catch {
    return new ApiError(answer.status, `the coordinator answered with status ${answer.status}`);
  }
}

export interface Options { method?: string; body?: unknown; raw?: BodyInit; type?: string; signal?: AbortSignal; token?: string; accept?: string }

export async function request(path: string, options: Options = {}): Promise<Response> {
  const token = options.token ?? session.get()?.token;
  const headers: Record<string, string> = {};
  if (token) {
    headers.Authorization = `Bearer ${token}`;
  }
  if (options.accept) {
    headers.Accept = options.accept;
  }
  let body = options.raw;
  if (options.body !== undefined) {
    body = JSON.stringify(options.body);
    headers["Content-Type"] = "application/json";
  } else if (options.type) {
    headers["Content-Type"] = options.type;
  }
  const method = options.method ?? "GET";
  if (method === "POST") {
    headers["Idempotency-Key"] = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`;
  }
  let answer: Response;
  try {
    answer = await fetch(path, { method, headers, body, signal: options.signal, cache: "no-store", credentials: "omit" });
  } catch (error) {
    if (options.signal?.aborted) {
      throw error;
    }
    throw new ApiError(0, "the coordinator cannot be reached just now");
  }
  if (answer.status === 401 && options.token === undefined && session.get() !== null) {
    const problem = await problemOf(answer);
    signOut(problem.message);
    throw problem;
  }
  if (!answer.ok) {
    throw await problemOf(answer);
  }
  return answer;
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await request(path, { signal })).json();
}

export async function send<T>(method: string, path: string, body?: unknown): Promise<T> {
  const answer = await request(path, { method, body });
  return answer.status === 204 ? (undefined as T) : answer.json();
}

/** A list to its end, for lists that are short by their nature: providers, workers, named plans. */
export async function getAll<T>(path: string, signal?: AbortSignal): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<T> = await get(`${path}${path.includes("?") ? "&" : "?"}limit=1000${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`, signal);
    items.push(...page.items);
    cursor = page.next;
  } while (cursor !== null);
  return items;
}

async function whoIs(token: string): Promise<Me> {
  try {
    return await (await request("/v1/me", { token })).json();
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) {
      await request("/v1/status", { token });
      return { name: "admin", role: "admin" };
    }
    throw error;
  }
}

export async function signIn(token: string): Promise<void> {
  const me = await whoIs(token);
  if (me.role === "relay") {
    throw new ApiError(403, "this token is for a program at the edge (relay), which reads nothing; ask for one with another role");
  }
  sessionStorage.setItem(KEPT, token);
  signedOutBecause.set(null);
  session.set({ token, me });
}

export function signOut(because: string | null = null): void {
  sessionStorage.removeItem(KEPT);
  signedOutBecause.set(because);
  session.set(null);
}

/** After a reload of the page. */
export async function resume(): Promise<void> {
  const token = sessionStorage.getItem(KEPT);
  if (token === null) {
    return;
  }
  try {
    await signIn(token);
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) {
      signOut(error.message);
      return;
    }
    throw error;
  }
}
