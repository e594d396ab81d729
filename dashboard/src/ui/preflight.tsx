// SPDX-License-Identifier: Apache-2.0
// What a launch would do, before it does it.
import { useEffect, useState } from "preact/hooks";
import { get, send } from "../lib/api";
import { duration, list, number, plural, rate } from "../lib/format";
import { CHANNEL_NAMES } from "../lib/states";
import type { Campaign, Page, Preflight } from "../lib/types";
import { SentTexts } from "../pages/recipient";
import { Button, Card, Empty, Loading, Problem, Tile, Tiles, Time, useAsked } from "./basics";
import { Icon } from "./icon";

const AT_ONCE_MAX = 300000; // larger audiences are read when somebody asks for it

const SPEED: Record<string, (step: Preflight["steps"][number]) => string> = {
  limited: (step) => (step.send_s === null ? `at ${rate(step.rate_per_s)}, more than a year` : `${duration(Math.max(1, step.send_s))} at ${rate(step.rate_per_s)}`),
  unlimited: () => "as fast as the workers go",
  none: () => "no provider can send now",
  left_out: () => "left out",
};

export function PreflightCard({ campaign }: { campaign: Campaign }) {
  const small = campaign.recipients <= AT_ONCE_MAX;
  const [turn, setTurn] = useState(small ? 1 : 0);
  const asked = useAsked(turn === 0 ? null : `${campaign.id} ${turn}`, () => send<Preflight>("POST", `/v1/campaigns/${campaign.id}/preflight`));
  const found = asked.value;
  return (
    <Card title="Before the launch" actions={<Button small onPress={() => setTurn((n) => n + 1)}>{turn === 0 ? "Check" : "Check again"}</Button>}>
      {turn === 0 && <Empty>The whole audience is read when you check.</Empty>}
      {asked.error ? <Problem error={asked.error} /> : null}
      {turn > 0 && !found && asked.busy && <Loading what="Reading the audience" />}
      {found && (
        <>
          {found.problems.map((problem, i) => <p key={i} class="note note-bad"><Icon name="alarm" />{problem.detail}{problem.launch_refuses && " A launch is refused."}</p>)}
          {found.warnings.map((warning, i) => <p key={i} class="note"><Icon name="alarm" />{warning.detail}</p>)}
          {found.problems.length === 0 && found.warnings.length === 0 && <p class="note note-good"><Icon name="calm" />Nothing stands in the way.</p>}
          <Tiles>
            <Tile label="Can be sent to" value={number(found.reachable)} note={`of ${plural(found.people, "person", "people")}`} tone="good" />
            {found.unreachable > 0 && <Tile label="Without an address" value={number(found.unreachable)} tone="bad" />}
            {found.suppressed > 0 && <Tile label="On the suppression list" value={number(found.suppressed)} />}
            {found.capped > 0 && <Tile label="Spared by the frequency cap" value={number(found.capped)} />}
            {found.incomplete > 0 && <Tile label="With an empty variable" value={number(found.incomplete)} tone="bad" />}
            {found.sms && found.sms.people > 0 && <Tile label="Short messages" value={number(found.sms.parts)} note={`the longest in ${plural(found.sms.longest, "part", "parts")}`} tone={found.sms.too_long > 0 ? "bad" : undefined} />}
          </Tiles>
          <div class="scroll" tabIndex={0} role="group" aria-label="What each step would do">
            <table class="table">
              <thead><tr><th scope="col">Step</th><th scope="col" class="right">First to</th><th scope="col" class="right">Can send to</th><th scope="col">For all of them</th><th scope="col">Providers</th></tr></thead>
              <tbody>
                {found.steps.map((step) => (
                  <tr key={`${step.step}.${step.repeat}`}>
                    <th scope="row">{step.step}. {CHANNEL_NAMES[step.channel]}{step.repeat > 0 && `, again (${step.repeat})`}</th>
                    <td data-label="First to" class="right">{number(step.first)}</td>
                    <td data-label="Can send to" class="right">{number(step.sendable)}</td>
                    <td data-label="For all of them">{(SPEED[step.left_out ? "left_out" : step.speed] ?? (() => step.speed))(step)}</td>
                    <td data-label="Providers">{step.providers.length === 0 ? "none" : list(step.providers)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          {found.deadlines.map((deadline) => <p key={deadline.deadline} class="soft">By <Time at={deadline.at} />: {deadline.late === 0 ? "everybody's first message has left." : `${plural(deadline.late, "person's", "people's")} first message has not left.`}</p>)}
        </>
      )}
    </Card>
  );
}

/** The texts as some of the audience would get them. */
export function SamplesCard({ campaign }: { campaign: Campaign }) {
  const [at, setAt] = useState(0);
  const path = `/v1/audiences/${campaign.audience}/recipients?limit=10`;
  const { value, error, busy } = useAsked(path, (signal) => get<Page<{ key: string }>>(path, signal));
  useEffect(() => setAt(0), [campaign.id]);
  const people = value?.items ?? [];
  const one = people[at % Math.max(1, people.length)];
  return (
    <Card title="As it is read" actions={people.length > 1 ? <Button small icon="person" onPress={() => setAt(at + 1)}>Somebody else</Button> : undefined}>
      {error ? <Problem error={error} /> : null}
      {!value && busy && <Loading />}
      {one && <><p class="soft">As <bdi>{one.key}</bdi> would get it:</p><SentTexts campaign={campaign.id} recipient={one.key} /></>}
    </Card>
  );
}
