// SPDX-License-Identifier: Apache-2.0
// The small parts that every page is made of.
import { Component, type ComponentChildren, type FunctionComponent } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { errorText, session } from "../lib/api";
import { time, utc } from "../lib/format";
import { hasMoved } from "../lib/route";
import { may, whoMay, type MAY } from "../lib/roles";
import { createStore, useStore } from "../lib/store";
import { CAMPAIGN_MEANS, CHANNEL_NAMES, STATE_MEANS } from "../lib/states";
import type { CampaignState, Channel, State } from "../lib/types";
import { Icon, type IconName } from "./icon";

type Children = { children?: ComponentChildren };

/** Draws a part of a long list anew only when it is given something else than before. */
export function unlessSame<P extends object>(View: FunctionComponent<P>): new (props: P) => Component<P> {
  return class extends Component<P> {
    shouldComponentUpdate(next: P): boolean {
      return (Object.keys(next) as (keyof P)[]).some((name) => next[name] !== this.props[name]);
    }

    render() {
      return <View {...this.props} />;
    }
  };
}

/** The viewer's time; UTC when one points at it. */
export function Time({ at, seconds = false }: { at: string | null | undefined; seconds?: boolean }) {
  if (!at) {
    return <span class="soft">–</span>;
  }
  return <time dateTime={at} title={utc(at)}>{time(at, new Date(), seconds)}</time>;
}

export function StateWord({ state }: { state: State }) {
  return (
    <span class={`state state-${state}`} title={STATE_MEANS[state]}>
      <span class="swatch"><Icon name={state} size={12} /></span>
      {state}
    </span>
  );
}

export function CampaignPill({ state, stopped }: { state: CampaignState; stopped?: boolean }) {
  return (
    <span class={`pill pill-${state}`} title={CAMPAIGN_MEANS[state]}>
      <Icon name={state as IconName} size={12} />
      {stopped ? "stopped by a rule" : state}
    </span>
  );
}

export function ChannelWord({ channel }: { channel: Channel }) {
  return (
    <span class="channel">
      <Icon name={channel} size={16} />
      {CHANNEL_NAMES[channel] ?? channel}
    </span>
  );
}

export function Problem({ error, children }: { error: unknown } & Children) {
  return (
    <div class="problem" role="alert">
      <Icon name="alarm" />
      <div>
        <p>{errorText(error)}</p>
        {children}
      </div>
    </div>
  );
}

export function Empty({ children }: Children) {
  return <p class="empty">{children}</p>;
}

export function Loading({ what = "Loading" }: { what?: string }) {
  return <p class="loading" role="status">{what}…</p>;
}

export function Card({ title, id, actions, children, class: more = "" }: { title?: ComponentChildren; id?: string; actions?: ComponentChildren; class?: string } & Children) {
  const head = id ?? (typeof title === "string" ? `h-${title.toLowerCase().replace(/\W+/g, "-")}` : undefined);
  return (
    <section class={`card ${more}`} aria-labelledby={title ? head : undefined}>
      {title && (
        <header class="card-head">
          <h2 id={head}>{title}</h2>
          {actions}
        </header>
      )}
      {children}
    </section>
  );
}

export function Tile({ label, value, note, tone }: { label: string; value: ComponentChildren; note?: ComponentChildren; tone?: "good" | "bad" | "doubt" }) {
  return (
    <div class={`tile ${tone ? `tile-${tone}` : ""}`}>
      <dt>{label}</dt>
      <dd>
        <span class="tile-value">{value}</span>
        {note && <span class="tile-note">{note}</span>}
      </dd>
    </div>
  );
}

export function Tiles({ children }: Children) {
  return <dl class="tiles">{children}</dl>;
}

/** The heading of a page gets the focus when one goes to it, so that a screen reader begins there. */
export function PageHead({ title, above, children }: { title: ComponentChildren; above?: ComponentChildren } & Children) {
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const now = document.activeElement;
    if (hasMoved() && (now === document.body || now === null || now.closest(".nav"))) {
      head.current?.focus({ preventScroll: true });
    }
  }, []);
  const plain = typeof title === "string" ? title : undefined;
  useEffect(() => {
    if (plain) {
      document.title = `${plain} · Tocsin`;
    }
  }, [plain]);
  return (
    <header class="page-head">
      {above && <p class="above">{above}</p>}
      <h1 ref={head} tabIndex={-1}><bdi>{title}</bdi></h1>
      {children}
    </header>
  );
}

type Press = { onPress: () => void; icon?: IconName; kind?: "primary" | "danger" | "plain"; what?: keyof typeof MAY; disabled?: boolean; why?: string; small?: boolean; label?: string } & Children;

/** A button that says why it cannot be pressed, also to the keyboard: it stays focusable. */
export function Button({ onPress, icon, kind = "plain", what, disabled, why, small, label, children }: Press) {
  const role = useStore(session)?.me.role ?? "viewer";
  const refused = what !== undefined && !may(role, what);
  const off = refused || disabled;
  const reason = refused ? `Only ${whoMay(what)} may do this; you are ${role}.` : why;
  return (
    <button
      type="button"
      class={`button button-${kind} ${small ? "button-small" : ""}`}
      aria-disabled={off ? "true" : undefined}
      title={off ? reason : undefined}
      aria-label={label}
      onClick={() => {
        if (!off) {
          onPress();
        } else if (reason) {
          say(reason);
        }
      }}
    >
      {icon && <Icon name={icon} />}
      {children && <span>{children}</span>}
    </button>
  );
}

// ---- what is said ----

const said = createStore<{ text: string; n: number }>({ text: "", n: 0 });

/** Says something to the eye and to the ear: what was done, or why not. */
export function say(text: string): void {
  said.update((now) => ({ text, n: now.n + 1 }));
}

const SHOWN_MS = 6000;

export function Said() {
  const { text, n } = useStore(said);
  const [shown, show] = useState(0);
  useEffect(() => {
    if (n === 0) {
      return;
    }
    show(n);
    const timer = setTimeout(() => show(0), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [n]);
  return (
    <div class={`said ${shown === n && n > 0 ? "said-on" : ""}`} role="status" aria-live="polite">
      {shown === n && n > 0 ? <p>{text}</p> : null}
    </div>
  );
}

// ---- asking for something ----

export interface Asked<T> { value: T | undefined; error: unknown; busy: boolean; again: () => void }

/** Asks when `key` changes (null: not at all), and forgets what an earlier key asked for. */
export function useAsked<T>(key: string | null, ask: (signal: AbortSignal) => Promise<T>): Asked<T> {
  const [kept, keep] = useState<{ key: string | null; value?: T; error?: unknown }>({ key: null });
  const [turn, setTurn] = useState(0);
  const [busy, setBusy] = useState(key !== null);
  useEffect(() => {
    if (key === null) {
      return;
    }
    const ending = new AbortController();
    setBusy(true);
    ask(ending.signal).then(
      (value) => {
        if (!ending.signal.aborted) {
          keep({ key, value });
          setBusy(false);
        }
      },
      (error) => {
        if (!ending.signal.aborted) {
          keep((now) => ({ key, value: now.key === key ? now.value : undefined, error }));
          setBusy(false);
        }
      },
    );
    return () => ending.abort();
  }, [key, turn]);
  const mine = kept.key === key;
  return { value: mine ? kept.value : undefined, error: mine ? kept.error : undefined, busy: busy || !mine, again: () => setTurn((n) => n + 1) };
}
