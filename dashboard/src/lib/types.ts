// SPDX-License-Identifier: Apache-2.0
// What the API answers with (docs/api.md), as far as the dashboard looks at it.

export type State =
  | "waiting" | "leased" | "accepted" | "delivered" | "acknowledged" | "retrying"
  | "failed" | "suppressed" | "unreachable" | "expired" | "cancelled" | "uncertain";

export type Counts = Partial<Record<State, number>>;

export type CampaignState = "draft" | "scheduled" | "running" | "paused" | "finished" | "cancelled" | "expired" | "archived";

export type Channel = "email" | "sms" | "voice" | "push" | "chat" | "webhook";

export interface Step {
  channel: Channel;
  until?: "accepted" | "delivered" | "acknowledged";
  within?: string;
  attempts?: number;
  backoff?: string;
  provider?: string | string[];
  with_previous?: boolean;
  repeat?: { every: string; times: number };
  if_down?: "wait" | "climb";
  left_out?: boolean;
}

export interface Rung {
  step: number;
  repeat: number;
  channel: Channel;
  counts: Counts;
  open: number;
  next_at: string | null;
  with_previous?: boolean;
}

export interface StopRule { percent?: number; of_at_least?: number; count?: number }
export interface StopRules { failed?: StopRule; complained?: StopRule }

export interface Body { subject?: string; text?: string; html?: string; attachments?: string[] }
export type Content = Partial<Record<Channel, Body | Record<string, Body>>>;

export interface Campaign {
  id: string;
  name: string;
  audience: string;
  channel?: Channel;
  state: CampaignState;
  priority: "critical" | "high" | "normal" | "bulk";
  weight: number;
  rate: number | null;
  plan: { steps: Step[] };
  plan_name: string | null;
  without?: string[];
  content?: Content;
  created_at: string;
  launched_at: string | null;
  ended_at: string | null;
  starts_at?: string | null;
  expires_at?: string | null;
  not_after?: string | null;
  stop_rules?: StopRules | null;
  superseded_by?: string | null;
  stopped?: { by: string; count: number; of: number } | null;
  recipients: number;
  counts: Counts;
  replies?: Record<string, number>;
  open: number;
  ladder: Rung[] | null;
  next_climb_at: string | null;
  rate_per_s: number;
  time_left_s: number | null;
  repeated: number;
  round?: number;
  rounds?: { round: number; at: string; recipients: number; states: State[] }[];
}

export interface Why { reason: string; detail: string; since: string | null; until: string | null }

export interface Provider {
  name: string;
  channel: Channel;
  adapter: string;
  groups: string[];
  weight: number;
  part: number;
  share: number;
  rate_per_s: number;
  rate_now_per_s: number;
  sent_per_s: number;
  limit: { settings: { rate: number | null }; override: { rate?: number | null; since?: string | null } | null };
  health: { throttled: number; fault: number; timeout: number; latency_ms: number | null };
  down_since: string | null;
  breaker: "closed" | "open" | "probing";
  breaker_reason: string | null;
  paused_until: string | null;
  unopened: Record<string, string>;
  callbacks_closed: string | null;
  concurrency: number | null;
  under_way: number;
  quota: { per_day: number; used: number; until: string } | null;
  outcomes: Record<string, number>;
  why: Why[];
}

export interface Worker {
  name: string;
  connected: boolean;
  last_heard_at: string | null;
  credit: Partial<Record<Channel, number>>;
  in_hand: Partial<Record<Channel, number>>;
  leases: number;
  outcomes: number;
  rate_per_s: number;
}

export interface Status {
  version: string;
  started_at: string;
  uptime_s: number;
  room_bytes: number;
  journal_bytes: number;
  page_bytes: number;
  commit: { in_flight: number; problem: string | null };
}

export interface Audience {
  id: string;
  name: string;
  created_at: string;
  rows: number;
  accepted: number;
  duplicates: number;
  refused: number;
  columns: { name: string; field: string }[];
  reachable: { email: number; phone: number; push_token: number; webhook: number };
}

export interface TimelineEvent {
  at: string;
  event: string;
  provider?: string;
  step?: number;
  repeat?: number;
  repeats?: number;
  reason?: number;
  detail?: string;
  due_at?: string;
  ref?: string;
  lease?: string;
  worker?: string;
  round?: number;
  field?: string;
}

export interface Delivery {
  key: string;
  ordinal: number;
  state: State;
  step: number;
  endpoint: number;
  attempts: number;
  uncertain: boolean;
  repeat?: number;
  repeats?: number;
  tracks?: { step: number; state: State }[];
  timeline?: TimelineEvent[];
  /** These if a reason was asked for. */
  reason?: number;
  detail?: string;
  provider?: string | null;
  address?: string | null;
  at?: string | null;
}

export interface Reply {
  id: string;
  received: string;
  class: "ack" | "stop" | "start" | "help" | "other";
  result: string;
  channel: Channel;
  provider?: string;
  from: string;
  to?: string;
  text: string;
  campaign?: string;
  recipient?: string;
  found_by?: string;
}

export interface Preflight {
  campaign: string;
  at: string;
  starts_at: string;
  people: number;
  reachable: number;
  incomplete: number;
  suppressed: number;
  capped: number;
  unreachable: number;
  steps: {
    step: number; repeat: number; channel: Channel; left_out?: boolean; people: number; suppressed: number; capped: number;
    incomplete: number; sendable: number; first: number; providers: string[]; speed: string; rate_per_s: number | null;
    begins_after_s: number | null; send_s: number | null;
  }[];
  missing: { channel: Channel; locale: string; variable: string; people: number }[];
  sms: { people: number; one: number; two: number; three_or_more: number; parts: number; unicode: number; longest: number; too_long: number } | null;
  deadlines: { deadline: string; at: string; late: number }[];
  problems: { problem: string; detail: string; launch_refuses?: boolean }[];
  warnings: { warning: string; detail: string; people?: number }[];
}

export interface Page<T> { items: T[]; next: string | null }

export interface AuditEntry {
  number: number; at: string; name: string | null; kind: string; role: string | null; token: string | null; address: string;
  action: string; method: string; route: string; object: string; summary: string; status: number;
}

export type Role = "relay" | "viewer" | "author" | "approver" | "operator" | "admin";

export interface Me { name: string; role: Role; kind?: string; token?: string | null; until?: string | null }

export interface Token {
  id: string; name: string; role: Role; state: "good" | "expired" | "revoked"; created_at: string; created_by: string;
  expires_at: string; last_used_at: string | null; revoked_at: string | null; token?: string;
}
