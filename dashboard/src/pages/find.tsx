// SPDX-License-Identifier: Apache-2.0
// "What did we send to +47…?": one person over all campaigns, by key or by address.
import { useState } from "preact/hooks";
import { go, link, place } from "../lib/route";
import { useStore } from "../lib/store";
import type { CampaignState, State } from "../lib/types";
import { CampaignPill, Card, Empty, Loading, PageHead, Problem, StateWord, Time } from "../ui/basics";
import { Pager, usePages } from "../ui/pager";

interface Found {
  campaign: string; campaign_name: string; campaign_state: CampaignState; launched_at: string | null; key: string; state: State; step: number;
  attempts: number; accepted_at: string | null; delivered_at: string | null; acknowledged_at: string | null;
}

/** What looks like a number, an address or a URL is one; a key may be told by hand. */
export function looksLikeEndpoint(text: string): boolean {
  const trimmed = text.trim();
  return trimmed.includes("@") || /^\+[\d\s().-]{5,}$/.test(trimmed) || /^https?:\/\//.test(trimmed);
}

export function Find() {
  const query = useStore(place).query;
  const key = query.get("key");
  const endpoint = query.get("endpoint");
  const asked = key !== null ? `key=${encodeURIComponent(key)}` : endpoint !== null ? `endpoint=${encodeURIComponent(endpoint)}` : null;
  const [text, setText] = useState(key ?? endpoint ?? "");
  const [by, setBy] = useState<"auto" | "key" | "endpoint">("auto");
  const pages = usePages<Found>(asked === null ? null : `/v1/recipients?${asked}`, 25);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const wanted = text.trim();
    if (wanted !== "") {
      const isEndpoint = by === "endpoint" || (by === "auto" && looksLikeEndpoint(wanted));
      go(link(["find"], isEndpoint ? { endpoint: wanted } : { key: wanted }));
    }
  };
  return (
    <>
      <PageHead title="Find a person" />
      <Card>
        <form class="filters" role="search" onSubmit={submit}>
          <label class="field field-grow"><span>Key, telephone number, e-mail address, device or URL</span>
            <input type="search" value={text} onInput={(e) => setText(e.currentTarget.value)} placeholder="C1002 or +47 900 00 001" />
          </label>
          <label class="field field-inline"><span>It is</span>
            <select value={by} onChange={(e) => setBy(e.currentTarget.value as typeof by)}>
              <option value="auto">as it looks</option><option value="key">a key</option><option value="endpoint">an address</option>
            </select>
          </label>
          <button type="submit" class="button button-primary">Find</button>
        </form>
        {asked !== null && (
          <>
            {pages.error ? <Problem error={pages.error} /> : null}
            {pages.value === undefined && pages.busy && <Loading what="Looking through all campaigns" />}
            {pages.value !== undefined && pages.items.length === 0 && <Empty>{pages.forward ? "Not found so far; there are more audiences to look through." : `No campaign had anybody like this${key !== null ? " with this key" : " at this address"}.`}</Empty>}
            {pages.items.length > 0 && (
              <div class="scroll" tabIndex={0} role="group" aria-label="Campaigns that had this person">
                <table class="table">
                  <thead><tr><th scope="col">Campaign</th><th scope="col">Person</th><th scope="col">State</th><th scope="col">Sent</th><th scope="col">Delivered</th><th scope="col">Acknowledged</th></tr></thead>
                  <tbody>
                    {pages.items.map((one) => (
                      <tr key={`${one.campaign} ${one.key}`}>
                        <th scope="row"><a href={link(["campaigns", one.campaign])}><bdi>{one.campaign_name}</bdi></a><span class="under soft">{one.campaign} · {one.launched_at ? <Time at={one.launched_at} /> : "not launched"}</span><CampaignPill state={one.campaign_state} /></th>
                        <td data-label="Person"><a href={link(["campaigns", one.campaign, "people", one.key])}><bdi>{one.key}</bdi></a></td>
                        <td data-label="State"><StateWord state={one.state} /></td>
                        <td data-label="Sent"><Time at={one.accepted_at} seconds /></td>
                        <td data-label="Delivered"><Time at={one.delivered_at} seconds /></td>
                        <td data-label="Acknowledged"><Time at={one.acknowledged_at} seconds /></td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            )}
            <Pager of={pages} label="campaigns" />
          </>
        )}
      </Card>
    </>
  );
}
