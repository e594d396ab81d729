// SPDX-License-Identifier: Apache-2.0
import { useEffect, useState } from "preact/hooks";
import { ApiError } from "../lib/api";
import { rulesInWords } from "../lib/changes";
import { duration, number, plural, rate, share } from "../lib/format";
import { live, loadCampaign } from "../lib/live";
import { link } from "../lib/route";
import { NOT_REACHED, ON_THE_WAY, planInWords, REACHED, sum } from "../lib/states";
import { useStore } from "../lib/store";
import type { Body, Campaign, Channel } from "../lib/types";
import { CampaignPill, Card, ChannelWord, Loading, PageHead, Problem, Tile, Tiles, Time } from "../ui/basics";
import { Bar, Legend } from "../ui/bar";
import { Icon } from "../ui/icon";
import { Ladder } from "../ui/ladder";
import { PreflightCard, SamplesCard } from "../ui/preflight";
import { ProviderTable } from "../ui/provider_table";
import { CampaignActions } from "./campaign_actions";
import { CurveCard, FilesCard, TroubleCard, useReport } from "./campaign_report";
import { doneAt, timeLeft } from "./overview";

function useCampaign(id: string): { campaign: Campaign | undefined; error: unknown } {
  const campaign = useStore(live, (now) => now.campaigns.get(id));
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    const ending = new AbortController();
    setError(null);
    loadCampaign(id, ending.signal).catch((problem) => {
      if (!ending.signal.aborted) {
        setError(problem);
      }
    });
    return () => ending.abort();
  }, [id]);
  return { campaign, error };
}

function Numbers({ campaign, ever }: { campaign: Campaign; ever: number }) {
  const { counts, recipients } = campaign;
  const reached = Math.max(ever, sum(counts, REACHED));
  const lost = sum(counts, NOT_REACHED);
  const done = doneAt(campaign);
  const took = campaign.launched_at && campaign.ended_at ? (Date.parse(campaign.ended_at) - Date.parse(campaign.launched_at)) / 1000 : null;
  return (
    <Tiles>
      <Tile label="Reached" value={share(reached, recipients)} note={`${number(reached)} of ${number(recipients)}`} tone="good" />
      <Tile label="Acknowledged" value={share(counts.acknowledged ?? 0, recipients)} note={number(counts.acknowledged ?? 0)} />
      <Tile label="Not reached" value={number(lost)} note={share(lost, recipients)} tone={lost > 0 ? "bad" : undefined} />
      {(counts.uncertain ?? 0) > 0 && <Tile label="In doubt" value={number(counts.uncertain)} note="nobody knows" tone="doubt" />}
      {campaign.state === "running"
        ? <><Tile label="Rate" value={rate(campaign.rate_per_s)} note={campaign.rate !== null ? `at most ${rate(campaign.rate)}` : undefined} /><Tile label="Time left" value={timeLeft(campaign)} note={done ?? (sum(counts, ON_THE_WAY) === 0 ? "all are told, answers may come" : campaign.time_left_s !== null ? undefined : campaign.next_climb_at ? <>next climb at <Time at={campaign.next_climb_at} seconds /></> : "not known yet")} /></>
        : took !== null ? <Tile label="Took" value={duration(took)} /> : null}
    </Tiles>
  );
}

function bodiesOf(content: Campaign["content"]): { channel: Channel; locale: string; body: Body }[] {
  return Object.entries(content ?? {}).flatMap(([channel, value]) => {
    const isBody = value !== undefined && ("text" in value || "html" in value || "subject" in value);
    return isBody
      ? [{ channel: channel as Channel, locale: "", body: value as Body }]
      : Object.entries(value as Record<string, Body>).map(([locale, body]) => ({ channel: channel as Channel, locale, body }));
  });
}

export function Texts({ content }: { content: Campaign["content"] }) {
  return (
    <ul class="texts">
      {bodiesOf(content).map(({ channel, locale, body }) => (
        <li key={`${channel} ${locale}`}>
          <h3><ChannelWord channel={channel} />{locale && locale !== "default" && <span class="pill" lang={locale}>{locale}</span>}</h3>
          {body.subject && <p class="text-subject"><bdi>{body.subject}</bdi></p>}
          {body.text && <p class="text-body" dir="auto">{body.text}</p>}
          {body.html && <details><summary>HTML</summary><pre class="text-html" tabIndex={0}>{body.html}</pre></details>}
        </li>
      ))}
    </ul>
  );
}

function TextsCard({ campaign }: { campaign: Campaign }) {
  const begun = campaign.state !== "draft" && campaign.state !== "scheduled";
  return <Card title={begun ? "What is sent" : "The templates"}>{campaign.content ? <Texts content={campaign.content} /> : <Loading />}</Card>;
}

function Facts({ campaign }: { campaign: Campaign }) {
  return (
    <p class="facts soft">
      <span>{campaign.id}</span>
      <span>to <a href={link(["audiences", campaign.audience])}>audience {campaign.audience}</a></span>
      <span>{planInWords(campaign)}</span>
      {campaign.launched_at ? <span>launched <Time at={campaign.launched_at} /></span> : <span>made <Time at={campaign.created_at} /></span>}
      {campaign.state === "scheduled" && campaign.starts_at && <span>begins <Time at={campaign.starts_at} /></span>}
      {campaign.ended_at && <span>ended <Time at={campaign.ended_at} /></span>}
      {campaign.weight !== 1 && <span>weight {number(campaign.weight)}</span>}
      {campaign.stop_rules && !campaign.ended_at && <span>pauses itself when {rulesInWords(campaign.stop_rules)}</span>}
      {campaign.not_after && !campaign.expires_at && !campaign.ended_at && <span>nobody is sent to after <bdi>{campaign.not_after}</bdi></span>}
      {campaign.expires_at && campaign.state === "running" && <span>nobody is sent to after <Time at={campaign.expires_at} /></span>}
      {(campaign.round ?? 1) > 1 && <span>round {campaign.round}</span>}
    </p>
  );
}

export function CampaignPage({ id }: { id: string }) {
  const { campaign, error } = useCampaign(id);
  const providers = useStore(live, (now) => now.providers);
  const report = useReport(campaign);
  if (!campaign) {
    return (
      <>
        <PageHead title={`Campaign ${id}`} above={<a href="#/campaigns">Campaigns</a>} />
        {error ? <Problem error={error} /> : <Loading />}
      </>
    );
  }
  const channels = new Set(campaign.plan.steps.map((step) => step.channel));
  const mine = [...providers.values()].filter((provider) => channels.has(provider.channel));
  const begun = campaign.state !== "draft" && campaign.state !== "scheduled";
  const toPeople = (state?: string) => link(["campaigns", id, "people"], { state });
  return (
    <>
      <PageHead title={campaign.name} above={<a href="#/campaigns">Campaigns</a>}>
        <div class="pills">
          {campaign.priority !== "normal" && <span class={`pill pill-priority-${campaign.priority}`}>{campaign.priority}</span>}
          <CampaignPill state={campaign.state} stopped={campaign.state === "paused" && !!campaign.stopped} />
        </div>
        <Facts campaign={campaign} />
        <CampaignActions campaign={campaign} />
      </PageHead>
      {error !== null && !(error instanceof ApiError && error.status === 0) && <Problem error={error} />}
      {campaign.stopped && campaign.state === "paused" && (
        <p class="note note-bad"><Icon name="alarm" /> It stopped itself: {number(campaign.stopped.count)} of {plural(campaign.stopped.of, "person", "people")} who were tried have {campaign.stopped.by}. Somebody must look, and resume or cancel it.</p>
      )}
      {begun && <Numbers campaign={campaign} ever={report.value?.people.reached.people ?? 0} />}
      {begun && (
        <Card title="Everybody" actions={<a class="more" href={toPeople()}>The people<Icon name="right" size={12} /></a>}>
          <Bar counts={campaign.counts} total={campaign.recipients} label="Everybody" />
          <Legend counts={campaign.counts} total={campaign.recipients} link={(state) => toPeople(state)} />
        </Card>
      )}
      <div class="columns">
        <div class="stack">
          {begun && <Card title="The ladder"><Ladder campaign={campaign} /></Card>}
          {!begun && <PreflightCard campaign={campaign} />}
          {begun && <CurveCard campaign={campaign} report={report.value} />}
        </div>
        <div class="stack">
          {begun && <TroubleCard campaign={campaign} asked={report} />}
          {!begun && <SamplesCard campaign={campaign} />}
          {!begun && <TextsCard campaign={campaign} />}
        </div>
      </div>
      <Card title="Its providers" actions={<a class="more" href="#/providers">All providers<Icon name="right" size={12} /></a>}>
        <ProviderTable providers={mine} />
      </Card>
      {begun && (
        <div class="columns">
          <TextsCard campaign={campaign} />
          <FilesCard campaign={campaign} />
        </div>
      )}
    </>
  );
}
