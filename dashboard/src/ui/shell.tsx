// SPDX-License-Identifier: Apache-2.0
// What stands around every page: where one can go, whether the page is live, who one is.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { session, signOut } from "../lib/api";
import { number, share } from "../lib/format";
import { live } from "../lib/live";
import { place } from "../lib/route";
import { REACHED, sum } from "../lib/states";
import { useStore } from "../lib/store";
import { setTheme, theme, type Theme } from "../lib/theme";
import { Said, Time } from "./basics";
import { ConfirmDialog } from "./dialog";
import { Icon, Mark, type IconName } from "./icon";

interface Entry { to: string; name: string; icon: IconName; is: (parts: string[]) => boolean; admin?: boolean }

const ENTRIES: Entry[] = [
  { to: "#/", name: "Overview", icon: "overview", is: (p) => p.length === 0 },
  { to: "#/campaigns", name: "Campaigns", icon: "campaigns", is: (p) => p[0] === "campaigns" },
  { to: "#/new", name: "New campaign", icon: "add", is: (p) => p[0] === "new" },
  { to: "#/find", name: "Find a person", icon: "search", is: (p) => p[0] === "find" },
  { to: "#/replies", name: "Replies", icon: "replies", is: (p) => p[0] === "replies" },
  { to: "#/audiences", name: "Audiences", icon: "audiences", is: (p) => p[0] === "audiences" },
  { to: "#/plans", name: "Plans", icon: "plans", is: (p) => p[0] === "plans" },
  { to: "#/providers", name: "Providers", icon: "providers", is: (p) => p[0] === "providers" },
  { to: "#/tokens", name: "Tokens", icon: "tokens", is: (p) => p[0] === "tokens", admin: true },
  { to: "#/audit", name: "Audit log", icon: "audit", is: (p) => p[0] === "audit", admin: true },
  { to: "/docs", name: "The API", icon: "docs", is: () => false },
];

const LINK_WORDS = { off: "Not connected", opening: "Connecting", live: "Live", waiting: "Not live" } as const;

function LinkState() {
  const link = useStore(live, (now) => now.link);
  const why = useStore(live, (now) => now.why);
  return (
    <p class={`link link-${link}`} title={why ?? "Changes appear by themselves"}>
      <span class="link-dot" aria-hidden="true" />
      {LINK_WORDS[link]}
      {link === "waiting" && why && <span class="link-why">{why}</span>}
    </p>
  );
}

const THEMES: { value: Theme; icon: IconName; name: string }[] = [
  { value: "auto", icon: "auto", name: "As the system" },
  { value: "light", icon: "sun", name: "Light" },
  { value: "dark", icon: "moon", name: "Dark" },
];

export function ThemeSwitch() {
  const now = useStore(theme);
  return (
    <div class="themes" role="group" aria-label="Colours">
      {THEMES.map((one) => (
        <button key={one.value} type="button" aria-pressed={now === one.value} title={one.name} aria-label={one.name} onClick={() => setTheme(one.value)}>
          <Icon name={one.icon} />
        </button>
      ))}
    </div>
  );
}

/** Now and then, for whoever does not see the numbers move: how the running campaigns stand. */
const SAID_EVERY_MS = 30000;

function Narrator() {
  const [text, setText] = useState("");
  const last = useRef("");
  useEffect(() => {
    const timer = setInterval(() => {
      const running = [...live.get().campaigns.values()].filter((c) => c.state === "running");
      const words = running.slice(-3).map((c) =>
        `${c.name}: ${share(sum(c.counts, REACHED), c.recipients)} reached, ${number(c.counts.acknowledged ?? 0)} acknowledged, ${number(c.counts.failed ?? 0)} failed`).join(". ");
      if (words !== last.current) {
        last.current = words;
        setText(words);
      }
    }, SAID_EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return <p class="sr" role="status" aria-live="polite">{text}</p>;
}

const STALE_MS = 3000; // a link that breaks off and comes again at once is nobody's concern

/** Above every page: on a telephone the foot of the menu is not seen, and old numbers must not pass for new ones. */
function Stale() {
  const lostAt = useStore(live, (now) => (now.link === "waiting" && now.loaded ? now.lostAt ?? 0 : null));
  const [shown, show] = useState(false);
  useEffect(() => {
    show(false);
    const timer = lostAt === null ? undefined : setTimeout(() => show(true), STALE_MS);
    return () => clearTimeout(timer);
  }, [lostAt]);
  if (lostAt === null || !shown) {
    return null;
  }
  return (
    <p class="note stale" role="status">
      <Icon name="alarm" />
      <span>{lostAt > 0 ? <>Nothing new since <Time at={new Date(lostAt).toISOString()} seconds />: the coordinator cannot be heard. What you see is as of then.</> : "The coordinator cannot be heard: what you see does not move."} The page goes on by itself.</span>
    </p>
  );
}

function Nav({ onGo }: { onGo: () => void }) {
  const parts = useStore(place).parts;
  const role = useStore(session)?.me.role;
  return (
    <ul>
      {ENTRIES.filter((entry) => !entry.admin || role === "admin").map((entry) => (
        <li key={entry.to}>
          <a href={entry.to} aria-current={entry.is(parts) ? "page" : undefined} onClick={onGo}>
            <Icon name={entry.icon} />
            <span>{entry.name}</span>
          </a>
        </li>
      ))}
    </ul>
  );
}

export function Shell({ children }: { children: ComponentChildren }) {
  const me = useStore(session)!.me;
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const close = (event: KeyboardEvent) => {
      if (event.key === "Escape") {
        setOpen(false);
      }
    };
    addEventListener("keydown", close);
    return () => removeEventListener("keydown", close);
  }, []);
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); document.getElementById("main")?.focus(); }}>Skip to the contents</a>
      <div class="shell">
        <header class="top">
          <a class="brand" href="#/" aria-label="Tocsin, overview"><Mark /><span>Tocsin</span></a>
          <button type="button" class="menu" aria-expanded={open} aria-controls="nav" onClick={() => setOpen(!open)}>
            <Icon name={open ? "close" : "menu"} size={20} />
            <span class="sr">{open ? "Close the menu" : "Open the menu"}</span>
          </button>
        </header>
        <aside class={`side ${open ? "side-open" : ""}`} id="nav" aria-label="Menu">
          <nav class="nav" aria-label="Pages"><Nav onGo={() => setOpen(false)} /></nav>
          <div class="foot">
            <LinkState />
            <div class="who">
              <Icon name="person" />
              <p><b><bdi>{me.name}</bdi></b>{me.role !== me.name && <span class="soft">{me.role}</span>}</p>
              <button type="button" class="button button-plain button-small" onClick={() => signOut()}><Icon name="leave" /><span>Sign out</span></button>
            </div>
            <ThemeSwitch />
          </div>
        </aside>
        <main id="main" tabIndex={-1}><Stale />{children}</main>
      </div>
      <Narrator />
      <Said />
      <ConfirmDialog />
    </>
  );
}
