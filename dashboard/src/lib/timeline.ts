// SPDX-License-Identifier: Apache-2.0
// One person's history in sentences.
import type { IconName } from "../ui/icon";
import type { TimelineEvent } from "./types";

export interface Told { icon: IconName; tone: "good" | "bad" | "doubt" | "plain"; text: string; why: string | null }

const at = (event: TimelineEvent) => (event.provider ? ` by ${event.provider}` : "");

/** The provider's own code is worth telling; of ours the sentence says it all. */
function why(event: TimelineEvent): string | null {
  const { reason, detail } = event;
  if (reason === undefined) {
    return detail ?? null;
  }
  const code = reason >= 100 && reason <= 599 ? `code ${reason}` : null;
  if (detail && code && detail !== "provider answered") {
    return `${detail}, ${code}`;
  }
  return code ? `the provider answered with ${code}` : detail ?? `reason ${reason}`;
}

const WORDS: Record<string, (event: TimelineEvent) => Omit<Told, "why">> = {
  launched: () => ({ icon: "running", tone: "plain", text: "The campaign was launched" }),
  scheduled: () => ({ icon: "scheduled", tone: "plain", text: "The campaign was scheduled" }),
  paused: () => ({ icon: "paused", tone: "plain", text: "The campaign was paused" }),
  resumed: () => ({ icon: "running", tone: "plain", text: "The campaign went on" }),
  stopped: () => ({ icon: "alarm", tone: "bad", text: "The campaign stopped itself" }),
  finished: () => ({ icon: "finished", tone: "plain", text: "The campaign finished" }),
  superseded: () => ({ icon: "cancelled", tone: "plain", text: "Another campaign took this one's place" }),
  changed: (e) => ({ icon: "draft", tone: "plain", text: `The campaign's ${(e.field ?? "settings").replace(/_/g, " ")} changed` }),
  round: (e) => ({ icon: "retrying", tone: "plain", text: `Round ${e.round ?? ""} began`.trim() }),
  round_whole: () => ({ icon: "retrying", tone: "plain", text: "The round had taken everybody in" }),
  overridden: () => ({ icon: "alarm", tone: "plain", text: "Quiet hours or the frequency cap were overridden" }),
  screened: () => ({ icon: "audiences", tone: "plain", text: "The audience was matched against the suppression list" }),
  leased: (e) => ({ icon: "leased", tone: "plain", text: `Handed to a worker${e.provider ? ` for ${e.provider}` : ""}` }),
  released: (e) => ({ icon: "retrying", tone: "doubt", text: `Not sent${at(e)}; waits for another try` }),
  accepted: (e) => ({ icon: "accepted", tone: "good", text: `Taken${at(e)}` }),
  delivered: (e) => ({ icon: "delivered", tone: "good", text: `Delivered, says a receipt${e.provider ? ` of ${e.provider}` : ""}` }),
  confirmed: () => ({ icon: "delivered", tone: "good", text: "An earlier step's message was delivered" }),
  acknowledged: () => ({ icon: "acknowledged", tone: "good", text: "Acknowledged" }),
  deferred: (e) => ({ icon: "retrying", tone: "doubt", text: `Put off${at(e)}` }),
  repeated: (e) => ({ icon: "uncertain", tone: "doubt", text: `In doubt${e.provider ? ` at ${e.provider}` : ""}: sent again` }),
  held: () => ({ icon: "uncertain", tone: "doubt", text: "Held: nobody knows whether it went out" }),
  next_endpoint: () => ({ icon: "right", tone: "plain", text: "On to the next address" }),
  climbed: (e) => ({ icon: "up", tone: "plain", text: e.repeat ? `Sent again (${e.repeat} of ${e.repeats ?? "?"})` : `Climbed to step ${e.step ?? "?"}` }),
  unanswered: () => ({ icon: "waiting", tone: "plain", text: "The last step's time was over without an answer" }),
  failed: (e) => ({ icon: "failed", tone: "bad", text: `Failed${at(e)}` }),
  bounced: (e) => ({ icon: "failed", tone: "bad", text: `Came back, says a receipt${e.provider ? ` of ${e.provider}` : ""}` }),
  complained: () => ({ icon: "alarm", tone: "bad", text: "The person complained" }),
  unreachable: () => ({ icon: "unreachable", tone: "bad", text: "No address is left on any step" }),
  barred: () => ({ icon: "suppressed", tone: "doubt", text: "This address must not be used" }),
  suppressed: () => ({ icon: "suppressed", tone: "doubt", text: "Not sent to: suppressed" }),
  expired: () => ({ icon: "expired", tone: "bad", text: "The time was over" }),
  cancelled: () => ({ icon: "cancelled", tone: "plain", text: "The campaign was cancelled" }),
  retried: (e) => ({ icon: "retrying", tone: "plain", text: `Taken into round ${e.round ?? "?"}` }),
};

/** An event that is not known here yet is shown by its own name. */
export function tell(event: TimelineEvent): Told {
  const words = WORDS[event.event]?.(event) ?? { icon: "right" as const, tone: "plain" as const, text: event.event.replace(/_/g, " ") };
  return { ...words, why: event.event === "accepted" && event.reason !== undefined && event.reason < 300 ? null : why(event) };
}
