// SPDX-License-Identifier: Apache-2.0
// Nothing changes at one press: a dialog says in words what will happen, and shows what the coordinator said if it will not.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../lib/api";
import { createStore, useStore } from "../lib/store";
import { Problem, say } from "./basics";

export interface Question {
  title: string;
  /** What will happen, in words. */
  text: ComponentChildren;
  /** What the button says: a verb. */
  verb: string;
  kind?: "primary" | "danger";
  fields?: ComponentChildren;
  /** Throws what is to be shown; returns what is to be said when it is done. */
  act: (form: FormData) => Promise<string | void>;
}

const asked = createStore<Question | null>(null);

export function confirm(question: Question): void {
  asked.set(question);
}

export function ConfirmDialog() {
  const question = useStore(asked);
  const dialog = useRef<HTMLDialogElement>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    if (question !== null) {
      setError(null);
      setBusy(false);
      dialog.current!.showModal();
    }
  }, [question]);
  if (question === null) {
    return null;
  }
  const close = () => {
    dialog.current?.close();
    asked.set(null);
  };
  const act = async (event: SubmitEvent) => {
    event.preventDefault();
    if (busy) {
      return;
    }
    setBusy(true);
    setError(null);
    try {
      const done = await question.act(new FormData(event.target as HTMLFormElement));
      close();
      if (done) {
        say(done);
      }
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="dialog-title" aria-describedby="dialog-text"
      onCancel={(event) => { event.preventDefault(); close(); }}>
      <form onSubmit={act}>
        <h2 id="dialog-title">{question.title}</h2>
        <div id="dialog-text" class="dialog-text">{question.text}</div>
        {question.fields}
        {error !== null && (
          <Problem error={error}>
            {error instanceof ApiError && error.status === 403 && <p>Nothing was changed. The coordinator refuses this to your role.</p>}
          </Problem>
        )}
        <div class="dialog-buttons">
          <button type="button" class="button button-plain" onClick={close}>{error instanceof ApiError && error.status === 403 ? "Close" : "Leave it"}</button>
          <button type="submit" class={`button button-${question.kind ?? "primary"}`} aria-disabled={busy ? "true" : undefined}>
            {busy ? "Working…" : question.verb}
          </button>
        </div>
      </form>
    </dialog>
  );
}
