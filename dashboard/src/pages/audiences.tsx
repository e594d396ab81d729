// SPDX-License-Identifier: Apache-2.0
import { get } from "../lib/api";
import { number, plural, share } from "../lib/format";
import { live } from "../lib/live";
import { link } from "../lib/route";
import { useStore } from "../lib/store";
import type { Audience } from "../lib/types";
import { Card, Empty, Loading, PageHead, Problem, Tile, Tiles, Time, useAsked } from "../ui/basics";
import { Icon } from "../ui/icon";
import { Pager, usePages } from "../ui/pager";
import { CampaignTable } from "./campaigns";

const REACHED_BY: Record<keyof Audience["reachable"], string> = { email: "by e-mail", phone: "by telephone", push_token: "by push", webhook: "by webhook" };

export function Audiences() {
  const pages = usePages<Audience>("/v1/audiences", 50);
  return (
    <>
      <PageHead title="Audiences"><a class="button button-primary" href="#/new"><Icon name="add" /><span>Upload one</span></a></PageHead>
      <Card>
        {pages.error ? <Problem error={pages.error} /> : null}
        {pages.value === undefined && pages.busy && <Loading />}
        {pages.value !== undefined && pages.items.length === 0 && <Empty>No audience was uploaded yet.</Empty>}
        {pages.items.length > 0 && (
          <div class="scroll" tabIndex={0} role="group" aria-label="Audiences">
            <table class="table">
              <thead><tr><th scope="col">Audience</th><th scope="col" class="right">People</th><th scope="col" class="right">Refused rows</th><th scope="col">Reachable</th><th scope="col">Uploaded</th></tr></thead>
              <tbody>
                {[...pages.items].reverse().map((audience) => (
                  <tr key={audience.id}>
                    <th scope="row"><a href={link(["audiences", audience.id])}><bdi>{audience.name}</bdi></a><span class="under soft">{audience.id}</span></th>
                    <td data-label="People" class="right">{number(audience.accepted)}</td>
                    <td data-label="Refused rows" class="right">{number(audience.refused)}</td>
                    <td data-label="Reachable">{(Object.keys(REACHED_BY) as (keyof Audience["reachable"])[]).filter((field) => audience.reachable[field] > 0).map((field) => `${share(audience.reachable[field], audience.accepted)} ${REACHED_BY[field]}`).join(", ") || "nobody"}</td>
                    <td data-label="Uploaded"><Time at={audience.created_at} /></td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
        <Pager of={pages} label="audiences" />
      </Card>
    </>
  );
}

interface Refusal { line: number; column?: string; reason: string }
interface Member { key: string; ordinal: number; values: Record<string, string> }

function Members({ audience }: { audience: Audience }) {
  const pages = usePages<Member>(`/v1/audiences/${audience.id}/recipients`, 10);
  const names = audience.columns.filter((column) => column.field !== "id").map((column) => column.name);
  return (
    <Card title="Who is in it">
      {pages.error ? <Problem error={pages.error} /> : null}
      {pages.value === undefined && pages.busy && <Loading />}
      {pages.items.length > 0 && (
        <div class="scroll" tabIndex={0} role="group" aria-label="Who is in it">
          <table class="table members">
            <thead><tr><th scope="col">Key</th>{names.map((name) => <th key={name} scope="col"><bdi>{name}</bdi></th>)}</tr></thead>
            <tbody>
              {pages.items.map((member) => (
                <tr key={member.ordinal}>
                  <th scope="row"><a href={link(["find"], { key: member.key })}><bdi>{member.key}</bdi></a></th>
                  {names.map((name) => <td key={name} data-label={name}><bdi>{member.values[name] ?? ""}</bdi></td>)}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <Pager of={pages} label="people" />
    </Card>
  );
}

function Refusals({ id }: { id: string }) {
  const pages = usePages<Refusal>(`/v1/audiences/${encodeURIComponent(id)}/refusals`, 25);
  return (
    <Card title="Refused rows">
      {pages.error ? <Problem error={pages.error} /> : null}
      {pages.value !== undefined && pages.items.length === 0 && <Empty>None.</Empty>}
      {pages.items.length > 0 && (
        <div class="scroll" tabIndex={0} role="group" aria-label="Refused rows">
          <table class="table">
            <thead><tr><th scope="col">Line</th><th scope="col">Column</th><th scope="col">Why</th></tr></thead>
            <tbody>{pages.items.map((one) => <tr key={one.line}><th scope="row">{number(one.line)}</th><td data-label="Column"><bdi>{one.column ?? "–"}</bdi></td><td data-label="Why"><bdi>{one.reason}</bdi></td></tr>)}</tbody>
          </table>
        </div>
      )}
      <Pager of={pages} label="refused rows" />
    </Card>
  );
}

export function AudiencePage({ id }: { id: string }) {
  const path = `/v1/audiences/${encodeURIComponent(id)}`;
  const { value: audience, error, busy } = useAsked(path, (signal) => get<Audience>(path, signal));
  const campaigns = useStore(live, (now) => now.campaigns);
  const used = [...campaigns.values()].filter((campaign) => campaign.audience === id).reverse().slice(0, 25);
  return (
    <>
      <PageHead title={audience?.name ?? `Audience ${id}`} above={<a href="#/audiences">Audiences</a>}>
        {audience && <p class="facts soft"><span>{audience.id}</span><span>uploaded <Time at={audience.created_at} /></span><span>{plural(audience.columns.length, "column", "columns")}: {audience.columns.map((column) => column.name).join(", ")}</span></p>}
      </PageHead>
      {error ? <Problem error={error} /> : null}
      {!audience && busy && <Loading />}
      {audience && (
        <>
          <Tiles>
            <Tile label="People" value={number(audience.accepted)} note={`of ${plural(audience.rows, "row", "rows")}`} />
            {(Object.keys(REACHED_BY) as (keyof Audience["reachable"])[]).filter((field) => audience.reachable[field] > 0).map((field) => (
              <Tile key={field} label={`Reachable ${REACHED_BY[field]}`} value={share(audience.reachable[field], audience.accepted)} note={number(audience.reachable[field])} />
            ))}
            {audience.duplicates > 0 && <Tile label="Double keys" value={number(audience.duplicates)} note="the first counts" tone="doubt" />}
            {audience.refused > 0 && <Tile label="Refused rows" value={number(audience.refused)} tone="bad" />}
          </Tiles>
          <Members audience={audience} />
          {audience.refused > 0 && <Refusals id={id} />}
          <Card title="Its campaigns">{used.length === 0 ? <Empty>None yet. <a href={link(["new"], { audience: id })}>Begin one</a>.</Empty> : <CampaignTable campaigns={used} label="Its campaigns" />}</Card>
        </>
      )}
    </>
  );
}
