// SPDX-License-Identifier: Apache-2.0
// What goes on, as the event stream tells it. One GET of each list when the stream opens (or has a gap), then events
// alone: nothing is asked for again and again. Only aggregates are kept: a campaign of ten million recipients is one
// small object here, and a few hundred points of its curve.
import { ApiError, errorText, get, getAll, session, signOut } from "./api";
import { addPoint, isSame, type Point } from "./history";
import { StreamParser, type StreamEvent } from "./sse";
import { createStore } from "./store";
import type { Campaign, Provider, Status, Worker } from "./types";

export type Link = "off" | "opening" | "live" | "waiting";

export interface Alarm { alarm: string; of: string; detail: string; since: string }

export interface Live {
  link: Link;
  why: string | null; // the link is waiting
  lostAt: number | null; // ms, when it was live last; null: it is, or never was
  loaded: boolean;
  campaigns: ReadonlyMap<string, Campaign>;
  providers: ReadonlyMap<string, Provider>;
  workers: ReadonlyMap<string, Worker>;
  alarms: ReadonlyMap<string, Alarm>;
  status: Status | null;
  replies: number; // how often there were new ones
}

const nothing: Live = {
  link: "off", why: null, lostAt: null, loaded: false, campaigns: new Map(), providers: new Map(), workers: new Map(), alarms: new Map(),
  status: null, replies: 0,
};

const EVERY_MS = 250; // fifty campaigns that run tell fifty things a second, each at its own time

export const live = createStore<Live>(nothing, EVERY_MS);
/** Campaign -> its curve since this page was opened. */
export const curves = createStore<ReadonlyMap<string, readonly Point[]>>(new Map(), EVERY_MS);

function change(part: Partial<Live>): void {
  live.update((now) => ({ ...now, ...part }));
}

function withEntry<T>(map: ReadonlyMap<string, T>, key: string, value: T | undefined): ReadonlyMap<string, T> {
  const next = new Map(map);
  if (value === undefined) {
    next.delete(key);
  } else {
    next.set(key, value);
  }
  return next;
}

export function putCampaign(campaign: Campaign): void {
  const old = live.get().campaigns.get(campaign.id);
  change({ campaigns: withEntry(live.get().campaigns, campaign.id, { ...old, ...campaign }) });
  if (campaign.launched_at) {
    curves.update((now) => {
      const points = now.get(campaign.id) ?? [];
      // A curve that has come to its end stays there.
      const goesOn = campaign.state === "running" || campaign.state === "paused" || !isSame(points[points.length - 1], campaign.counts);
      return goesOn ? withEntry(now, campaign.id, addPoint(points, Date.now(), campaign.counts)) : now;
    });
  }
}

/** All of it, not what has changed: what it does not name it does not have (any more). */
export function putWhole(campaign: Campaign): void {
  putCampaign({ not_after: undefined, expires_at: undefined, stop_rules: undefined, stopped: undefined, ...campaign });
}

export function putProvider(provider: Provider): void {
  change({ providers: withEntry(live.get().providers, provider.name, { ...live.get().providers.get(provider.name), ...provider }) });
}

// ---- what is asked for ----

const NEWEST = 200;

/** All that go on, and the newest of the others; older ones are looked up a page at a time. The newest last. */
async function loadCampaigns(signal: AbortSignal): Promise<Campaign[]> {
  const [going, newest] = await Promise.all([
    getAll<Campaign>("/v1/campaigns?state=running,paused,scheduled", signal),
    get<{ items: Campaign[] }>(`/v1/campaigns?order=newest&limit=${NEWEST}`, signal),
  ]);
  const all = new Map([...going, ...newest.items].map((campaign) => [campaign.id, campaign]));
  return [...all.values()].sort((a, b) => Number(a.id.slice(1)) - Number(b.id.slice(1)));
}

async function loadAll(signal: AbortSignal): Promise<void> {
  const [campaigns, providers, workers, alarms, status] = await Promise.all([
    loadCampaigns(signal),
    getAll<Provider>("/v1/providers", signal),
    getAll<Worker>("/v1/workers", signal),
    get<{ items: Alarm[] }>("/v1/alarms", signal),
    get<Status>("/v1/status", signal),
  ]);
  const kept = live.get().campaigns;
  change({
    loaded: true,
    // The texts of a campaign are not in the list; who has them keeps them.
    campaigns: new Map(campaigns.map((c) => [c.id, { ...(c.content ? {} : { content: kept.get(c.id)?.content }), ...c }])),
    providers: new Map(providers.map((p) => [p.name, p])),
    workers: new Map(workers.map((w) => [w.name, w])),
    alarms: new Map(alarms.items.map((a) => [`${a.alarm} ${a.of}`, a])),
    status,
  });
  const now = Date.now();
  curves.update((old) => {
    const next = new Map(old);
    for (const campaign of campaigns.filter((c) => c.state === "running")) {
      next.set(campaign.id, addPoint(next.get(campaign.id) ?? [], now, campaign.counts));
    }
    return next;
  });
}

const asked = new Map<string, Promise<void>>();

/** One request at a time for each thing, however many events ask for it. */
function askOnce(path: string, take: (answer: never) => void): void {
  if (!asked.has(path)) {
    asked.set(path, get<never>(path).then(take, () => undefined).finally(() => asked.delete(path)));
  }
}

export async function loadCampaign(id: string, signal?: AbortSignal): Promise<Campaign> {
  const campaign = await get<Campaign>(`/v1/campaigns/${encodeURIComponent(id)}`, signal);
  putWhole(campaign);
  return campaign;
}

// ---- what is told ----

interface CloudEvent { id?: string; type: string; subject?: string; time?: string; data?: Record<string, unknown> }

const PREFIX = "com.tocsin.";
/** Facts up to this number were there when everything was read: they tell how things stood before that. */
let readUntil = 0;

const numberOf = (id: unknown): number => Number(/^e(\d+)$/.exec(String(id))?.[1] ?? 0);

export function takeEvent(event: StreamEvent): void {
  let cloud: CloudEvent;
  try {
    cloud = JSON.parse(event.data);
  } catch {
    return;
  }
  if (typeof cloud?.type !== "string") {
    return;
  }
  const word = cloud.type.startsWith(PREFIX) ? cloud.type.slice(PREFIX.length) : cloud.type;
  const data = cloud.data ?? {};
  const family = word.split(".")[0];
  const isPast = cloud.id !== undefined && numberOf(cloud.id) > 0 && numberOf(cloud.id) <= readUntil;
  if (word === "stream.opened") {
    readUntil = numberOf(data.newest);
  } else if (word === "stream.gap") {
    reload();
  } else if (isPast) {
    return;
  } else if (word === "coordinator.started") {
    reload();
  } else if (family === "campaign") {
    takeCampaign(cloud.subject ?? "", word, data);
  } else if (family === "provider") {
    takeProvider(cloud.subject ?? "", data);
  } else if (family === "worker") {
    takeWorker(cloud.subject ?? "", word, data);
  } else if (family === "alarm") {
    takeAlarm(word, data);
  } else if (family === "replies") {
    change({ replies: live.get().replies + 1 });
  }
}

function takeCampaign(id: string, word: string, data: Record<string, unknown>): void {
  const old = live.get().campaigns.get(id);
  if (old !== undefined && data.counts !== undefined) {
    putCampaign({ ...old, ...(data as Partial<Campaign>), id });
  }
  // What was changed of it an event does not say.
  if (/^c\d+$/.test(id) && (old === undefined || data.counts === undefined || word === "campaign.changed")) {
    askOnce(`/v1/campaigns/${id}`, putWhole as (answer: never) => void);
  }
}

function takeProvider(name: string, data: Record<string, unknown>): void {
  const old = live.get().providers.get(name);
  if (old !== undefined && data.outcomes !== undefined) {
    putProvider({ ...old, ...(data as Partial<Provider>), name });
  } else if (name !== "") {
    askOnce(`/v1/providers/${encodeURIComponent(name)}`, putProvider as (answer: never) => void);
  }
}

function takeWorker(name: string, word: string, data: Record<string, unknown>): void {
  const old = live.get().workers.get(name);
  if (old !== undefined && word !== "worker.joined") {
    change({ workers: withEntry(live.get().workers, name, { ...old, ...(data as Partial<Worker>), name }) });
  } else {
    askOnce("/v1/workers?limit=1000", ((page: { items: Worker[] }) =>
      change({ workers: new Map(page.items.map((w) => [w.name, w])) })) as (answer: never) => void);
  }
}

function takeAlarm(word: string, data: Record<string, unknown>): void {
  const alarm = data as unknown as Alarm;
  const key = `${alarm.alarm} ${alarm.of}`;
  change({ alarms: withEntry(live.get().alarms, key, word === "alarm.cleared" ? undefined : alarm) });
}

// ---- the link ----

const WAIT_FIRST_MS = 500;
const WAIT_MAX_MS = 20000;
const SILENCE_MS = 40000; // the stream says something at least every 15 s

let ending: AbortController | null = null;
let lastId = "";

function reload(): void {
  if (ending !== null) {
    loadAll(ending.signal).catch(() => undefined);
  }
}

async function readStream(token: string, signal: AbortSignal, onOpen: () => Promise<void>): Promise<void> {
  const quiet = new AbortController();
  const stop = () => quiet.abort();
  signal.addEventListener("abort", stop);
  let timer = setTimeout(stop, SILENCE_MS);
  try {
    const headers: Record<string, string> = { Authorization: `Bearer ${token}`, Accept: "text/event-stream" };
    if (lastId !== "") {
      headers["Last-Event-ID"] = lastId;
    }
    const answer = await fetch("/v1/events", { headers, signal: quiet.signal, cache: "no-store", credentials: "omit" });
    if (!answer.ok) {
      const problem = await answer.json().catch(() => ({}));
      throw new ApiError(answer.status, problem.detail ?? `the event stream answered with status ${answer.status}`);
    }
    await onOpen();
    const parser = new StreamParser();
    parser.lastId = lastId;
    const reader = answer.body!.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        return;
      }
      clearTimeout(timer);
      timer = setTimeout(stop, SILENCE_MS);
      for (const event of parser.push(value)) {
        takeEvent(event);
      }
      lastId = parser.lastId;
    }
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    const soon = () => {
      clearTimeout(timer);
      resolve();
    };
    signal.addEventListener("abort", soon, { once: true });
    addEventListener("online", soon, { once: true });
  });
}

async function keepLink(token: string, signal: AbortSignal): Promise<void> {
  let waitMs = WAIT_FIRST_MS;
  while (!signal.aborted) {
    change({ link: live.get().link === "off" ? "opening" : live.get().link });
    let why = "the stream of events ended";
    try {
      await readStream(token, signal, async () => {
        await loadAll(signal);
        change({ link: "live", why: null, lostAt: null });
        waitMs = WAIT_FIRST_MS;
      });
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      if (error instanceof ApiError && error.status === 401) {
        signOut(error.message);
        return;
      }
      why = error instanceof ApiError ? errorText(error) : "the coordinator cannot be reached just now";
      if (!live.get().loaded) {
        await loadAll(signal).catch(() => undefined);
      }
    }
    if (!signal.aborted) {
      change({ link: "waiting", why, lostAt: live.get().link === "live" ? Date.now() : live.get().lostAt });
      await pause(waitMs * (0.75 + Math.random() / 2), signal);
      waitMs = Math.min(waitMs * 2, WAIT_MAX_MS);
    }
  }
}

/** Follows the session: a stream while somebody is signed in. */
export function followSession(): void {
  const look = () => {
    ending?.abort();
    ending = null;
    live.set(nothing);
    curves.set(new Map());
    lastId = "";
    const now = session.get();
    if (now !== null) {
      ending = new AbortController();
      void keepLink(now.token, ending.signal);
    }
  };
  session.follow(look);
  look();
}
