// SPDX-License-Identifier: Apache-2.0
import { useState } from "preact/hooks";
import { number, share } from "../lib/format";
import { live } from "../lib/live";
import { go, link, place } from "../lib/route";
import { planInWords, REACHED, sum } from "../lib/states";
import { useStore } from "../lib/store";
import type { Campaign } from "../lib/types";
import { CampaignPill, Card, Empty, Loading, PageHead, Time } from "../ui/basics";
import { Bar } from "../ui/bar";
import { Icon } from "../ui/icon";

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
              <td data-label="Launched"><Time at={campaign.launched_at} /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const PAGE = 25;
const FILTERS = ["all", "running", "paused", "scheduled", "draft", "finished", "cancelled"] as const;

export function Campaigns() {
  const now = useStore(live);
  const query = useStore(place).query;
  const [words, setWords] = useState("");
  const state = query.get("state") ?? "all";
  const page = Math.max(0, Number(query.get("page") ?? 0) || 0);
  if (!now.loaded) {
    return <><PageHead title="Campaigns" /><Loading /></>;
  }
  const wanted = words.trim().toLowerCase();
  const found = [...now.campaigns.values()].reverse().filter((c) =>
    (state === "all" || c.state === state) && (wanted === "" || c.name.toLowerCase().includes(wanted) || c.id === wanted));
  const shown = found.slice(page * PAGE, (page + 1) * PAGE);
  const to = (more: Record<string, string | undefined>) => link(["campaigns"], { state: state === "all" ? undefined : state, ...more });
  return (
    <>
      <PageHead title="Campaigns">
        <a class="button button-primary" href="#/new"><Icon name="add" /><span>New campaign</span></a>
      </PageHead>
      <Card>
        <div class="filters">
          <label class="field field-inline"><span>Name</span><input type="search" value={words} onInput={(e) => { setWords(e.currentTarget.value); go(to({}), true); }} /></label>
          <label class="field field-inline"><span>State</span>
            <select value={state} onChange={(e) => go(link(["campaigns"], { state: e.currentTarget.value === "all" ? undefined : e.currentTarget.value }), true)}>
              {FILTERS.map((name) => <option key={name} value={name}>{name}</option>)}
            </select>
          </label>
        </div>
        {shown.length === 0 ? <Empty>{now.campaigns.size === 0 ? <>There is no campaign yet. <a href="#/new">Begin one</a>.</> : "None is like this."}</Empty> : <CampaignTable campaigns={shown} label="Campaigns" />}
        {found.length > PAGE && (
          <nav class="pager" aria-label="Pages of campaigns">
            {page > 0 ? <a href={to({ page: String(page - 1) })}><Icon name="left" />Newer</a> : <span />}
            <span class="soft">{number(page * PAGE + 1)} to {number(Math.min(found.length, (page + 1) * PAGE))} of {number(found.length)}</span>
            {(page + 1) * PAGE < found.length ? <a href={to({ page: String(page + 1) })}>Older<Icon name="right" /></a> : <span />}
          </nav>
        )}
      </Card>
    </>
  );
}
