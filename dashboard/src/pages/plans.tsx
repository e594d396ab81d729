// SPDX-License-Identifier: Apache-2.0
// Plans that are kept under a name: for the night when nobody wants to think of one.
import { useEffect, useState } from "preact/hooks";
import { get, send } from "../lib/api";
import { list } from "../lib/format";
import { live } from "../lib/live";
import { go, link, place } from "../lib/route";
import { planInWords } from "../lib/states";
import { useStore } from "../lib/store";
import type { Step } from "../lib/types";
import { Button, Card, Empty, Loading, PageHead, Problem, Time, useAsked } from "../ui/basics";
import { confirm } from "../ui/dialog";
import { Icon } from "../ui/icon";
import { Pager, usePages } from "../ui/pager";
import { CHANNELS, newStep, StepRows, writtenStep } from "../ui/step_rows";

interface NamedPlan { name: string; modified_at: string; steps: Step[] }

const IN_THE_FORM = ["channel", "until", "within", "with_previous"];

/** What a step says besides the form: it stays as it is. */
function restInWords(step: Step): string {
  return Object.entries(writtenStep(step)).filter(([name]) => !IN_THE_FORM.includes(name))
    .map(([name, value]) => `${name} ${typeof value === "object" ? JSON.stringify(value) : String(value)}`).join(", ");
}

function Editor({ plan }: { plan: NamedPlan | null }) {
  const providers = useStore(live, (now) => now.providers);
  const [name, setName] = useState(plan?.name ?? "");
  const [steps, setSteps] = useState<Step[]>(plan?.steps ?? [newStep("sms")]);
  const [wrong, setWrong] = useState<unknown>(null);
  const sendable = CHANNELS.filter((channel) => [...providers.values()].some((provider) => provider.channel === channel));
  const rests = plan === null ? [] : steps.map(restInWords);
  const submit = (event: Event) => {
    event.preventDefault();
    const wanted = name.trim();
    if (wanted === "") {
      setWrong(new Error("A plan needs a name: letters, digits, _ . and -."));
      return;
    }
    setWrong(null);
    confirm({
      title: plan ? "Change this plan?" : "Keep this plan?",
      text: <p><b><bdi>{wanted}</bdi></b>: {planInWords({ plan: { steps } })}. {plan ? "Drafts that are made from now on take it so; campaigns that are there keep what they have." : "One of the same name, if there is one, is replaced."}</p>,
      verb: plan ? "Change it" : "Keep it",
      act: async () => {
        await send("PUT", `/v1/plans/${encodeURIComponent(wanted)}`, { steps: steps.map(writtenStep) });
        go("#/plans");
        return `${wanted} is kept.`;
      },
    });
  };
  return (
    <form class="stack new" onSubmit={submit}>
      <Card title="Its steps">
        {!plan && <label class="field"><span>Name</span><input value={name} required maxLength={64} placeholder="outage-at-night" onInput={(e) => setName(e.currentTarget.value)} /></label>}
        <StepRows steps={steps} channels={sendable.length > 0 ? sendable : CHANNELS} change={setSteps} />
        {rests.some((rest) => rest !== "") && (
          <details>
            <summary>What else its steps say, and keep</summary>
            <ol class="plan-rest soft small">{rests.map((rest, at) => rest !== "" && <li key={at}>Step {at + 1}: {rest}</li>)}</ol>
          </details>
        )}
      </Card>
      {wrong !== null && <Problem error={wrong} />}
      <div class="new-end">
        <Button what="write" kind="primary" onPress={() => (document.querySelector("form.new") as HTMLFormElement).requestSubmit()}>{plan ? "Change it" : "Keep it"}</Button>
        <a href="#/plans">Leave it</a>
      </div>
    </form>
  );
}

function EditorOf({ name }: { name: string }) {
  const path = `/v1/plans/${encodeURIComponent(name)}`;
  const { value, error, busy } = useAsked(path, (signal) => get<NamedPlan>(path, signal));
  return (
    <>
      <PageHead title={name} above={<a href="#/plans">Plans</a>} />
      {error ? <Problem error={error} /> : null}
      {!value && busy && <Loading />}
      {value && <Editor plan={value} />}
    </>
  );
}

function askDelete(plan: NamedPlan, done: () => void) {
  confirm({
    title: "Delete this plan?", kind: "danger",
    text: <p><b><bdi>{plan.name}</bdi></b>: {planInWords({ plan })}. Campaigns that were made with it keep what they have.</p>,
    verb: "Delete it",
    act: async () => { await send("DELETE", `/v1/plans/${encodeURIComponent(plan.name)}`); done(); return `${plan.name} is deleted.`; },
  });
}

function PlanList() {
  const pages = usePages<NamedPlan>("/v1/plans", 50);
  return (
    <>
      <PageHead title="Plans"><a class="button button-primary" href="#/plans?new=1"><Icon name="add" /><span>New plan</span></a></PageHead>
      <Card>
        {pages.error ? <Problem error={pages.error} /> : null}
        {pages.value === undefined && pages.busy && <Loading />}
        {pages.value !== undefined && pages.items.length === 0 && <Empty>No plan is kept under a name yet. A new campaign may have one of its own.</Empty>}
        {pages.items.length > 0 && (
          <div class="scroll" tabIndex={0} role="group" aria-label="Plans">
            <table class="table">
              <thead><tr><th scope="col">Plan</th><th scope="col">Steps</th><th scope="col">Changed</th><th scope="col"><span class="sr">Change</span></th></tr></thead>
              <tbody>
                {pages.items.map((plan) => (
                  <tr key={plan.name}>
                    <th scope="row"><a href={link(["plans"], { name: plan.name })}><bdi>{plan.name}</bdi></a></th>
                    <td data-label="Steps">{planInWords({ plan })}<span class="under soft">{list([...new Set(plan.steps.map((step) => `until ${step.until}`))])}</span></td>
                    <td data-label="Changed"><Time at={plan.modified_at} /></td>
                    <td class="right change"><Button small kind="danger" what="write" label={`Delete ${plan.name}`} onPress={() => askDelete(plan, pages.again)}>Delete</Button></td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
        <Pager of={pages} label="plans" />
      </Card>
    </>
  );
}

export function Plans() {
  const query = useStore(place).query;
  const name = query.get("name");
  useEffect(() => scrollTo(0, 0), [name]);
  if (name !== null) {
    return <EditorOf key={name} name={name} />;
  }
  return query.get("new") !== null
    ? <><PageHead title="New plan" above={<a href="#/plans">Plans</a>} /><Editor plan={null} /></>
    : <PlanList />;
}
