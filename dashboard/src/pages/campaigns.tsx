// SPDX-License-Identifier: Apache-2.0
import { useState } from "preact/hooks";
import { number, share } from "../lib/format";
import { live } from "../lib/live";
import { go, link, place } from "../lib/route";
import { planInWords, REACHED, sum } from "../lib/states";
import { useStore } from "../lib/store";
import type { Campaign } from "../lib/types";
import { CampaignPill, Card, Empty, Loading, PageHead, Problem, Time } from "../ui/basics";
import { Bar } from "../ui/bar";
import { Icon } from "../ui/icon";
import { Pager, usePages } from "../ui/pager";

export function CampaignTable({ campaigns, label }: { campaigns: Campaign[]; label: string }) {
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label={label}>
      <table class="table campaigns">
        <thead>
          <tr><th scope="col">Campaign</th><th scope="col">State</th><th scope="col" class="right">People</th><th scope="col" class="wide">Reached</th><th scope="col" class="right">Acknowledged</th><th scope="col">Launched</th></tr>
        </thead>
        <tbody>
          {campaigns.map((campaign) => (
            <tr key={campaign.id}>
              <th scope="row"><a href={link(["campaigns", campaign.id])}><bdi>{campaign.name}</bdi></a><span class="under soft">{campaign.id} · {planInWords(campaign)}</span></th>
              <td data-label="State"><CampaignPill state={campaign.state} stopped={campaign.state === "paused" && !!campaign.stopped} /></td>
              <td data-label="People" class="right">{number(campaign.recipients)}</td>
              <td data-label="Reached" class="wide">
                {campaign.state === "draft" || campaign.state === "scheduled" ? <span class="soft">–</span> : (
                  <div class="reach"><Bar thin counts={campaign.counts} total={campaign.recipients} label={campaign.name} /><span>{share(sum(campaign.counts, REACHED), campaign.recipients)}</span></div>
                )}
              </td>
              <td data-label="Acknowledged" class="right">{campaign.counts.acknowledged ? share(campaign.counts.acknowledged, campaign.recipients) : <span class="soft">–</span>}</td>
              <td data-label="Launched">{campaign.state === "scheduled" && campaign.starts_at ? <>begins <Time at={campaign.starts_at} /></> : <Time at={campaign.launched_at} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const FILTERS = ["all", "running", "paused", "scheduled", "draft", "finished", "cancelled"] as const;
const NAMED_MAX = 50;

export function Campaigns() {
  const known = useStore(live, (now) => now.campaigns);
  const state = useStore(place).query.get("state") ?? "all";
  const [words, setWords] = useState("");
  const pages = usePages<Campaign>(`/v1/campaigns?order=newest${state === "all" ? "" : `&state=${encodeURIComponent(state)}`}`, 25);
  const wanted = words.trim().toLowerCase();
  const named = wanted === "" ? null : [...known.values()].reverse().filter((c) =>
    (state === "all" || c.state === state) && (c.name.toLowerCase().includes(wanted) || c.id === wanted)).slice(0, NAMED_MAX);
  // What the events brought stands above what the list said.
  const shown = named ?? pages.items.map((c) => known.get(c.id) ?? c);
  return (
    <>
      <PageHead title="Campaigns">
        <a class="button button-primary" href="#/new"><Icon name="add" /><span>New campaign</span></a>
      </PageHead>
      <Card>
        <div class="filters">
          <label class="field field-inline"><span>Name, of the newest {number(known.size)}</span><input type="search" value={words} onInput={(e) => setWords(e.currentTarget.value)} /></label>
          <label class="field field-inline"><span>State</span>
            <select value={state} onChange={(e) => go(link(["campaigns"], { state: e.currentTarget.value === "all" ? undefined : e.currentTarget.value }), true)}>
              {FILTERS.map((name) => <option key={name} value={name}>{name}</option>)}
            </select>
          </label>
        </div>
        {pages.error ? <Problem error={pages.error} /> : null}
        {named === null && pages.value === undefined && pages.busy && <Loading />}
        {shown.length === 0 && (named !== null || pages.value !== undefined) && <Empty>{state === "all" && wanted === "" ? <>There is no campaign yet. <a href="#/new">Begin one</a>.</> : "None is like this."}</Empty>}
        {shown.length > 0 && <CampaignTable campaigns={shown} label="Campaigns" />}
        {named === null && <Pager of={pages} label="campaigns" />}
      </Card>
    </>
  );
}
