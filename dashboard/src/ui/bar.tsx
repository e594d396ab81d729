// SPDX-License-Identifier: Apache-2.0
// People by state. The order is always the same, each state has a sign and a word beside its colour, and whoever cannot
// see the bar hears its numbers.
import { number, share, shortNumber } from "../lib/format";
import { countsInWords, STATES, STATE_MEANS, sum } from "../lib/states";
import type { Counts, State } from "../lib/types";
import { Icon } from "./icon";

export function Bar({ counts, total, label, thin, of }: { counts: Counts; total?: number; label: string; thin?: boolean; of?: State[] }) {
  const all = total ?? sum(counts);
  const shown = (of ?? STATES).filter((state) => (counts[state] ?? 0) > 0);
  return (
    <div class={`bar ${thin ? "bar-thin" : ""}`} role="img" aria-label={`${label}: ${countsInWords(counts, number)}`}>
      {shown.map((state) => (
        <span key={state} class={`segment segment-${state}`} style={{ flexGrow: counts[state]! / Math.max(1, all) }}
          title={`${state}: ${number(counts[state])} (${share(counts[state]!, all)})`} />
      ))}
    </div>
  );
}

export function Legend({ counts, total, link, always = [] }: { counts: Counts; total?: number; link?: (state: State) => string; always?: State[] }) {
  const all = total ?? sum(counts);
  return (
    <ul class="legend">
      {STATES.filter((state) => (counts[state] ?? 0) > 0 || always.includes(state)).map((state) => {
        const inside = (
          <>
            <span class={`swatch state-${state}`}><Icon name={state} size={12} /></span>
            <span class="legend-word">{state}</span>
            <span class="legend-number">{number(counts[state] ?? 0)}</span>
            <span class="legend-share">{share(counts[state] ?? 0, all)}</span>
          </>
        );
        return (
          <li key={state} title={STATE_MEANS[state]}>
            {link ? <a href={link(state)} aria-label={`${number(counts[state] ?? 0)} ${state}: show the people`}>{inside}</a> : <span class="legend-row">{inside}</span>}
          </li>
        );
      })}
    </ul>
  );
}

/** The same in one line, for narrow places. */
export function Glance({ counts, states }: { counts: Counts; states: State[] }) {
  return (
    <span class="glance">
      {states.filter((state) => (counts[state] ?? 0) > 0).map((state) => (
        <span key={state} class={`glance-one state-${state}`} title={`${number(counts[state])} ${state}`}>
          <span class="swatch"><Icon name={state} size={12} /></span>
          <span>{shortNumber(counts[state]!)}</span>
          <span class="sr">{state}</span>
        </span>
      ))}
    </span>
  );
}
