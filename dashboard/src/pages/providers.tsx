// SPDX-License-Identifier: Apache-2.0
import { useState } from "preact/hooks";
import { hasTrouble } from "../lib/alarms";
import { duration, number, rate } from "../lib/format";
import { live } from "../lib/live";
import { CHANNEL_NAMES } from "../lib/states";
import { useStore } from "../lib/store";
import type { Channel, Provider, Worker } from "../lib/types";
import { Card, Empty, Loading, PageHead, Time } from "../ui/basics";
import { Icon } from "../ui/icon";
import { ProviderTable } from "../ui/provider_table";

function inHand(worker: Worker): string {
  const parts = Object.entries(worker.in_hand).filter(([, n]) => (n ?? 0) > 0).map(([channel, n]) => `${number(n)} ${CHANNEL_NAMES[channel as Channel] ?? channel}`);
  return parts.length === 0 ? "nothing" : parts.join(", ");
}

const FEW = 8; // so many are seen at one glance

/** Those that something is wrong with, as the overview has it, or that answer with trouble more often than not. */
function isInTrouble(provider: Provider): boolean {
  const { throttled, fault, timeout } = provider.health;
  return provider.breaker !== "closed" || throttled + fault + timeout > 0.5 || hasTrouble(provider);
}

function ProvidersCard({ providers }: { providers: Provider[] }) {
  const [which, setWhich] = useState<"all" | "trouble">("all");
  const [channel, setChannel] = useState<Channel | "">("");
  const channels = [...new Set(providers.map((one) => one.channel))];
  const shown = providers.filter((one) => (which === "all" || isInTrouble(one)) && (channel === "" || one.channel === channel));
  return (
    <Card title="Providers">
      {providers.length > FEW && (
        <div class="filters">
          <label class="field field-inline"><span>Which</span>
            <select value={which} onChange={(e) => setWhich(e.currentTarget.value as typeof which)}>
              <option value="all">all ({number(providers.length)})</option>
              <option value="trouble">in trouble ({number(providers.filter(isInTrouble).length)})</option>
            </select>
          </label>
          <label class="field field-inline"><span>Channel</span>
            <select value={channel} onChange={(e) => setChannel(e.currentTarget.value as Channel | "")}>
              <option value="">all</option>
              {channels.map((one) => <option key={one} value={one}>{CHANNEL_NAMES[one]}</option>)}
            </select>
          </label>
        </div>
      )}
      {shown.length === 0 && providers.length > 0 ? <Empty>None is like this.</Empty> : <ProviderTable providers={shown} change />}
    </Card>
  );
}

export function Providers() {
  const now = useStore(live);
  if (!now.loaded) {
    return <><PageHead title="Providers and workers" /><Loading /></>;
  }
  const workers = [...now.workers.values()].sort((a, b) => Number(a.connected) - Number(b.connected) || a.name.localeCompare(b.name)); // who is gone first
  const { status } = now;
  return (
    <>
      <PageHead title="Providers and workers" />
      <ProvidersCard providers={[...now.providers.values()]} />
      <Card title="Workers">
        {workers.length === 0 ? <Empty>No worker has ever connected. Start one with tocsin-worker.</Empty> : (
          <div class="scroll" tabIndex={0} role="group" aria-label="Workers">
            <table class="table workers">
              <thead><tr><th scope="col">Worker</th><th scope="col">State</th><th scope="col" class="right">Rate</th><th scope="col">In hand</th><th scope="col" class="right">Outcomes</th><th scope="col">Heard of</th></tr></thead>
              <tbody>
                {workers.map((worker) => (
                  <tr key={worker.name}>
                    <th scope="row"><bdi>{worker.name}</bdi></th>
                    <td data-label="State">{worker.connected ? <span class="tone tone-good"><Icon name="calm" />connected</span> : <span class="tone tone-bad"><Icon name="failed" />gone</span>}</td>
                    <td data-label="Rate" class="right">{rate(worker.rate_per_s)}</td>
                    <td data-label="In hand">{inHand(worker)}</td>
                    <td data-label="Outcomes" class="right">{number(worker.outcomes)}</td>
                    <td data-label="Heard of"><Time at={worker.last_heard_at} seconds /></td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Card>
      {status && (
        <Card title="The coordinator">
          <p class="facts soft">
            <span>Tocsin {status.version}</span>
            <span>runs for {duration((Date.now() - Date.parse(status.started_at)) / 1000)}, since <Time at={status.started_at} /></span>
            <span>{status.commit.problem ?? "its disk takes everything"}</span>
          </p>
        </Card>
      )}
    </>
  );
}
