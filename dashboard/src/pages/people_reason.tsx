// SPDX-License-Identifier: Apache-2.0
// Those who were not reached for one reason.
import { useState } from "preact/hooks";
import { drill, type Drill } from "../lib/report";
import { link } from "../lib/route";
import { CHANNEL_NAMES } from "../lib/states";
import type { Channel } from "../lib/types";
import { Empty, Loading, Problem, StateWord, Time, useAsked } from "../ui/basics";
import { Icon } from "../ui/icon";

const ROWS = 50;

export function ReasonPeople({ id, reason }: { id: string; reason: number }) {
  const [trail, setTrail] = useState<NonNullable<Drill["next"]>[]>([]);
  const from = trail[trail.length - 1] ?? null;
  const asked = useAsked(`${id} ${reason} ${from?.after ?? ""}`, (signal) => drill(id, reason, from, ROWS, signal));
  const found = asked.value;
  const why = found?.rows.find((row) => row.detail)?.detail;
  return (
    <>
      <p class="soft">Not reached, and the last reason was {why === "provider answered" || !why ? `code ${reason}` : `“${why}”`}. <a href={link(["campaigns", id, "people"])}>Everybody</a></p>
      {asked.error ? <Problem error={asked.error} /> : null}
      {!found && asked.busy && <Loading what="Looking for them" />}
      {found && found.rows.length === 0 && <Empty>{found.next ? "None so far; there may be some further on." : "Nobody is in this position any more."}</Empty>}
      {found && found.rows.length > 0 && (
        <div class="scroll" tabIndex={0} role="group" aria-label="People">
          <table class="table people">
            <thead><tr><th scope="col">Key</th><th scope="col">State</th><th scope="col">Step</th><th scope="col">Address</th><th scope="col">Provider</th><th scope="col">Since</th></tr></thead>
            <tbody>
              {found.rows.map((row) => (
                <tr key={row.ordinal}>
                  <th scope="row"><a href={link(["campaigns", id, "people", row.key])}><bdi>{row.key}</bdi></a></th>
                  <td data-label="State"><StateWord state={row.state} /></td>
                  <td data-label="Step">{row.step}{row.channel && <span class="soft"> {CHANNEL_NAMES[row.channel as Channel]}</span>}</td>
                  <td data-label="Address"><bdi>{row.address ?? "–"}</bdi></td>
                  <td data-label="Provider"><bdi>{row.provider ?? "–"}</bdi></td>
                  <td data-label="Since"><Time at={row.at} seconds /></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {(trail.length > 0 || found?.next) && (
        <nav class="pager" aria-label="Pages of people">
          {trail.length > 0 ? <button type="button" class="button button-small" onClick={() => setTrail(trail.slice(0, -1))}><Icon name="left" size={12} />Back</button> : <span />}
          <span class="soft">Page {trail.length + 1}</span>
          {found?.next ? <button type="button" class="button button-small" onClick={() => setTrail([...trail, found.next!])}>Further<Icon name="right" size={12} /></button> : <span />}
        </nav>
      )}
    </>
  );
}
