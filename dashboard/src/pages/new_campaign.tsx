// SPDX-License-Identifier: Apache-2.0
// A campaign in the making: who, how, what. It becomes a draft first, which is checked and looked at before its launch.
import { useEffect, useState } from "preact/hooks";
import { getAll, send } from "../lib/api";
import { number, plural, share } from "../lib/format";
import { live, putCampaign } from "../lib/live";
import { go, link, place } from "../lib/route";
import { CHANNEL_NAMES } from "../lib/states";
import { useStore } from "../lib/store";
import type { Audience, Campaign, Channel, Step } from "../lib/types";
import { uploadAudience } from "../lib/upload";
import { Button, Card, Empty, Loading, PageHead, Problem, say, useAsked } from "../ui/basics";
import { Icon } from "../ui/icon";
import { CHANNELS, newStep, StepRows, writtenStep } from "../ui/step_rows";

const FIELD_OF: Record<Channel, keyof Audience["reachable"]> = { email: "email", sms: "phone", voice: "phone", chat: "phone", push: "push_token", webhook: "webhook" };
const HAS_SUBJECT: Channel[] = ["email", "push"];

interface Text { subject: string; text: string; html: string }
interface Draft {
  name: string; priority: Campaign["priority"]; plan: string; steps: Step[]; texts: Partial<Record<Channel, Text>>;
  rate: string; not_after: string; stop_percent: string;
}

const EMPTY: Text = { subject: "", text: "", html: "" };

/** What the API takes; nothing that was left empty. */
export function documentOf(draft: Draft, audience: string, steps: Step[]): Record<string, unknown> {
  const content: Record<string, Record<string, string>> = {};
  for (const channel of new Set(steps.map((step) => step.channel))) {
    const text = draft.texts[channel] ?? EMPTY;
    const body: Record<string, string> = {};
    if (HAS_SUBJECT.includes(channel) && text.subject !== "") {
      body.subject = text.subject;
    }
    if (text.text !== "") {
      body.text = text.text;
    }
    if (channel === "email" && text.html !== "") {
      body.html = text.html;
    }
    content[channel] = body;
  }
  const document: Record<string, unknown> = {
    name: draft.name, audience, content,
    plan: draft.plan !== "" ? draft.plan : { steps: steps.map(writtenStep) },
  };
  if (draft.priority !== "normal") {
    document.priority = draft.priority;
  }
  if (draft.rate !== "") {
    document.rate = Number(draft.rate);
  }
  if (draft.not_after !== "") {
    document.not_after = draft.not_after;
  }
  if (draft.stop_percent !== "") {
    document.stop_rules = { failed: { percent: Number(draft.stop_percent), of_at_least: 100 } };
  }
  return document;
}

function AudienceChoice({ audiences, chosen, choose, added }: { audiences: Audience[]; chosen: string; choose: (id: string) => void; added: (audience: Audience) => void }) {
  const [part, setPart] = useState<number | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [skip, setSkip] = useState(true);
  const audience = audiences.find((one) => one.id === chosen);
  const take = async (file: File | undefined) => {
    if (!file || part !== null) {
      return;
    }
    setError(null);
    setPart(0);
    try {
      const made = await uploadAudience(file, file.name.replace(/\.(csv|txt|ndjson|jsonl)(\.(gz|zst))?$/i, ""), skip, setPart);
      added(made);
      say(`${number(made.accepted)} people were taken in${made.refused > 0 ? `, ${number(made.refused)} rows were refused` : ""}.`);
    } catch (problem) {
      setError(problem);
    }
    setPart(null);
  };
  return (
    <Card title="To whom">
      <div class="halves">
        <label class="field"><span>Audience</span>
          <select value={chosen} onChange={(e) => choose(e.currentTarget.value)} required>
            <option value="">Choose one</option>
            {audiences.map((one) => <option key={one.id} value={one.id}>{one.name} ({number(one.accepted)})</option>)}
          </select>
        </label>
        <div class="field">
          <label class="field"><span>Or upload a list</span>
            <input type="file" accept=".csv,.txt,.ndjson,.jsonl,.gz,.zst" onChange={(e) => { void take(e.currentTarget.files?.[0]); e.currentTarget.value = ""; }} />
          </label>
          <small>CSV or NDJSON, with id and phone, email, push_token or webhook.</small>
          <label class="check"><input type="checkbox" checked={skip} onChange={(e) => setSkip(e.currentTarget.checked)} /> Leave out rows that cannot be used</label>
        </div>
      </div>
      {part !== null && <p role="status" class="upload"><span class="meter"><span style={{ width: `${100 * part}%` }} /></span>{part < 1 ? `${share(part, 1)} sent` : "reading it"}</p>}
      {error !== null && <Problem error={error} />}
      {audience && (
        <p class="soft">{plural(audience.accepted, "person", "people")}. {(Object.entries(audience.reachable) as [string, number][]).filter(([, n]) => n > 0).map(([field, n]) => `${number(n)} with ${field.replace("_", " ")}`).join(", ")}. <a href={link(["audiences", audience.id])}>Look at it</a></p>
      )}
    </Card>
  );
}

function Variables({ audience, insert }: { audience: Audience | undefined; insert: (name: string) => void }) {
  const names = [...(audience?.columns.map((column) => column.name) ?? []), "reply_code", "ack_url"];
  return (
    <p class="variables"><span class="soft">Insert</span>
      {names.map((name) => <button key={name} type="button" class="variable" onClick={() => insert(name)}>{`{{${name}}}`}</button>)}
    </p>
  );
}

function TextFields({ channel, text, change, audience }: { channel: Channel; text: Text; change: (text: Text) => void; audience: Audience | undefined }) {
  return (
    <fieldset class="text-fields">
      <legend><Icon name={channel} /> {CHANNEL_NAMES[channel]}</legend>
      {HAS_SUBJECT.includes(channel) && <label class="field"><span>Subject</span><input value={text.subject} onInput={(e) => change({ ...text, subject: e.currentTarget.value })} /></label>}
      <label class="field"><span>Text</span><textarea value={text.text} rows={channel === "email" ? 8 : 4} onInput={(e) => change({ ...text, text: e.currentTarget.value })} /></label>
      <Variables audience={audience} insert={(name) => change({ ...text, text: `${text.text}{{${name}}}` })} />
      {channel === "email" && <details><summary>HTML as well</summary><label class="field"><span>HTML</span><textarea value={text.html} rows={8} spellcheck={false} onInput={(e) => change({ ...text, html: e.currentTarget.value })} /></label></details>}
    </fieldset>
  );
}

export function NewCampaign() {
  const query = useStore(place).query;
  const providers = useStore(live, (now) => now.providers);
  const lists = useAsked("new", async (signal) => ({
    audiences: (await getAll<Audience>("/v1/audiences", signal)).reverse(),
    plans: await getAll<{ name: string; steps: Step[] }>("/v1/plans", signal),
  }));
  const [audiences, setAudiences] = useState<Audience[]>([]);
  const [chosen, setChosen] = useState(query.get("audience") ?? "");
  const [draft, setDraft] = useState<Draft>({ name: "", priority: "normal", plan: "", steps: [newStep("sms")], texts: {}, rate: "", not_after: "", stop_percent: "" });
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    if (lists.value) {
      setAudiences((now) => [...now.filter((one) => !lists.value!.audiences.some((other) => other.id === one.id)), ...lists.value!.audiences]);
    }
  }, [lists.value]);
  const audience = audiences.find((one) => one.id === chosen);
  const set = (part: Partial<Draft>) => setDraft((now) => ({ ...now, ...part }));
  const sendable = CHANNELS.filter((channel) => [...providers.values()].some((provider) => provider.channel === channel));
  const channels = sendable.length > 0 ? sendable : CHANNELS;
  const plans = lists.value?.plans ?? [];
  const steps = draft.plan !== "" ? plans.find((plan) => plan.name === draft.plan)?.steps ?? [] : draft.steps;
  const used = CHANNELS.filter((channel) => steps.some((step) => step.channel === channel));
  const without = audience ? used.filter((channel) => audience.reachable[FIELD_OF[channel]] === 0) : [];
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (busy) {
      return;
    }
    setBusy(true);
    setError(null);
    try {
      const made = await send<Campaign>("POST", "/v1/campaigns", documentOf(draft, chosen, steps));
      putCampaign(made);
      say("The draft is there. Nothing is sent before you launch it.");
      go(link(["campaigns", made.id]));
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  return (
    <>
      <PageHead title="New campaign" />
      {lists.error ? <Problem error={lists.error} /> : null}
      {!lists.value && lists.busy && <Loading />}
      <form class="stack new" onSubmit={submit}>
        <Card title="What it is about">
          <div class="halves">
            <label class="field"><span>Name</span><input value={draft.name} required maxLength={128} placeholder="Power outage in the north" onInput={(e) => set({ name: e.currentTarget.value })} /></label>
            <label class="field"><span>Priority</span>
              <select value={draft.priority} onChange={(e) => set({ priority: e.currentTarget.value as Campaign["priority"] })}>
                <option value="critical">critical: before everything, also in quiet hours</option><option value="high">high</option><option value="normal">normal</option><option value="bulk">bulk: when nothing else waits</option>
              </select>
            </label>
          </div>
        </Card>
        <AudienceChoice audiences={audiences} chosen={chosen} choose={setChosen} added={(made) => { setAudiences((now) => [made, ...now]); setChosen(made.id); }} />
        <Card title="How">
          {plans.length > 0 && (
            <label class="field"><span>Plan</span>
              <select value={draft.plan} onChange={(e) => set({ plan: e.currentTarget.value })}>
                <option value="">one of its own</option>
                {plans.map((plan) => <option key={plan.name} value={plan.name}>{plan.name}: {plan.steps.map((step) => CHANNEL_NAMES[step.channel]).join(", then ")}</option>)}
              </select>
            </label>
          )}
          {draft.plan === "" && <StepRows steps={draft.steps} channels={channels} change={(next) => set({ steps: next })} />}
          {without.length > 0 && <p class="note"><Icon name="alarm" />Nobody in this audience has an address for {without.map((channel) => CHANNEL_NAMES[channel]).join(" or ")}.</p>}
        </Card>
        <Card title="What is said">
          {used.length === 0 && <Empty>The plan has no step.</Empty>}
          {used.map((channel) => <TextFields key={channel} channel={channel} audience={audience} text={draft.texts[channel] ?? EMPTY} change={(text) => set({ texts: { ...draft.texts, [channel]: text } })} />)}
        </Card>
        <Card title="Limits">
          <div class="thirds">
            <label class="field"><span>People a second, at most</span><input type="number" min="0.001" step="any" value={draft.rate} placeholder="no limit of its own" onInput={(e) => set({ rate: e.currentTarget.value })} /></label>
            <label class="field"><span>Nobody is sent to after</span><input value={draft.not_after} placeholder="6h" onInput={(e) => set({ not_after: e.currentTarget.value.trim() })} /><small>A duration after it began.</small></label>
            <label class="field"><span>Stops itself when so many % failed</span><input type="number" min="1" max="99" value={draft.stop_percent} placeholder="never" onInput={(e) => set({ stop_percent: e.currentTarget.value })} /></label>
          </div>
        </Card>
        {error !== null && <Problem error={error} />}
        <div class="new-end">
          <Button what="write" kind="primary" onPress={() => (document.querySelector("form.new") as HTMLFormElement).requestSubmit()}>{busy ? "Making it…" : "Make a draft and check it"}</Button>
          <p class="soft">Nothing is sent before you launch it on the next page.</p>
        </div>
      </form>
    </>
  );
}
