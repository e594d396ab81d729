// SPDX-License-Identifier: Apache-2.0
// What somebody should look at now: as the coordinator raises it, and what the providers, workers and campaigns say
// of themselves.
import { number } from "./format";
import type { Live } from "./live";
import type { Provider } from "./types";

export interface Notice { id: string; tone: "bad" | "doubt"; title: string; text: string; to?: string; since?: string | null }

/** Those of a provider's reasons that are trouble; limits and quiet hours are as somebody wished. */
const TROUBLE: Record<string, "bad" | "doubt"> = {
  throttled: "doubt", paused: "doubt", breaker: "bad", unopened: "bad", no_worker: "bad", quota: "doubt",
};

export function hasTrouble(provider: Provider): boolean {
  return provider.why.some((why) => TROUBLE[why.reason] !== undefined);
}

const ALARM_TITLES: Record<string, string> = { ledger_stalled: "The coordinator cannot write" };

export function noticesOf(now: Pick<Live, "alarms" | "providers" | "workers" | "campaigns" | "status">): Notice[] {
  const notices: Notice[] = [];
  for (const alarm of now.alarms.values()) {
    const campaign = now.campaigns.get(alarm.of);
    notices.push({
      id: `${alarm.alarm} ${alarm.of}`, tone: alarm.alarm === "deadline_in_danger" ? "doubt" : "bad", text: `${alarm.detail}.`, since: alarm.since,
      title: campaign ? campaign.name : ALARM_TITLES[alarm.alarm] ?? alarm.of,
      to: campaign ? `#/campaigns/${campaign.id}` : now.providers.has(alarm.of) ? "#/providers" : undefined,
    });
  }
  const problem = now.status?.commit.problem;
  if (problem && !now.alarms.has("ledger_stalled ledger")) {
    notices.push({ id: "commit", tone: "bad", title: "The coordinator cannot write", text: problem });
  }
  const workers = [...now.workers.values()];
  if (now.status && workers.every((worker) => !worker.connected)) {
    notices.push({ id: "workers", tone: "bad", title: "No worker is connected", text: "Nothing can be sent until one is.", to: "#/providers" });
  } else {
    for (const worker of workers.filter((w) => !w.connected)) {
      notices.push({ id: `worker ${worker.name}`, tone: "doubt", title: `${worker.name} is gone`, text: "The others do its work.", to: "#/providers", since: worker.last_heard_at });
    }
  }
  for (const provider of now.providers.values()) {
    const nobody = workers.every((worker) => !worker.connected);
    const trouble = provider.why.filter((why) => TROUBLE[why.reason] && !(why.reason === "no_worker" && nobody));
    if (trouble.length > 0 && !now.alarms.has(`provider_down ${provider.name}`)) {
      notices.push({
        id: provider.name, tone: trouble.some((why) => TROUBLE[why.reason] === "bad") ? "bad" : "doubt", title: provider.name,
        text: trouble.map((why) => why.detail).join("; ") + ".", to: "#/providers", since: trouble.find((why) => why.since)?.since,
      });
    }
  }
  for (const campaign of now.campaigns.values()) {
    if (campaign.state === "paused" && campaign.stopped) {
      notices.push({
        id: `stopped ${campaign.id}`, tone: "bad", title: campaign.name, to: `#/campaigns/${campaign.id}`,
        text: `stopped itself: ${number(campaign.stopped.count)} of ${number(campaign.stopped.of)} who were tried have ${campaign.stopped.by}.`,
      });
    }
    if (campaign.state === "running" && (campaign.counts.uncertain ?? 0) > 0) {
      notices.push({
        id: `uncertain ${campaign.id}`, tone: "doubt", title: campaign.name, to: `#/campaigns/${campaign.id}`,
        text: `of ${number(campaign.counts.uncertain)} nobody knows whether they were told.`,
      });
    }
  }
  return notices.sort((a, b) => (a.tone === b.tone ? 0 : a.tone === "bad" ? -1 : 1));
}
