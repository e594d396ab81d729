// SPDX-License-Identifier: Apache-2.0
// Debian's Chromium, driven by Playwright, and what every page is held to: no request leaves the host, nothing breaks
// the Content-Security-Policy, no script fails.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const installed = process.env.TOCSIN_DASHBOARD_TESTS;
const require = createRequire(join(installed, "package.json"));
export const { chromium } = require("playwright-core");
export const AxeBuilder = require("@axe-core/playwright").default;

export const stage = JSON.parse(process.argv[2]);

function browserPath() {
  const found = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) => existsSync(path));
  assert.ok(found, "Chromium is missing: deploy/packages test installs it");
  return found;
}

let browser = null;
const pages = [];

/** A page of its own session, signed in by `token` if there is one. */
export async function open({ token, theme = "light", width = 1280, height = width > 600 ? 850 : 844, hash = "", me, motion = "reduce" } = {}) {
  browser ??= await chromium.launch({ executablePath: browserPath(), args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  const context = await browser.newContext({
    viewport: { width, height }, colorScheme: theme, locale: "en-GB", timezoneId: "Europe/Oslo", reducedMotion: motion,
  });
  const page = await context.newPage();
  const wrong = [];
  pages.push({ page, wrong });
  page.on("request", (request) => {
    const to = new URL(request.url());
    if (!["data:", "blob:", "about:"].includes(to.protocol) && to.origin !== stage.url) {
      wrong.push(`a request left the host: ${request.url()}`);
    }
  });
  page.on("pageerror", (error) => wrong.push(`a script failed: ${error.stack}`));
  page.on("dialog", (dialog) => {
    wrong.push(`a script of somebody else ran: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("console", (message) => {
    if (/Content Security Policy|violates/i.test(message.text())) {
      wrong.push(`the policy was broken: ${message.text()}`);
    }
  });
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => console.error(`Content Security Policy: ${event.violatedDirective} ${event.blockedURI}`));
  });
  if (token) {
    await page.addInitScript((kept) => {
      if (sessionStorage.getItem("tocsin.token") === null && sessionStorage.getItem("test.began") === null) {
        sessionStorage.setItem("tocsin.token", kept);
      }
      sessionStorage.setItem("test.began", "yes");
    }, token);
  }
  if (me) {
    await page.route("**/v1/me", (route) => route.fulfill({ json: me }));
  }
  await page.goto(`${stage.url}/${hash}`);
  return page;
}

export async function goTo(page, hash, heading) {
  await page.evaluate((to) => { location.hash = to; }, hash);
  await page.getByRole("heading", { level: 1, name: heading }).waitFor();
}

export async function api(method, path, body, token = stage.token) {
  const answer = await fetch(stage.url + path, {
    method, headers: { Authorization: `Bearer ${token}`, ...(body ? { "Content-Type": "application/json" } : {}) }, body: body && JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json().catch(() => null) };
}

export async function until(what, condition, seconds = 30) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await condition();
    if (value) {
      return value;
    }
    assert.ok(Date.now() < end, `${what}: not within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The dialog that is open: reads it, and presses its button. */
export async function agree(page, verb, words) {
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  if (words) {
    assert.match(await dialog.innerText(), words);
  }
  await dialog.getByRole("button", { name: verb, exact: true }).click();
}

export async function run(act) {
  try {
    await act();
    for (const { wrong } of pages) {
      assert.deepEqual(wrong, []);
    }
  } catch (error) {
    console.error(error);
    const last = pages[pages.length - 1];
    if (last) {
      console.error((await last.page.innerText("body").catch(() => "")).slice(0, 3000));
      console.error(last.wrong.join("\n"));
    }
    process.exitCode = 1;
  } finally {
    await browser?.close();
  }
}
