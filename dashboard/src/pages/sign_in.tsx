// SPDX-License-Identifier: Apache-2.0
import { useState } from "preact/hooks";
import { ApiError, errorText, signedOutBecause, signIn } from "../lib/api";
import { useStore } from "../lib/store";
import { Mark } from "../ui/icon";
import { ThemeSwitch } from "../ui/shell";

export function SignIn() {
  const because = useStore(signedOutBecause);
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const token = String(new FormData(event.target as HTMLFormElement).get("token") ?? "").trim();
    if (busy) {
      return;
    }
    if (token === "") {
      setError("A token is needed: the administrator gives you one.");
      return;
    }
    setBusy(true);
    setError(null);
    try {
      await signIn(token);
    } catch (problem) {
      setError(problem instanceof ApiError && problem.status === 401 ? `This token does not let you in: ${problem.message}` : errorText(problem));
      setBusy(false);
    }
  };
  return (
    <main class="sign-in" id="main">
      <form class="card sign-in-card" onSubmit={submit}>
        <div class="sign-in-head">
          <Mark size={44} />
          <div>
            <h1>Tocsin</h1>
            <p class="soft">Who was told, who confirmed, what is stuck.</p>
          </div>
        </div>
        {because && error === null && <p class="note">{because}</p>}
        <label class="field">
          <span>Token</span>
          <input type="password" name="token" autocomplete="current-password" autofocus spellcheck={false}
            aria-invalid={error ? "true" : undefined} aria-describedby={error ? "token-error" : "token-help"} />
        </label>
        {error && <p class="field-error" id="token-error" role="alert">{error}</p>}
        <button type="submit" class="button button-primary button-wide" aria-disabled={busy ? "true" : undefined}>{busy ? "Signing in…" : "Sign in"}</button>
        <p class="soft small" id="token-help">The token stays in this tab and is forgotten when you close it.</p>
      </form>
      <ThemeSwitch />
    </main>
  );
}
