// SPDX-License-Identifier: Apache-2.0
// The plan as the ladder that it is: the first step at the foot, and on each rung those who stand there. In the
// document the first step comes first; the style turns the picture round.
import { number, share } from "../lib/format";
import { ON_THE_WAY, rungName, STATES, sum } from "../lib/states";
import type { Campaign, Counts, Rung, State, Step } from "../lib/types";
import { Time } from "./basics";
import { Bar, Glance } from "./bar";
import { Icon } from "./icon";

function goal(step: Step | undefined): string {
  if (!step) {
    return "";
  }
  const until = step.until === "acknowledged" ? "until they acknowledge" : step.until === "delivered" ? "until it is delivered" : "until a provider takes it";
  return step.within ? `${until}, within ${step.within}` : until;
}

/** Those who have come to a rung or gone past it; of a pair, the step beside counts for itself. */
function beyond(ladder: Rung[], at: number): number {
  return ladder.slice(at + 1).filter((rung) => !rung.with_previous).reduce((total, rung) => total + sum(rung.counts), 0);
}

/** Open ones have been told and may still climb: neither done nor waiting to be sent to. */
function standing(rung: Rung): string {
  const waiting = sum(rung.counts, ON_THE_WAY);
  const parts: string[] = [];
  if (waiting > 0) {
    parts.push(`${number(waiting)} to be sent`);
  }
  if (rung.open > 0) {
    parts.push(`${number(rung.open)} told, no answer yet`);
  }
  return parts.join(" · ");
}

const SHOWN: State[] = STATES;

function RungRow({ campaign, rung, at, ladder }: { campaign: Campaign; rung: Rung; at: number; ladder: Rung[] }) {
  const step = campaign.plan.steps[rung.step - 1];
  const people = sum(rung.counts);
  const gone = beyond(ladder, at);
  const isLast = ladder.slice(at + 1).every((other) => other.with_previous);
  const counts: Counts = rung.counts;
  return (
    <li class={`rung ${rung.with_previous ? "rung-beside" : ""} ${step?.left_out ? "rung-out" : ""}`}>
      <div class="rung-name">
        <span class="rung-number" aria-hidden="true">{rung.step}</span>
        <div>
          <h3><Icon name={rung.channel} /> <span class="sr">Step {rung.step}: </span>{rungName(rung)}</h3>
          <p class="soft">{step?.left_out ? "left out of this campaign" : rung.with_previous ? `together with step ${rung.step - 1}` : goal(step)}</p>
        </div>
      </div>
      <div class="rung-people">
        <div class="rails">
          <Bar counts={counts} total={campaign.recipients} label={`Step ${rung.step}, ${rungName(rung)}`} />
          <span class="rung-rest" style={{ flexGrow: Math.max(0, 1 - people / Math.max(1, campaign.recipients)) }} aria-hidden="true" />
        </div>
        <div class="rung-facts">
          <span class="rung-total"><b>{number(people)}</b> {isLast && gone === 0 && at > 0 ? "came here" : "stand here"}<span class="soft"> · {share(people, campaign.recipients)}</span></span>
          <Glance counts={counts} states={SHOWN} />
        </div>
        <p class="rung-note soft">
          <span>{standing(rung)}{rung.next_at && <>{standing(rung) ? " · " : ""}next due <Time at={rung.next_at} seconds /></>}</span>
          {!isLast && gone > 0 && <span class="rung-gone"><Icon name="up" size={12} />{number(gone)} went on</span>}
        </p>
      </div>
    </li>
  );
}

export function Ladder({ campaign }: { campaign: Campaign }) {
  const ladder = campaign.ladder;
  if (!ladder || ladder.length === 0) {
    return <p class="empty">Who stood on which step was not counted in this campaign.</p>;
  }
  return (
    <>
      <ol class="ladder" aria-label="The steps of the plan, the first one at the foot">
        {ladder.map((rung, at) => <RungRow key={`${rung.step}.${rung.repeat}`} campaign={campaign} rung={rung} at={at} ladder={ladder} />)}
      </ol>
      {campaign.next_climb_at && <p class="ladder-next soft">The next climb is at <Time at={campaign.next_climb_at} seconds />.</p>}
    </>
  );
}
