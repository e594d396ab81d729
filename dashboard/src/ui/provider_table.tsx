// SPDX-License-Identifier: Apache-2.0
import { send } from "../lib/api";
import { number, rate, share } from "../lib/format";
import { putProvider } from "../lib/live";
import type { Provider } from "../lib/types";
import { Button, ChannelWord, Empty, Time } from "./basics";
import { confirm } from "./dialog";
import { Icon } from "./icon";

export function askProviderRate(provider: Provider) {
  const now = provider.rate_per_s;
  confirm({
    title: `How fast may ${provider.name} be?`,
    text: <p>So many messages a second at most, over all workers and campaigns. It holds at once and over restarts, in place of the settings' own{provider.limit.settings.rate ? ` (${rate(provider.limit.settings.rate)})` : ""}, until it is reset.</p>,
    fields: <label class="field"><span>Messages a second</span><input name="rate" type="number" required min="0.001" max="10000000" step="any" inputMode="decimal" defaultValue={now > 0 ? String(now) : ""} /></label>,
    verb: "Set",
    act: async (form) => {
      const value = Number(form.get("rate"));
      putProvider(await send<Provider>("PATCH", `/v1/providers/${encodeURIComponent(provider.name)}`, { rate: value }));
      return `${provider.name}: at most ${rate(value)} from now on.`;
    },
  });
}

export function askProviderReset(provider: Provider) {
  confirm({
    title: `Back to the settings for ${provider.name}?`,
    text: <p>What was set here is taken back at once. Then the settings hold: {provider.limit.settings.rate ? `at most ${rate(provider.limit.settings.rate)}` : "no limit of its rate"}.</p>,
    verb: "Reset",
    act: async () => {
      putProvider(await send<Provider>("DELETE", `/v1/providers/${encodeURIComponent(provider.name)}/limit`));
      return `${provider.name} is as the settings say.`;
    },
  });
}

export function isOverridden(provider: Provider): boolean {
  return provider.limit.override !== null && Object.values(provider.limit.override).some((value) => value !== null);
}

const BREAKER: Record<Provider["breaker"], { icon: "calm" | "failed" | "uncertain"; word: string; tone: string }> = {
  closed: { icon: "calm", word: "well", tone: "good" },
  open: { icon: "failed", word: "down", tone: "bad" },
  probing: { icon: "uncertain", word: "being probed", tone: "doubt" },
};

function Health({ provider }: { provider: Provider }) {
  const { health } = provider;
  const trouble = [
    health.throttled > 0.005 && `${share(health.throttled, 1)} throttled`,
    health.fault > 0.005 && `${share(health.fault, 1)} faults`,
    health.timeout > 0.005 && `${share(health.timeout, 1)} without an answer`,
  ].filter(Boolean) as string[];
  const ill = health.throttled + health.fault + health.timeout > 0.5;
  const state = provider.breaker === "closed" && ill ? { icon: "uncertain" as const, word: "unwell", tone: "doubt" } : BREAKER[provider.breaker];
  return (
    <div class="health">
      <span class={`tone tone-${state.tone}`}><Icon name={state.icon} />{state.word}</span>
      <span class="soft under">{trouble.length > 0 ? trouble.join(", ") : health.latency_ms !== null ? "no trouble" : "not used of late"}{health.latency_ms !== null && ` · ${number(Math.max(1, health.latency_ms))} ms`}</span>
    </div>
  );
}

/** How much of its limit it uses: a number, and a bar beside it. */
function Pace({ provider }: { provider: Provider }) {
  const limit = provider.rate_per_s;
  const part = limit > 0 ? Math.min(1, provider.sent_per_s / limit) : 0;
  return (
    <div class="pace">
      <span><b>{rate(provider.sent_per_s)}</b>{limit > 0 ? <span class="soft"> of {rate(limit)}</span> : <span class="soft">, no limit</span>}</span>
      {limit > 0 && <span class="meter" aria-hidden="true"><span style={{ width: `${100 * part}%` }} /></span>}
      {limit > 0 && provider.rate_now_per_s < limit * 0.99 && <span class="under tone-doubt">held at {rate(provider.rate_now_per_s)}</span>}
    </div>
  );
}

export function ProviderTable({ providers, change }: { providers: Provider[]; change?: boolean }) {
  if (providers.length === 0) {
    return <Empty>{change ? "No provider is set up. They stand in the coordinator's settings." : "No provider is set up for these channels."}</Empty>;
  }
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label="Providers">
      <table class="table providers">
        <thead>
          <tr><th scope="col">Provider</th><th scope="col">Now</th><th scope="col">Health</th><th scope="col" class="right">Share</th><th scope="col" class="right">Taken</th><th scope="col" class="right">Refused</th><th scope="col">Held back by</th>{change && <th scope="col"><span class="sr">Change</span></th>}</tr>
        </thead>
        <tbody>
          {providers.map((provider) => (
            <tr key={provider.name}>
              <th scope="row"><bdi>{provider.name}</bdi><span class="under soft"><ChannelWord channel={provider.channel} /></span></th>
              <td data-label="Now"><Pace provider={provider} /></td>
              <td data-label="Health"><Health provider={provider} /></td>
              <td data-label="Share" class="right" title={`${number(provider.part)} of 100 by its weight`}>{share(provider.share, 100)}</td>
              <td data-label="Taken" class="right">{number(provider.outcomes.accepted ?? 0)}</td>
              <td data-label="Refused" class="right">{number(provider.outcomes.rejected ?? 0)}</td>
              <td data-label="Held back by" class="why">
                {provider.why.length === 0 ? <span class="soft">nothing</span> : (
                  <ul>{provider.why.map((why) => <li key={why.reason}>{why.detail}{why.until && <span class="soft"> (until <Time at={why.until} seconds />)</span>}</li>)}</ul>
                )}
              </td>
              {change && (
                <td class="right change">
                  <Button small what="run" icon="speed" label={`Change the rate of ${provider.name}`} onPress={() => askProviderRate(provider)}>Rate</Button>
                  {isOverridden(provider) && <Button small what="run" label={`Reset the limits of ${provider.name}`} onPress={() => askProviderReset(provider)}>Reset</Button>}
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
