// SPDX-License-Identifier: Apache-2.0
// What may be changed of a campaign until it has ended (docs/api.md, PATCH /v1/campaigns/{id}), beside its rate: as a form has it,
// in words, and only what is another than before as the request.
import { list, number } from "./format";
import type { Campaign, StopRule, StopRules } from "./types";

const RULES = ["failed", "complained"] as const;
type RuleName = typeof RULES[number];

/** The fields of the form, by name; each a text. */
export type Fields = Record<"priority" | "weight" | "not_after" | `${RuleName}_${keyof StopRule}`, string>;

const PARTS = ["percent", "of_at_least", "count"] as const;

/** "2026-11-29T18:30", as a field for a time has it, in the viewer's zone. */
export function localTime(at: string | Date): string {
  const date = new Date(at);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}

/** One that has begun ends at a time; one that has not may say a duration. */
export function hasBegun(campaign: Pick<Campaign, "launched_at">): boolean {
  return campaign.launched_at !== null;
}

export function fieldsOf(campaign: Campaign): Fields {
  const rules = campaign.stop_rules ?? {};
  const of = (name: RuleName, part: keyof StopRule) => String(rules[name]?.[part] ?? "");
  return {
    priority: campaign.priority, weight: String(campaign.weight),
    not_after: hasBegun(campaign) ? (campaign.expires_at ? localTime(campaign.expires_at) : "") : campaign.not_after ?? "",
    failed_percent: of("failed", "percent"), failed_of_at_least: of("failed", "of_at_least"), failed_count: of("failed", "count"),
    complained_percent: of("complained", "percent"), complained_of_at_least: of("complained", "of_at_least"), complained_count: of("complained", "count"),
  };
}

function rulesOf(fields: Fields): StopRules | null {
  const rules: StopRules = {};
  for (const name of RULES) {
    const parts = PARTS.filter((part) => fields[`${name}_${part}`].trim() !== "");
    if (parts.length > 0) {
      rules[name] = Object.fromEntries(parts.map((part) => [part, Number(fields[`${name}_${part}`])]));
    }
  }
  return Object.keys(rules).length > 0 ? rules : null;
}

/** The body of the request; empty if nothing is another than before. */
export function changesOf(campaign: Campaign, fields: Fields): Record<string, unknown> {
  const before = fieldsOf(campaign);
  const body: Record<string, unknown> = {};
  if (fields.priority !== before.priority) {
    body.priority = fields.priority;
  }
  if (fields.weight !== before.weight) {
    body.weight = fields.weight.trim() === "" ? null : Number(fields.weight);
  }
  if (fields.not_after !== before.not_after) {
    const text = fields.not_after.trim();
    body.not_after = text === "" ? null : hasBegun(campaign) ? new Date(text).toISOString() : text;
  }
  if (RULES.some((name) => PARTS.some((part) => fields[`${name}_${part}`].trim() !== before[`${name}_${part}`]))) {
    body.stop_rules = rulesOf(fields);
  }
  return body;
}

/** "more than 5 % of at least 200 or more than 100 have failed" */
export function rulesInWords(rules: StopRules | null | undefined): string {
  return RULES.filter((name) => rules?.[name]).map((name) => {
    const { percent, of_at_least, count } = rules![name]!;
    const limits = [
      percent !== undefined && `more than ${percent} %${of_at_least !== undefined ? ` of at least ${number(of_at_least)}` : ""}`,
      count !== undefined && `more than ${number(count)}`,
    ].filter(Boolean);
    return `${limits.join(" or ")} have ${name}`;
  }).join(", or ");
}

/** "Changed: its priority and its stop rules." */
export function changedInWords(body: Record<string, unknown>): string {
  const names: Record<string, string> = { priority: "its priority", weight: "its weight", not_after: "its end", stop_rules: "its stop rules" };
  return `Changed: ${list(Object.keys(body).map((key) => names[key] ?? key))}.`;
}
