// SPDX-License-Identifier: Apache-2.0
// One person in one campaign: what was sent, what became of it, and when.
import { useEffect, useState } from "preact/hooks";
import { get } from "../lib/api";
import { plural } from "../lib/format";
import { live, loadCampaign } from "../lib/live";
import { download } from "../lib/report";
import { link } from "../lib/route";
import { STATE_MEANS } from "../lib/states";
import { useStore } from "../lib/store";
import { tell } from "../lib/timeline";
import type { Channel, Delivery, TimelineEvent } from "../lib/types";
import { Button, Card, ChannelWord, Empty, Loading, PageHead, Problem, say, StateWord, Time, useAsked } from "../ui/basics";
import { Icon } from "../ui/icon";

export interface SentText { channel: Channel; locale: string; subject?: string; text?: string; html?: string; missing?: string[] }

function Event({ event }: { event: TimelineEvent }) {
  const told = tell(event);
  return (
    <li class={`event event-${told.tone}`}>
      <span class="event-sign"><Icon name={told.icon} size={14} /></span>
      <div>
        <p class="event-text"><bdi>{told.text}</bdi></p>
        {told.why && <p class="soft event-why"><bdi>{told.why}</bdi></p>}
        {event.ref && <p class="soft event-why">the provider's number: <code>{event.ref}</code></p>}
        {event.due_at && ["deferred", "released", "repeated"].includes(event.event) && <p class="soft event-why">again at <Time at={event.due_at} seconds /></p>}
      </div>
      <Time at={event.at} seconds />
    </li>
  );
}

function Values({ audience, recipient }: { audience: string; recipient: string }) {
  const path = `/v1/audiences/${encodeURIComponent(audience)}/recipients/${encodeURIComponent(recipient)}`;
  const { value, error, busy } = useAsked(path, (signal) => get<{ values: Record<string, string> }>(path, signal));
  if (error) {
    return <Problem error={error} />;
  }
  if (!value) {
    return busy ? <Loading /> : null;
  }
  const entries = Object.entries(value.values);
  return entries.length === 0 ? <Empty>Nothing but the key.</Empty> : (
    <dl class="values">
      {entries.map(([name, text]) => <div key={name}><dt>{name}</dt><dd><bdi>{String(text)}</bdi></dd></div>)}
    </dl>
  );
}

export function SentTexts({ campaign, recipient }: { campaign: string; recipient: string }) {
  const path = `/v1/campaigns/${encodeURIComponent(campaign)}/recipients/${encodeURIComponent(recipient)}/texts`;
  const { value, error, busy } = useAsked(path, (signal) => get<{ texts: SentText[] }>(path, signal));
  if (error) {
    return <Problem error={error} />;
  }
  if (!value) {
    return busy ? <Loading /> : null;
  }
  return (
    <ul class="texts">
      {value.texts.map((one) => (
        <li key={one.channel}>
          <h3><ChannelWord channel={one.channel} />{one.locale !== "default" && <span class="pill" lang={one.locale}>{one.locale}</span>}</h3>
          {one.missing && one.missing.length > 0 && <p class="note"><Icon name="alarm" /> Empty for this person, so that it is not sent: {one.missing.join(", ")}</p>}
          {one.subject && <p class="text-subject"><bdi>{one.subject}</bdi></p>}
          {one.text && <p class="text-body" dir="auto">{one.text}</p>}
          {one.html && <details><summary>HTML</summary><pre class="text-html" tabIndex={0}>{one.html}</pre></details>}
        </li>
      ))}
    </ul>
  );
}

/** What proves to others what was sent to this person. */
function EvidenceCard({ id, recipient }: { id: string; recipient: string }) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const take = async () => {
    if (busy) {
      return;
    }
    setBusy(true);
    setError(null);
    try {
      const name = `${id}-${recipient.replace(/[^\w.-]+/g, "_")}.evidence`;
      await download(`/v1/campaigns/${encodeURIComponent(id)}/evidence?recipient=${encodeURIComponent(recipient)}`, name);
      say(`${name} is there.`);
    } catch (problem) {
      setError(problem);
    }
    setBusy(false);
  };
  return (
    <Card title="Evidence">
      <p class="soft">A signed file of all this for others. They check it with <code>tocsin evidence verify</code> and the public key, which they should have by another way.</p>
      <div class="actions"><Button small icon="download" onPress={() => void take()}>{busy ? "Making it…" : "Take it"}</Button></div>
      {error !== null && <Problem error={error} />}
    </Card>
  );
}

export function Recipient({ id, recipient }: { id: string; recipient: string }) {
  const campaign = useStore(live, (now) => now.campaigns.get(id));
  useEffect(() => {
    if (!campaign) {
      loadCampaign(id).catch(() => undefined);
    }
  }, [id, !campaign]);
  const path = `/v1/campaigns/${encodeURIComponent(id)}/recipients/${encodeURIComponent(recipient)}`;
  const asked = useAsked(path, (signal) => get<Delivery>(path, signal));
  const one = asked.value;
  return (
    <>
      <PageHead title={recipient} above={<><a href="#/campaigns">Campaigns</a> / <a href={link(["campaigns", id])}><bdi>{campaign?.name ?? id}</bdi></a> / <a href={link(["campaigns", id, "people"])}>People</a></>}>
        {one && <div class="pills"><StateWord state={one.state} /></div>}
        {one && <p class="facts soft">
          <span>{STATE_MEANS[one.state]}</span>
          <span>step {one.step}</span>
          <span>{plural(one.attempts, "attempt", "attempts")} on this step</span>
          <a href={link(["find"], { key: recipient })}>In all campaigns</a>
        </p>}
      </PageHead>
      {asked.error ? <Problem error={asked.error} /> : null}
      {!one && asked.busy && <Loading />}
      {one && (
        <div class="columns">
          <Card title="What happened" actions={<Button small icon="retrying" onPress={asked.again}>Look again</Button>}>
            {(one.timeline ?? []).length === 0 ? <Empty>Nothing yet.</Empty> : (
              <ol class="timeline">{one.timeline!.map((event, i) => <Event key={i} event={event} />)}</ol>
            )}
            {one.tracks && <p class="soft">Two steps at once: {one.tracks.map((track) => `step ${track.step} is ${track.state}`).join(", ")}.</p>}
          </Card>
          <div class="stack">
            <Card title="The text"><SentTexts campaign={id} recipient={recipient} /></Card>
            {campaign?.launched_at && <EvidenceCard id={id} recipient={recipient} />}
            {campaign && <Card title="What is known"><Values audience={campaign.audience} recipient={recipient} /></Card>}
          </div>
        </div>
      )}
    </>
  );
}
