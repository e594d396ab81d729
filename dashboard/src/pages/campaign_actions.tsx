// SPDX-License-Identifier: Apache-2.0
// What one can do with a campaign. Each says first, in words and numbers, what will happen.
import { send } from "../lib/api";
import { number, plural, share } from "../lib/format";
import { changedInWords, changesOf, fieldsOf, hasBegun, type Fields } from "../lib/changes";
import { putCampaign, putWhole } from "../lib/live";
import { ON_THE_WAY, sum } from "../lib/states";
import type { Campaign, State, StopRule } from "../lib/types";
import { Button } from "../ui/basics";
import { confirm } from "../ui/dialog";

async function act(campaign: Campaign, verb: string, body?: unknown): Promise<Campaign> {
  const changed = await send<Campaign>("POST", `/v1/campaigns/${campaign.id}/${verb}`, body);
  putCampaign(changed);
  return changed;
}

const people = (n: number) => plural(n, "person", "people");

function Name({ campaign }: { campaign: Campaign }) {
  return <b><bdi>{campaign.name}</bdi></b>;
}

function askPause(campaign: Campaign) {
  confirm({
    title: "Pause this campaign?",
    text: <p><Name campaign={campaign} />: nobody more is sent to until somebody resumes it. {people(sum(campaign.counts, ON_THE_WAY))} wait then. What workers hold comes back within a second; who acknowledges meanwhile is counted.</p>,
    verb: "Pause", act: async () => { await act(campaign, "pause"); return "Paused."; },
  });
}

function askResume(campaign: Campaign) {
  confirm({
    title: "Go on with this campaign?",
    text: (
      <>
        <p><Name campaign={campaign} />: sending goes on at once, to {people(sum(campaign.counts, ON_THE_WAY))} who wait.</p>
        {campaign.stopped && <p>A rule had stopped it, as {number(campaign.stopped.count)} of {number(campaign.stopped.of)} had {campaign.stopped.by}. From here on the rule counts anew.</p>}
      </>
    ),
    verb: "Resume", act: async () => { await act(campaign, "resume"); return "It goes on."; },
  });
}

function askCancel(campaign: Campaign) {
  const waiting = sum(campaign.counts, ON_THE_WAY);
  confirm({
    title: "Cancel this campaign for good?", kind: "danger",
    text: <p><Name campaign={campaign} />: {campaign.state === "draft" || campaign.state === "scheduled" ? "it is never sent." : <>{people(waiting)} ({share(waiting, campaign.recipients)}) are not sent to any more, and nobody climbs to a later step. What was sent stays sent.</>} This cannot be taken back.</p>,
    verb: "Cancel it", act: async () => { await act(campaign, "cancel"); return "Cancelled."; },
  });
}

function askLaunch(campaign: Campaign) {
  const local = new Date(Date.now() - new Date().getTimezoneOffset() * 60000 + 3600000).toISOString().slice(0, 16);
  confirm({
    title: "Launch this campaign?",
    text: <p><Name campaign={campaign} /> goes to {people(campaign.recipients)}. What is sent cannot be called back.</p>,
    fields: (
      <fieldset class="choices">
        <legend>When</legend>
        <label><input type="radio" name="when" value="now" defaultChecked /> at once</label>
        <label><input type="radio" name="when" value="at" /> at <input type="datetime-local" name="at" defaultValue={local} aria-label="The time it begins" /></label>
      </fieldset>
    ),
    verb: "Launch",
    act: async (form) => {
      const later = form.get("when") === "at";
      const changed = await act(campaign, "launch", later ? { at: new Date(String(form.get("at"))).toISOString() } : undefined);
      return changed.state === "scheduled" ? "Scheduled." : "Launched.";
    },
  });
}

const RETRIED: State[] = ["failed", "unreachable", "uncertain", "expired"];

function askRetry(campaign: Campaign) {
  const there = RETRIED.filter((state) => (campaign.counts[state] ?? 0) > 0);
  confirm({
    title: "Another round?",
    text: <p><Name campaign={campaign} />: whom you choose here begins the plan anew, at its first step. Everybody else stays as they are, and who acknowledged is not sent to.</p>,
    fields: (
      <fieldset class="choices">
        <legend>Who</legend>
        {there.map((state) => (
          <label key={state}><input type="checkbox" name="state" value={state} defaultChecked={state !== "expired"} /> {number(campaign.counts[state])} {state}{state === "uncertain" && <span class="soft"> (they may get it twice)</span>}</label>
        ))}
      </fieldset>
    ),
    verb: "Retry",
    act: async (form) => {
      const states = form.getAll("state").map(String);
      if (states.length === 0) {
        throw new Error("Choose at least one group of people.");
      }
      const changed = await act(campaign, "retry", { states });
      return `Round ${number(changed.round ?? 2)} has begun.`;
    },
  });
}

function askRate(campaign: Campaign) {
  confirm({
    title: "How fast?",
    text: <p><Name campaign={campaign} />: so many people a second at most, beside the limits of its providers. It holds at once. Leave it empty for no limit of its own.</p>,
    fields: <label class="field"><span>People a second</span><input name="rate" type="number" min="0.001" max="10000000" step="any" inputMode="decimal" defaultValue={campaign.rate === null ? "" : String(campaign.rate)} /></label>,
    verb: "Set",
    act: async (form) => {
      const text = String(form.get("rate") ?? "").trim();
      putCampaign(await send<Campaign>("PATCH", `/v1/campaigns/${campaign.id}`, { rate: text === "" ? null : Number(text) }));
      return text === "" ? "The campaign has no rate of its own now." : `At most ${number(Number(text))} a second from now on.`;
    },
  });
}

const RULE_WORDS = { failed: "have failed for good", complained: "have complained" } as const;

function RuleFields({ name, fields }: { name: keyof typeof RULE_WORDS; fields: Fields }) {
  const field = (part: keyof StopRule, label: string, max?: number) => (
    <label class="field"><span>{label}</span><input name={`${name}_${part}`} type="number" min="1" max={max} step="1" inputMode="numeric" defaultValue={fields[`${name}_${part}`]} /></label>
  );
  return (
    <fieldset class="rule">
      <legend>It pauses itself when too many {RULE_WORDS[name]}</legend>
      {field("percent", "More than, %", 99)}
      {field("of_at_least", "once so many were tried")}
      {field("count", "or more than, people")}
    </fieldset>
  );
}

function askChange(campaign: Campaign) {
  const fields = fieldsOf(campaign);
  confirm({
    title: "Change this campaign?",
    text: <p><Name campaign={campaign} />: what you change holds at once{hasBegun(campaign) ? ", for everybody who has not been sent to" : ", from its launch on"}. A rule that is broken as it is set stops it at once.</p>,
    fields: (
      <>
        <div class="halves">
          <label class="field"><span>Priority</span>
            <select name="priority">
              {["critical", "high", "normal", "bulk"].map((one) => <option key={one} value={one} selected={one === fields.priority}>{one}</option>)}
            </select>
          </label>
          <label class="field"><span>Weight</span><input name="weight" type="number" min="1" max="1000" step="1" inputMode="numeric" defaultValue={fields.weight} /><small>Its share among those as urgent.</small></label>
        </div>
        {hasBegun(campaign)
          ? <label class="field"><span>Nobody is sent to after</span><input name="not_after" type="datetime-local" defaultValue={fields.not_after} /><small>Empty: it has no end.</small></label>
          : <label class="field"><span>Nobody is sent to after</span><input name="not_after" defaultValue={fields.not_after} placeholder="6h" /><small>A duration after it began, or a time with its offset. Empty: it has no end.</small></label>}
        <RuleFields name="failed" fields={fields} />
        <RuleFields name="complained" fields={fields} />
      </>
    ),
    verb: "Change it",
    act: async (form) => {
      const wanted = Object.fromEntries(Object.keys(fields).map((name) => [name, String(form.get(name) ?? "")])) as Fields;
      const body = changesOf(campaign, wanted);
      if (Object.keys(body).length === 0) {
        throw new Error("Nothing is another than before.");
      }
      putWhole(await send<Campaign>("PATCH", `/v1/campaigns/${campaign.id}`, body));
      return changedInWords(body);
    },
  });
}

/** What is most likely wanted; always the same button, so that it keeps the focus when the campaign's state changes. */
function mainAction(campaign: Campaign) {
  switch (campaign.state) {
    case "draft":
    case "scheduled":
      return { word: "Launch", icon: "running", kind: "primary", what: "launch", ask: askLaunch } as const;
    case "running":
      return { word: "Pause", icon: "paused", kind: "plain", what: "run", ask: askPause } as const;
    case "paused":
      return { word: "Resume", icon: "running", kind: "primary", what: "run", ask: askResume } as const;
    case "finished":
      return RETRIED.some((one) => (campaign.counts[one] ?? 0) > 0) ? { word: "Retry", icon: "retrying", kind: "primary", what: "run", ask: askRetry } as const : null;
    default:
      return null;
  }
}

export function CampaignActions({ campaign }: { campaign: Campaign }) {
  const { state } = campaign;
  const main = mainAction(campaign);
  const goesOn = state === "running" || state === "paused";
  const mayChange = goesOn || state === "draft" || state === "scheduled";
  return (
    <div class="actions" role="group" aria-label="What can be done">
      {main && <Button kind={main.kind} icon={main.icon} what={main.what} onPress={() => main.ask(campaign)}>{main.word}</Button>}
      {goesOn && <Button icon="speed" what="run" onPress={() => askRate(campaign)}>Rate</Button>}
      {mayChange && <Button icon="draft" what="run" onPress={() => askChange(campaign)}>Change</Button>}
      {mayChange && <Button kind="danger" icon="cancelled" what="run" onPress={() => askCancel(campaign)}>Cancel</Button>}
    </div>
  );
}
