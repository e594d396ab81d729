// SPDX-License-Identifier: Apache-2.0
// Those who were not reached for one reason.
import { link } from "../lib/route";
import { LOST } from "../lib/states";
import type { Campaign, Delivery } from "../lib/types";
import { ChannelWord, Empty, Loading, Problem, StateWord, Time } from "../ui/basics";
import { Pager, usePages } from "../ui/pager";

export function ReasonPeople({ id, reason, campaign }: { id: string; reason: number; campaign: Campaign | undefined }) {
  const pages = usePages<Delivery>(`/v1/campaigns/${encodeURIComponent(id)}/recipients?state=${LOST.join(",")}&reason=${reason}`);
  const why = pages.items[0]?.detail;
  const channelOf = (step: number) => campaign?.plan.steps[step - 1]?.channel;
  return (
    <>
      <p class="soft">Not reached, and the last reason was {why === "provider answered" || !why ? `code ${reason}` : `“${why}”`}. <a href={link(["campaigns", id, "people"])}>Everybody</a></p>
      {pages.error ? <Problem error={pages.error} /> : null}
      {pages.value === undefined && pages.busy && <Loading what="Looking for them" />}
      {pages.value !== undefined && pages.items.length === 0 && <Empty>{pages.forward ? "None so far; there may be some further on." : "Nobody is in this position any more."}</Empty>}
      {pages.items.length > 0 && (
        <div class="scroll" tabIndex={0} role="group" aria-label="People">
          <table class="table people">
            <thead><tr><th scope="col">Key</th><th scope="col">State</th><th scope="col">Step</th><th scope="col">Address</th><th scope="col">Provider</th><th scope="col">Since</th></tr></thead>
            <tbody>
              {pages.items.map((one) => (
                <tr key={one.ordinal}>
                  <th scope="row"><a href={link(["campaigns", id, "people", one.key])}><bdi>{one.key}</bdi></a></th>
                  <td data-label="State"><StateWord state={one.state} /></td>
                  <td data-label="Step">{one.step} {channelOf(one.step) && <span class="soft"><ChannelWord channel={channelOf(one.step)!} /></span>}</td>
                  <td data-label="Address"><bdi>{one.address ?? "–"}</bdi></td>
                  <td data-label="Provider"><bdi>{one.provider ?? "–"}</bdi></td>
                  <td data-label="Since"><Time at={one.at} seconds /></td>
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
