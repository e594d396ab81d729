// SPDX-License-Identifier: Apache-2.0
// Who changed what: for admins alone.
import { useState } from "preact/hooks";
import { errorText, session } from "../lib/api";
import { download } from "../lib/report";
import { go, link, place } from "../lib/route";
import { useStore } from "../lib/store";
import type { AuditEntry } from "../lib/types";
import { Button, Card, Empty, Loading, PageHead, Problem, say, Time } from "../ui/basics";
import { Pager, usePages } from "../ui/pager";

const VERBS: Record<string, string> = {
  create: "made", set: "stored", change: "changed", delete: "removed", launch: "launched", pause: "paused", resume: "resumed", cancel: "cancelled",
  retry: "began another round of", import: "imported", rotate: "made anew",
};
const THINGS: Record<string, string> = {
  campaigns: "a campaign", audiences: "an audience", providers: "a provider", plans: "a plan", tokens: "a token", suppressions: "a suppression",
  acknowledgements: "an acknowledgement", receipts: "receipts", replies: "replies", keys: "a key", evidence: "evidence",
};

/** "campaigns.launch" is "launched a campaign", "providers.limit.delete" "removed the limit of a provider". */
export function actionInWords(action: string): string {
  const words = action.split(".");
  const verb = VERBS[words[words.length - 1]!];
  const thing = THINGS[words[0]!];
  if (!verb || !thing || words.length < 2 || words.length > 3) {
    return action;
  }
  return words.length === 3 ? `${verb} the ${words[1]!.replace(/_/g, " ")} of ${thing}` : `${verb} ${thing}`;
}

/** The page here of what an entry is about, if there is one. */
export function placeOf(object: string): string | null {
  const [, version, family, id] = object.split("/");
  if (version !== "v1" || !id) {
    return null;
  }
  if (family === "campaigns" || family === "audiences") {
    return link([family, decodeURIComponent(id)]);
  }
  return family === "providers" ? "#/providers" : family === "tokens" ? "#/tokens" : null;
}

/** What is behind the version and the family: "c7", "gateway". */
function nameOf(object: string): string {
  return object.split("/")[3] ?? object;
}

/** A name in it may be written from right to left; what is said of it is not. */
function Summary({ text }: { text: string }) {
  const named = /^"(.*)"([^"]*)$/s.exec(text);
  return named ? <span dir="ltr">“<bdi>{named[1]}</bdi>”{named[2]}</span> : <bdi>{text || "–"}</bdi>;
}

const FILTERS = ["who", "object", "action"] as const;

export function Audit() {
  const role = useStore(session)?.me.role;
  const query = useStore(place).query;
  const filter = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) ?? ""]));
  const [draft, setDraft] = useState(filter);
  const search = String(new URLSearchParams(Object.entries(filter).filter(([, value]) => value !== "")));
  const pages = usePages<AuditEntry>(role === "admin" ? `/v1/audit${search ? `?${search}` : ""}` : null, 50);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    go(link(["audit"], Object.fromEntries(Object.entries(draft).map(([name, value]) => [name, value.trim()]))));
  };
  const field = (name: typeof FILTERS[number], label: string, placeholder: string) => (
    <label class="field field-inline"><span>{label}</span><input type="search" value={draft[name]} placeholder={placeholder} onInput={(e) => setDraft({ ...draft, [name]: e.currentTarget.value })} /></label>
  );
  return (
    <>
      <PageHead title="Audit log" />
      <Card>
        {role !== "admin" && <Empty>Only an admin sees the audit log; you are {role}.</Empty>}
        {role === "admin" && (
          <form class="filters" role="search" onSubmit={submit}>
            {field("who", "Who", "duty")}
            {field("object", "What it was about", "c7")}
            {field("action", "What was done", "campaigns.launch")}
            <button type="submit" class="button">Show</button>
            <Button icon="download" onPress={() => void download(`/v1/audit/export?format=csv${search ? `&${search}` : ""}`, "audit.csv").then(() => say("audit.csv is there."), (error) => say(errorText(error)))}>As a file</Button>
          </form>
        )}
        {pages.error ? <Problem error={pages.error} /> : null}
        {role === "admin" && pages.value === undefined && pages.busy && <Loading />}
        {pages.value !== undefined && pages.items.length === 0 && <Empty>{pages.forward ? "None on this page; there may be some further on." : search ? "Nobody has changed anything like this." : "Nobody has changed anything yet."}</Empty>}
        {pages.items.length > 0 && (
          <div class="scroll" tabIndex={0} role="group" aria-label="Audit log">
            <table class="table">
              <thead><tr><th scope="col">When</th><th scope="col">Who</th><th scope="col">Did what</th><th scope="col">To what</th><th scope="col">How</th><th scope="col">From</th></tr></thead>
              <tbody>
                {pages.items.map((entry) => {
                  const to = placeOf(entry.object);
                  return (
                    <tr key={entry.number}>
                      <th scope="row"><Time at={entry.at} seconds /><span class="under soft">{entry.number}</span></th>
                      <td data-label="Who"><bdi>{entry.name ?? "nobody who signed in"}</bdi>{entry.role && entry.role !== entry.name && <span class="under soft">{entry.role}</span>}</td>
                      <td data-label="Did what">{actionInWords(entry.action)}{entry.status >= 300 && <span class="under tone-bad">refused with {entry.status}</span>}</td>
                      <td data-label="To what">{to ? <a href={to}><bdi>{nameOf(entry.object)}</bdi></a> : <bdi>{nameOf(entry.object)}</bdi>}</td>
                      <td data-label="How"><Summary text={entry.summary} /></td>
                      <td data-label="From" class="soft">{entry.address}</td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </div>
        )}
        <Pager of={pages} label="the audit log" />
      </Card>
    </>
  );
}
