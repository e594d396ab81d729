// SPDX-License-Identifier: Apache-2.0
// What people wrote back. What they write is text and nothing else, whatever it looks like.
import { useEffect, useState } from "preact/hooks";
import { live } from "../lib/live";
import { go, link, place } from "../lib/route";
import { CHANNEL_NAMES } from "../lib/states";
import { useStore } from "../lib/store";
import type { Channel, Reply } from "../lib/types";
import { Card, ChannelWord, Empty, Loading, PageHead, Problem, Time } from "../ui/basics";
import { Icon, type IconName } from "../ui/icon";
import { Pager, usePages } from "../ui/pager";

const CLASSES: Record<Reply["class"], { icon: IconName; word: string; means: string }> = {
  other: { icon: "replies", word: "to be read", means: "for people to read" },
  ack: { icon: "acknowledged", word: "acknowledgement", means: "says that they know" },
  stop: { icon: "suppressed", word: "stop", means: "wants no more messages" },
  start: { icon: "running", word: "start", means: "wants messages again" },
  help: { icon: "uncertain", word: "help", means: "asks for help" },
};

const RESULTS: Record<string, string> = {
  acknowledged: "counted as an acknowledgement", unknown: "its code is not known", opted_out: "put on the suppression list",
  opted_in: "taken off the suppression list", kept: "kept",
};

function ReplyItem({ reply }: { reply: Reply }) {
  const kind = CLASSES[reply.class] ?? CLASSES.other;
  return (
    <li class={`reply reply-${reply.class}`}>
      <header>
        <span class={`pill reply-pill-${reply.class}`} title={kind.means}><Icon name={kind.icon} size={12} />{kind.word}</span>
        <span class="soft"><ChannelWord channel={reply.channel} /></span>
        <b class="reply-from"><bdi>{reply.from}</bdi></b>
        <Time at={reply.received} seconds />
      </header>
      <p class="text-body" dir="auto">{reply.text}</p>
      <footer class="soft">
        {reply.campaign && <span>to <a href={link(["campaigns", reply.campaign])}><bdi>{live.get().campaigns.get(reply.campaign)?.name ?? reply.campaign}</bdi></a></span>}
        {reply.campaign && reply.recipient && <span>from <a href={link(["campaigns", reply.campaign, "people", reply.recipient])}><bdi>{reply.recipient}</bdi></a></span>}
        {!reply.recipient && <span>from nobody who is known</span>}
        <span>{RESULTS[reply.result] ?? reply.result}</span>
        {reply.provider && <span>through <bdi>{reply.provider}</bdi></span>}
      </footer>
    </li>
  );
}

export function Replies() {
  const query = useStore(place).query;
  const came = useStore(live, (now) => now.replies);
  const campaigns = useStore(live, (now) => now.campaigns);
  const [seen] = useState(came);
  const filter = { class: query.get("class") ?? "", channel: query.get("channel") ?? "", campaign: query.get("campaign") ?? "" };
  const search = new URLSearchParams(Object.entries(filter).filter(([, value]) => value !== ""));
  const pages = usePages<Reply>(`/v1/replies${String(search) ? `?${search}` : ""}`, 25);
  // New ones are shown by themselves as long as one looks at the newest.
  useEffect(() => {
    if (came !== seen && pages.first) {
      pages.again();
    }
  }, [came]);
  const to = (more: Partial<typeof filter>) => go(link(["replies"], { ...filter, ...more }), true);
  return (
    <>
      <PageHead title="Replies" />
      <Card>
        <div class="filters">
          <label class="field field-inline"><span>Kind</span>
            <select value={filter.class} onChange={(e) => to({ class: e.currentTarget.value })}>
              <option value="">all</option>
              {Object.entries(CLASSES).map(([name, kind]) => <option key={name} value={name}>{kind.word}</option>)}
            </select>
          </label>
          <label class="field field-inline"><span>Channel</span>
            <select value={filter.channel} onChange={(e) => to({ channel: e.currentTarget.value })}>
              <option value="">all</option>
              {(Object.keys(CHANNEL_NAMES) as Channel[]).map((name) => <option key={name} value={name}>{CHANNEL_NAMES[name]}</option>)}
            </select>
          </label>
          <label class="field field-inline"><span>Campaign</span>
            <select value={filter.campaign} onChange={(e) => to({ campaign: e.currentTarget.value })}>
              <option value="">all</option>
              {[...campaigns.values()].reverse().slice(0, 100).map((c) => <option key={c.id} value={c.id}>{c.name}</option>)}
            </select>
          </label>
        </div>
        {pages.error ? <Problem error={pages.error} /> : null}
        {pages.value === undefined && pages.busy && <Loading />}
        {pages.value !== undefined && pages.items.length === 0 && <Empty>{pages.forward ? "None on this page; there may be some further on." : String(search) ? "Nobody has written back like this." : "Nobody has written back yet."}</Empty>}
        {pages.items.length > 0 && <ul class="replies">{pages.items.map((reply) => <ReplyItem key={reply.id} reply={reply} />)}</ul>}
        <Pager of={pages} label="replies" />
      </Card>
    </>
  );
}
