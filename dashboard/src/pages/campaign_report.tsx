// SPDX-License-Identifier: Apache-2.0
// What the report adds to a campaign's page: its curve from the launch on, how fast it was, and what went wrong.
import { get } from "../lib/api";
import { duration, number, plural, share } from "../lib/format";
import { addPoint } from "../lib/history";
import { curves } from "../lib/live";
import { download, joinCurves, type Report } from "../lib/report";
import { link } from "../lib/route";
import { NOT_REACHED, REACHED, sum } from "../lib/states";
import { useStore } from "../lib/store";
import type { Campaign } from "../lib/types";
import { Button, Card, Empty, Loading, Problem, say, Time, useAsked, type Asked } from "../ui/basics";
import { errorText } from "../lib/api";
import { Chart } from "../ui/chart";
import { Icon } from "../ui/icon";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

// A report takes the coordinator 0.13 s of a core for each million (docs/benchmarks.md). Of larger campaigns that still run it is
// read when somebody asks for it, and again by itself of small ones alone.
const AT_ONCE_MAX = 2000000;
const AGAIN_MAX = 300000;
const READ_AGAIN_MS = 15000;

/** Once when the page is opened and once more when the campaign has ended; else when somebody asks. */
export function useReport(campaign: Campaign | undefined): Asked<Report> & { wanted: boolean; want: () => void } {
  const [asked, setAsked] = useState(false);
  const readAt = useRef(0);
  const begun = campaign !== undefined && campaign.launched_at !== null;
  const ended = campaign?.ended_at ?? "";
  const wanted = begun && (asked || ended !== "" || campaign.recipients <= AT_ONCE_MAX);
  const path = `/v1/campaigns/${campaign?.id}/report?format=json`;
  const report = useAsked(wanted ? `${path} ${ended}` : null, (signal) => get<Report>(path, signal));
  // Who climbs counts as waiting again; how many were reached at all only the journal knows. When news show that people
  // climb, it is read anew, not more often than so.
  const reachedNow = sum(campaign?.counts ?? {}, REACHED);
  const known = report.value?.people.reached.people ?? 0;
  useEffect(() => {
    if (wanted && !report.busy && reachedNow < known && Date.now() - readAt.current > READ_AGAIN_MS && campaign!.recipients <= AGAIN_MAX) {
      report.again();
    }
  }, [reachedNow]);
  useEffect(() => {
    readAt.current = Date.now();
  }, [report.value]);
  return { ...report, wanted, want: () => setAsked(true) };
}

export function CurveCard({ campaign, report }: { campaign: Campaign; report: Report | undefined }) {
  const points = useStore(curves, (now) => now.get(campaign.id));
  const { counts, recipients } = campaign;
  const [times, lines] = useMemo(() => {
    // Of a campaign that ended before the page was opened nothing is seen live: how it stands is its last point.
    const last = campaign.ended_at ? addPoint([], Date.parse(campaign.ended_at) + 1, counts) : [];
    const curve = joinCurves(report, points && points.length > 0 ? points : last);
    return [curve.times, [
      { label: "reached", colour: "--c-delivered", fill: true, values: curve.reached },
      { label: "acknowledged", colour: "--c-leased", dash: [6, 3], values: curve.acknowledged },
      { label: "not reached", colour: "--c-failed", dash: [2, 3], values: curve.lost },
    ]];
  }, [report, points, campaign.ended_at]);
  return (
    <Card title="Over time">
      <Chart
        title="People reached and acknowledged over time"
        words={`${number(sum(counts, REACHED))} of ${number(recipients)} reached, ${number(counts.acknowledged ?? 0)} acknowledged, ${number(sum(counts, NOT_REACHED))} not reached.`}
        times={times}
        lines={lines}
      />
    </Card>
  );
}

function Pace({ report }: { report: Report }) {
  const { first_word, acknowledgement } = report.times;
  const rows = ([["told", first_word], ["acknowledged", acknowledgement]] as const).filter(([, spread]) => spread.people > 0);
  if (rows.length === 0) {
    return null;
  }
  return (
    <table class="pace-table">
      <caption class="sr">How long after the launch so many of all people were told and had acknowledged</caption>
      <thead><tr><th scope="col">Of all people</th><th scope="col" class="right">half</th><th scope="col" class="right">90 %</th><th scope="col" class="right">99 %</th></tr></thead>
      <tbody>
        {rows.map(([name, spread]) => (
          <tr key={name}>
            <th scope="row">{name} after</th>
            {(["p50_s", "p90_s", "p99_s"] as const).map((part) => <td key={part} class="right">{spread.of_recipients[part] === null ? <span class="soft">{report.final ? "never" : "not yet"}</span> : duration(spread.of_recipients[part])}</td>)}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const TOP = 8;

export function TroubleCard({ campaign, asked }: { campaign: Campaign; asked: ReturnType<typeof useReport> }) {
  const report = asked.value;
  const reasons = (report?.failures.reasons ?? []).filter((one) => one.times > 0)
    .sort((a, b) => b.people - a.people || b.times - a.times).slice(0, TOP);
  const past = reasons.filter((one) => one.people === 0);
  const most = Math.max(1, ...reasons.map((one) => one.people));
  return (
    <Card title="What went wrong" actions={asked.wanted ? <Button small onPress={asked.again}>Read again</Button> : <Button small onPress={asked.want}>Read it</Button>}>
      {!asked.wanted && <Empty>It is read from the journal when you ask for it.</Empty>}
      {asked.error ? <Problem error={asked.error} /> : null}
      {asked.wanted && !report && asked.busy && <Loading what="Reading the journal" />}
      {report && reasons.length === 0 && <p class="calm"><Icon name="calm" />Nothing so far.</p>}
      {reasons.length > past.length && (
        <ol class="reasons">
          {reasons.filter((one) => one.people > 0).map((one) => (
            <li key={one.reason}>
              <div class="reason-head">
                <span>{one.text}</span>
                <a href={link(["campaigns", campaign.id, "people"], { reason: String(one.reason) })} aria-label={`${plural(one.people, "person", "people")} not reached: ${one.text}. Show them`}><b>{number(one.people)}</b> not reached</a>
              </div>
              <span class="meter meter-bad" aria-hidden="true"><span style={{ width: `${(100 * one.people) / most}%` }} /></span>
              <span class="soft under">{plural(one.times, "time", "times")}, {share(one.people, campaign.recipients)} of all people</span>
            </li>
          ))}
        </ol>
      )}
      {past.length > 0 && (
        <>
          <h3>Made up for since</h3>
          <ul class="reasons-past soft">{past.map((one) => <li key={one.reason} class="reason-head"><span>{one.text}</span><span>{plural(one.times, "time", "times")}</span></li>)}</ul>
        </>
      )}
      {report && <Pace report={report} />}
      {report && <p class="soft small">As of <Time at={report.as_of} seconds />.</p>}
    </Card>
  );
}

const FILE_MAX = 2000000; // a browser keeps a file in memory until it is whole

export function FilesCard({ campaign }: { campaign: Campaign }) {
  const [busy, setBusy] = useState<string | null>(null);
  const take = async (what: string, path: string, name: string) => {
    if (busy !== null) {
      return;
    }
    setBusy(what);
    try {
      await download(path, name);
      say(`${name} is there.`);
    } catch (error) {
      say(errorText(error));
    }
    setBusy(null);
  };
  const { id } = campaign;
  const large = campaign.recipients > FILE_MAX;
  return (
    <Card title="To take away">
      <div class="actions">
        <Button small icon="download" onPress={() => void take("report", `/v1/campaigns/${id}/report?format=html`, `${id}-report.html`)}>{busy === "report" ? "Making it…" : "Report to print"}</Button>
        <Button small icon="download" onPress={() => void take("figures", `/v1/campaigns/${id}/report?format=csv`, `${id}-report.csv`)}>{busy === "figures" ? "Making it…" : "Figures (CSV)"}</Button>
        <Button small icon="download" disabled={large} why="So large a file is for the command: tocsin export" onPress={() => void take("deliveries", `/v1/campaigns/${id}/export?format=csv&compress=none&end_line=no`, `${id}-deliveries.csv`)}>{busy === "deliveries" ? "Making it…" : "Every delivery (CSV)"}</Button>
        <Button small icon="download" disabled={large} why="So large a file is for the command: tocsin evidence export" onPress={() => void take("evidence", `/v1/campaigns/${id}/evidence`, `${id}.evidence`)}>{busy === "evidence" ? "Making it…" : "Evidence of all"}</Button>
      </div>
    </Card>
  );
}
