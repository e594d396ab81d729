// SPDX-License-Identifier: Apache-2.0
// The states of a recipient (docs/delivery-states.md) and of a campaign: their order, their words and what they mean.
import type { Campaign, CampaignState, Channel, Counts, Rung, State } from "./types";

/** As a bar shows them: from what is certain to what is lost. */
export const STATES: State[] = [
  "acknowledged", "delivered", "accepted", "leased", "retrying", "waiting",
  "uncertain", "failed", "unreachable", "suppressed", "expired", "cancelled",
];

export const STATE_MEANS: Record<State, string> = {
  acknowledged: "said that they know",
  delivered: "a receipt says that it arrived",
  accepted: "a provider took the message",
  leased: "being sent now",
  retrying: "will be tried again",
  waiting: "not sent to yet, or waiting on a later step",
  uncertain: "nobody knows whether the message went out",
  failed: "given up after trying",
  unreachable: "no address on any channel of the plan",
  suppressed: "on the suppression list, or spared by the frequency cap",
  expired: "the time was over before they could be sent to",
  cancelled: "the campaign was cancelled before they were sent to",
};

export const REACHED: State[] = ["accepted", "delivered", "acknowledged"];
export const ON_THE_WAY: State[] = ["waiting", "leased", "retrying"];
export const NOT_REACHED: State[] = ["failed", "unreachable", "suppressed", "expired", "cancelled"];

/** Not reached as a report counts them: of who is in doubt nobody knows that he was. */
export const LOST: State[] = [...NOT_REACHED, "uncertain"];

export function sum(counts: Counts, states: State[] = STATES): number {
  return states.reduce((total, state) => total + (counts[state] ?? 0), 0);
}

export const CAMPAIGN_MEANS: Record<CampaignState, string> = {
  draft: "not launched yet",
  scheduled: "begins by itself when its time comes",
  running: "being sent",
  paused: "nothing is sent until it is resumed",
  finished: "everybody is in a final state",
  cancelled: "stopped for good",
  expired: "its time was over",
  archived: "finished long ago; only counts and records are kept",
};

export function isLive(campaign: Pick<Campaign, "state">): boolean {
  return campaign.state === "running" || campaign.state === "paused" || campaign.state === "scheduled";
}

export const CHANNEL_NAMES: Record<Channel, string> = {
  email: "E-mail", sms: "SMS", voice: "Voice call", push: "Push", chat: "Chat", webhook: "Webhook",
};

const STEPS_SAID = 4;

/** "Push, then SMS, then voice call" for a glance at a plan, of a long one the beginning. */
export function planInWords(campaign: Pick<Campaign, "plan">): string {
  const { steps } = campaign.plan;
  const said = steps.length > STEPS_SAID + 1 ? steps.slice(0, STEPS_SAID) : steps;
  const more = steps.length > said.length ? ` and ${steps.length - said.length} more steps` : "";
  return said
    .map((step, i) => {
      const name = CHANNEL_NAMES[step.channel] ?? step.channel;
      const word = i === 0 || step.channel === "sms" ? name : name.charAt(0).toLowerCase() + name.slice(1);
      return i === 0 ? word : step.with_previous ? `with ${word}` : `then ${word}`;
    })
    .join(", ") + more;
}

/** How many were reached by each channel: where they stand now. Empty if there is one channel only, or nobody counted. */
export function reachedByChannel(campaign: Pick<Campaign, "ladder">): [Channel, number][] {
  const told = new Map<Channel, number>();
  for (const rung of campaign.ladder ?? []) {
    told.set(rung.channel, (told.get(rung.channel) ?? 0) + sum(rung.counts, REACHED));
  }
  return told.size > 1 ? [...told] : [];
}

export function rungName(rung: Rung): string {
  const name = CHANNEL_NAMES[rung.channel] ?? rung.channel;
  return rung.repeat > 0 ? `${name}, sent again (${rung.repeat})` : name;
}

/** What a screen reader hears for a bar: the states with somebody in them. */
export function countsInWords(counts: Counts, format: (n: number) => string): string {
  const parts = STATES.filter((state) => (counts[state] ?? 0) > 0).map((state) => `${format(counts[state]!)} ${state}`);
  return parts.length === 0 ? "nobody" : parts.join(", ");
}
