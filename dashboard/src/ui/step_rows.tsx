// SPDX-License-Identifier: Apache-2.0
// The steps of a plan as they are written: of a new campaign, and of a plan that is kept under a name.
import { CHANNEL_NAMES } from "../lib/states";
import type { Channel, Step } from "../lib/types";
import { Button } from "./basics";

export const STEPS_MAX = 8;
export const CHANNELS = Object.keys(CHANNEL_NAMES) as Channel[];
export const newStep = (channel: Channel): Step => ({ channel, until: "accepted" });

/** What the API takes: nothing that was left empty. */
export function writtenStep(step: Step): Record<string, unknown> {
  return Object.fromEntries(Object.entries(step).filter(([, value]) => value !== "" && value !== undefined && value !== false && value !== null));
}

interface Row { step: Step; at: number; count: number; change: (step: Step) => void; remove: () => void; channels: Channel[] }

function StepRow({ step, at, count, change, remove, channels }: Row) {
  return (
    <li class="step-row">
      <span class="rung-number" aria-hidden="true">{at + 1}</span>
      <label class="field"><span>Channel<span class="sr"> of step {at + 1}</span></span>
        <select value={step.channel} onChange={(e) => change({ ...step, channel: e.currentTarget.value as Channel })}>
          {channels.map((channel) => <option key={channel} value={channel}>{CHANNEL_NAMES[channel]}</option>)}
        </select>
      </label>
      <label class="field"><span>Until<span class="sr">, step {at + 1}</span></span>
        <select value={step.until} onChange={(e) => change({ ...step, until: e.currentTarget.value as Step["until"] })}>
          <option value="accepted">a provider takes it</option><option value="delivered">it is delivered</option><option value="acknowledged">they acknowledge</option>
        </select>
      </label>
      <label class="field"><span>Within<span class="sr">, step {at + 1}</span></span>
        <input value={step.within ?? ""} placeholder={step.until === "acknowledged" ? "15m" : "4h"} onInput={(e) => change({ ...step, within: e.currentTarget.value.trim() || undefined })} />
      </label>
      {at > 0 && <label class="check"><input type="checkbox" checked={step.with_previous ?? false} onChange={(e) => change({ ...step, with_previous: e.currentTarget.checked || undefined })} /> together with step {at}</label>}
      {count > 1 && <Button small icon="close" label={`Remove step ${at + 1}`} onPress={remove} />}
    </li>
  );
}

export function StepRows({ steps, channels, change }: { steps: Step[]; channels: Channel[]; change: (steps: Step[]) => void }) {
  const used = steps.map((step) => step.channel);
  const known = [...channels, ...used.filter((channel) => !channels.includes(channel))];
  const next = known.find((channel) => !used.includes(channel)) ?? known[0]!;
  return (
    <>
      <ol class="steps">
        {steps.map((step, at) => (
          <StepRow key={at} step={step} at={at} count={steps.length} channels={[...new Set(known)]}
            change={(changed) => change(steps.map((old, i) => (i === at ? changed : old)))}
            remove={() => change(steps.filter((_, i) => i !== at))} />
        ))}
      </ol>
      {steps.length < STEPS_MAX && <div><Button small icon="add" onPress={() => change([...steps, newStep(next)])}>Another step</Button></div>}
    </>
  );
}
