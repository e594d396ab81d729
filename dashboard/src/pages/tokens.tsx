// SPDX-License-Identifier: Apache-2.0
// Who may come in: tokens, for admins alone.
import { useState } from "preact/hooks";
import { send, session } from "../lib/api";
import { useStore } from "../lib/store";
import type { Role, Token } from "../lib/types";
import { Button, Card, Empty, Loading, PageHead, Problem, say, Time } from "../ui/basics";
import { confirm } from "../ui/dialog";
import { Icon } from "../ui/icon";
import { Pager, usePages } from "../ui/pager";

const ROLES: [Role, string][] = [
  ["viewer", "reads"], ["author", "writes audiences and drafts"], ["approver", "launches drafts"], ["operator", "runs everything"],
  ["admin", "everything, and tokens"], ["relay", "a program at the edge: hands on receipts and replies"],
];

function NewToken({ token, close }: { token: Token; close: () => void }) {
  return (
    <div class="note note-good new-token" role="status">
      <Icon name="tokens" />
      <div>
        <p>The token of <b><bdi>{token.name}</bdi></b>. It is shown now and never again:</p>
        <code class="secret" tabIndex={0}>{token.token}</code>
        <p class="dialog-buttons">
          <Button small onPress={() => { void navigator.clipboard?.writeText(token.token ?? "").then(() => say("Copied."), () => say("It could not be copied; mark it by hand.")); }}>Copy</Button>
          <Button small onPress={close}>I have it</Button>
        </p>
      </div>
    </div>
  );
}

export function Tokens() {
  const role = useStore(session)?.me.role;
  const mine = useStore(session)?.me.token;
  const [made, setMade] = useState<Token | null>(null);
  const pages = usePages<Token>(role === "admin" ? "/v1/tokens" : null, 50);
  const askNew = () => confirm({
    title: "A new token",
    text: <p>Whoever has it is let in with its role, until it ends or is revoked.</p>,
    fields: (
      <>
        <label class="field"><span>Name</span><input name="name" required maxLength={64} pattern="[A-Za-z0-9_.\-]+" placeholder="control-room" /></label>
        <label class="field"><span>Role</span><select name="role">{ROLES.map(([name, means]) => <option key={name} value={name}>{name}: {means}</option>)}</select></label>
        <label class="field"><span>Good for</span><input name="expires_in" defaultValue="90d" placeholder="365d" /></label>
      </>
    ),
    verb: "Make it",
    act: async (form) => {
      setMade(await send<Token>("POST", "/v1/tokens", { name: form.get("name"), role: form.get("role"), expires_in: String(form.get("expires_in") || "365d") }));
      pages.again();
      return "The token was made.";
    },
  });
  const askRevoke = (token: Token) => confirm({
    title: "Revoke this token?", kind: "danger",
    text: <p><b><bdi>{token.name}</bdi></b> ({token.role}): whoever uses it is refused from now on.{token.id === mine && " It is your own: you are signed out."}</p>,
    verb: "Revoke it",
    act: async () => { await send("DELETE", `/v1/tokens/${token.id}`); pages.again(); return `${token.name} is revoked.`; },
  });
  return (
    <>
      <PageHead title="Tokens">{role === "admin" && <Button kind="primary" icon="add" what="administer" onPress={askNew}>New token</Button>}</PageHead>
      {made && <NewToken token={made} close={() => setMade(null)} />}
      <Card>
        {role !== "admin" && <Empty>Only an admin sees the tokens; you are {role}.</Empty>}
        {pages.error ? <Problem error={pages.error} /> : null}
        {role === "admin" && pages.value === undefined && pages.busy && <Loading />}
        {pages.value !== undefined && pages.items.length === 0 && <Empty>There is none but the admin's own, which is kept in the coordinator's data directory.</Empty>}
        {pages.items.length > 0 && (
          <div class="scroll" tabIndex={0} role="group" aria-label="Tokens">
            <table class="table">
              <thead><tr><th scope="col">Name</th><th scope="col">Role</th><th scope="col">State</th><th scope="col">Made</th><th scope="col">Ends</th><th scope="col">Last used</th><th scope="col"><span class="sr">Change</span></th></tr></thead>
              <tbody>
                {pages.items.map((token) => (
                  <tr key={token.id}>
                    <th scope="row"><bdi>{token.name}</bdi><span class="under soft">{token.id}</span></th>
                    <td data-label="Role">{token.role}</td>
                    <td data-label="State"><span class={`tone tone-${token.state === "good" ? "good" : "bad"}`}><Icon name={token.state === "good" ? "calm" : "failed"} />{token.state}</span></td>
                    <td data-label="Made"><Time at={token.created_at} /> <span class="soft">by <bdi>{token.created_by}</bdi></span></td>
                    <td data-label="Ends"><Time at={token.revoked_at ?? token.expires_at} /></td>
                    <td data-label="Last used"><Time at={token.last_used_at} /></td>
                    <td class="right change">{token.state === "good" && <Button small kind="danger" what="administer" label={`Revoke ${token.name}`} onPress={() => askRevoke(token)}>Revoke</Button>}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
        <Pager of={pages} label="tokens" />
      </Card>
    </>
  );
}
