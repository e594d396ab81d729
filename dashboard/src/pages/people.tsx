// SPDX-License-Identifier: Apache-2.0
// The recipients of a campaign, by state: the drill-down from every number.
import { useState } from "preact/hooks";
import { number } from "../lib/format";
import { live } from "../lib/live";
import { go, link, place } from "../lib/route";
import { STATES, STATE_MEANS } from "../lib/states";
import { useStore } from "../lib/store";
import type { Campaign, Delivery, State } from "../lib/types";
import { Card, ChannelWord, Empty, Loading, PageHead, Problem, StateWord } from "../ui/basics";
import { Pager, usePages } from "../ui/pager";
import { ReasonPeople } from "./people_reason";

export function People({ id }: { id: string }) {
  const campaign = useStore(live, (now) => now.campaigns.get(id));
  const query = useStore(place).query;
  const state = (query.get("state") ?? "") as State | "";
  const reason = Number(query.get("reason") ?? 0) || 0;
  return (
    <>
      <PageHead title={reason ? "People not reached" : state ? `People: ${state}` : "People"} above={<><a href="#/campaigns">Campaigns</a> / <a href={link(["campaigns", id])}><bdi>{campaign?.name ?? id}</bdi></a></>} />
      <Card>{reason ? <ReasonPeople key={reason} id={id} reason={reason} campaign={campaign} /> : <StatePeople id={id} state={state} campaign={campaign} />}</Card>
    </>
  );
}

function StatePeople({ id, state, campaign }: { id: string; state: State | ""; campaign: Campaign | undefined }) {
  const [key, setKey] = useState("");
  const pages = usePages<Delivery>(`/v1/campaigns/${encodeURIComponent(id)}/recipients${state ? `?state=${state}` : ""}`);
  const channelOf = (step: number) => campaign?.plan.steps[step - 1]?.channel;
  return (
    <>
        <div class="filters">
          <label class="field field-inline"><span>State</span>
            <select value={state} onChange={(e) => go(link(["campaigns", id, "people"], { state: e.currentTarget.value }), true)}>
              <option value="">all</option>
              {STATES.map((name) => <option key={name} value={name}>{name}{campaign ? ` (${number(campaign.counts[name] ?? 0)})` : ""}</option>)}
            </select>
          </label>
          <form class="field-with-button" onSubmit={(e) => { e.preventDefault(); if (key.trim()) { go(link(["campaigns", id, "people", key.trim()])); } }}>
            <label class="field field-inline"><span>Key</span><input type="search" value={key} onInput={(e) => setKey(e.currentTarget.value)} /></label>
            <button type="submit" class="button">Open</button>
          </form>
        </div>
        {state && <p class="soft">{state}: {STATE_MEANS[state]}.</p>}
        {pages.error ? <Problem error={pages.error} /> : null}
        {pages.value === undefined && pages.busy && <Loading />}
        {pages.value !== undefined && pages.items.length === 0 && <Empty>{pages.forward ? "None on this page; there may be some further on." : "Nobody is in this state."}</Empty>}
        {pages.items.length > 0 && (
          <div class="scroll" tabIndex={0} role="group" aria-label="People">
            <table class="table people">
              <thead><tr><th scope="col">Key</th><th scope="col">State</th><th scope="col">Step</th><th scope="col" class="right">Attempts</th><th scope="col">Address tried last</th></tr></thead>
              <tbody>
                {pages.items.map((one) => (
                  <tr key={one.ordinal}>
                    <th scope="row"><a href={link(["campaigns", id, "people", one.key])}><bdi>{one.key}</bdi></a></th>
                    <td data-label="State"><StateWord state={one.state} />{one.uncertain && one.state !== "uncertain" && <span class="soft under">was in doubt</span>}</td>
                    <td data-label="Step">{one.step} {channelOf(one.step) && <span class="soft"><ChannelWord channel={channelOf(one.step)!} /></span>}</td>
                    <td data-label="Attempts" class="right">{number(one.attempts)}</td>
                    <td data-label="Address tried last">{one.endpoint === 0 ? "the first" : `number ${one.endpoint + 1}`}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
        <Pager of={pages} label="people" />
    </>
  );
}
