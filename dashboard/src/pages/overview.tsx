// SPDX-License-Identifier: Apache-2.0
import { noticesOf, type Notice } from "../lib/alarms";
import { duration, number, plural, rate, share, shortNumber, time } from "../lib/format";
import { live } from "../lib/live";
import { link } from "../lib/route";
import { NOT_REACHED, ON_THE_WAY, planInWords, REACHED, reachedByChannel, sum } from "../lib/states";
import { useStore } from "../lib/store";
import type { Campaign } from "../lib/types";
import { CampaignPill, Card, ChannelWord, Empty, Loading, PageHead, Tile, Tiles, Time, unlessSame } from "../ui/basics";
import { Bar, Glance } from "../ui/bar";
import { Icon } from "../ui/icon";
import { CampaignTable } from "./campaigns";

const RECENT = 8;

/** When it will be done: said as a time, since somebody will ask. */
export function timeLeft(campaign: Campaign): string {
  if (campaign.state !== "running" || campaign.time_left_s === null) {
    return "–";
  }
  return campaign.time_left_s < 1 ? "moments" : duration(campaign.time_left_s);
}

export function doneAt(campaign: Campaign): string | null {
  if (campaign.state !== "running" || campaign.time_left_s === null || campaign.time_left_s < 90) {
    return null;
  }
  return `about ${time(new Date(Date.now() + campaign.time_left_s * 1000))}`;
}

const RunningCard = unlessSame(({ campaign }: { campaign: Campaign }) => {
  const reached = sum(campaign.counts, REACHED);
  const done = doneAt(campaign);
  const byChannel = reachedByChannel(campaign);
  return (
    <article class={`card running priority-${campaign.priority}`}>
      <header class="running-head">
        <h3><a href={link(["campaigns", campaign.id])}><bdi>{campaign.name}</bdi></a></h3>
        <div class="pills">
          {campaign.priority !== "normal" && <span class={`pill pill-priority-${campaign.priority}`}>{campaign.priority}</span>}
          <CampaignPill state={campaign.state} stopped={campaign.state === "paused" && !!campaign.stopped} />
        </div>
        <p class="soft">{planInWords(campaign)} · {plural(campaign.recipients, "person", "people")}{campaign.launched_at && <> · since <Time at={campaign.launched_at} /></>}</p>
      </header>
      <p class="running-share" title="Accepted, delivered or acknowledged now. Whoever climbs to another step waits again."><b>{share(reached, campaign.recipients)}</b> reached<span class="soft"> · {share(campaign.counts.acknowledged ?? 0, campaign.recipients)} acknowledged</span></p>
      <Bar counts={campaign.counts} total={campaign.recipients} label={campaign.name} />
      <footer class="running-foot">
        <Glance counts={campaign.counts} states={["acknowledged", "delivered", "accepted", "leased", "retrying", "waiting", "uncertain", "failed", "unreachable", "suppressed", "expired"]} />
        <p class="running-pace">
          {campaign.state === "running" && <span title="Sent a second now"><Icon name="speed" />{rate(campaign.rate_per_s)}</span>}
          {campaign.state === "running" && sum(campaign.counts, ON_THE_WAY) === 0 && <span class="soft">all are told, answers may come</span>}
          {campaign.state === "running" && campaign.time_left_s === null && campaign.next_climb_at && <span class="soft"><Icon name="up" />next climb <Time at={campaign.next_climb_at} seconds /></span>}
          {campaign.state === "running" && campaign.time_left_s !== null && <span title="Time left"><Icon name="waiting" /><span>{timeLeft(campaign)}{done && <span class="soft">, {done}</span>}</span></span>}
        </p>
        {byChannel.length > 0 && (
          <p class="running-told">
            <span class="soft">Reached by</span>
            {byChannel.map(([channel, people]) => <span key={channel}><ChannelWord channel={channel} /> <b>{shortNumber(people)}</b></span>)}
          </p>
        )}
      </footer>
    </article>
  );
});

const NOTICES_SHOWN = 6; // the campaigns below them must be seen, too

function NoticeItem({ notice }: { notice: Notice }) {
  return (
    <li class={`notice notice-${notice.tone}`}>
      <Icon name={notice.tone === "bad" ? "alarm" : "uncertain"} />
      <p>
        {notice.to ? <a href={notice.to}><bdi>{notice.title}</bdi></a> : <b><bdi>{notice.title}</bdi></b>}: <span>{notice.text}</span>
        {notice.since && <span class="soft"> Since <Time at={notice.since} />.</span>}
      </p>
    </li>
  );
}

function Notices() {
  const now = useStore(live);
  const notices = noticesOf(now);
  const rest = notices.slice(NOTICES_SHOWN);
  const worst = rest.filter((notice) => notice.tone === "bad").length;
  return (
    <Card title="Alarms" class={`notices ${notices.length === 0 ? "notices-none" : ""}`}>
      {notices.length === 0
        ? <p class="calm"><Icon name="calm" /> Nothing needs you now.</p>
        : (
          <>
            <ul>{notices.slice(0, NOTICES_SHOWN).map((notice) => <NoticeItem key={notice.id} notice={notice} />)}</ul>
            {rest.length > 0 && (
              <details class="notices-more">
                <summary>{number(rest.length)} more{worst > 0 && `, ${number(worst)} of them as bad`}</summary>
                <ul>{rest.map((notice) => <NoticeItem key={notice.id} notice={notice} />)}</ul>
              </details>
            )}
          </>
        )}
    </Card>
  );
}

export function Overview() {
  const now = useStore(live);
  if (!now.loaded) {
    return <><PageHead title="Overview" /><Loading what={now.why ?? "Looking"} /></>;
  }
  const all = [...now.campaigns.values()];
  const running = all.filter((c) => c.state === "running" || c.state === "paused").reverse();
  const order = ["critical", "high", "normal", "bulk"];
  running.sort((a, b) => order.indexOf(a.priority) - order.indexOf(b.priority));
  const recent = all.filter((c) => c.state !== "running" && c.state !== "paused").slice(-RECENT).reverse();
  const sending = running.filter((c) => c.state === "running");
  const people = running.reduce((n, c) => n + c.recipients, 0);
  const told = running.reduce((n, c) => n + sum(c.counts, REACHED), 0);
  const confirmed = running.reduce((n, c) => n + (c.counts.acknowledged ?? 0), 0);
  const lost = running.reduce((n, c) => n + sum(c.counts, NOT_REACHED), 0);
  const workers = [...now.workers.values()];
  return (
    <>
      <PageHead title="Overview" />
      <Tiles>
        <Tile label="Campaigns sending" value={number(sending.length)} note={running.length > sending.length ? `${number(running.length - sending.length)} paused` : undefined} />
        <Tile label="Reached" value={number(told)} note={people > 0 ? `${share(told, people)} of ${number(people)}` : undefined} tone={told > 0 ? "good" : undefined} />
        <Tile label="Acknowledged" value={number(confirmed)} note={people > 0 ? share(confirmed, people) : undefined} />
        <Tile label="Not reached" value={number(lost)} note={people > 0 ? share(lost, people) : undefined} tone={lost > 0 ? "bad" : undefined} />
        <Tile label="Sending now" value={rate(sending.reduce((n, c) => n + c.rate_per_s, 0))} note={workers.length === 0 ? "no worker yet" : `${number(workers.filter((w) => w.connected).length)} of ${plural(workers.length, "worker", "workers")}`} />
      </Tiles>
      <Notices />
      <section aria-labelledby="h-running" class="stack">
        <h2 id="h-running" class="section-title">Going on</h2>
        {running.length === 0
          ? <div class="card"><Empty>No campaign is being sent. <a href="#/new">Begin one</a>.</Empty></div>
          : <div class="running-list">{running.map((campaign) => <RunningCard key={campaign.id} campaign={campaign} />)}</div>}
      </section>
      <Card title="Lately" actions={<a class="more" href="#/campaigns">All campaigns<Icon name="right" size={12} /></a>}>
        {recent.length === 0 ? <Empty>Nothing yet.</Empty> : <CampaignTable campaigns={recent} label="Lately" />}
      </Card>
    </>
  );
}
