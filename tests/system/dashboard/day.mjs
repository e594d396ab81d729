// SPDX-License-Identifier: Apache-2.0
// A whole day of somebody on duty: sign in, make a campaign of a list, launch it, watch it climb, pause it, change a rate,
// go on, retry those who failed, read one person's history, sign out.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { agree, api, goTo, open, run, stage, until } from "./browser.mjs";

const PEOPLE = 300;

const tocsin = (...words) => spawnSync(stage.tocsin, words, { encoding: "utf8", timeout: 30000, env: { ...process.env, TOCSIN_API: stage.url, TOCSIN_TOKEN: stage.token } });

const percent = async (page, label) => parseFloat((await page.locator(".tile", { has: page.locator("dt", { hasText: new RegExp(`^${label}$`) }) }).locator(".tile-value").innerText()).replace(/[<>%]/g, ""));

run(async () => {
  const page = await open();

  // A token that is none does not let anybody in, and it is said why.
  await page.getByLabel("Token").fill("tocsin_wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  assert.match(await page.getByRole("alert").innerText(), /does not let you in/);
  await page.getByLabel("Token").fill(stage.operator);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  await page.getByText("Live", { exact: true }).waitFor();
  assert.match(await page.locator(".who").innerText(), /duty[\s\S]*operator/);

  // A new campaign to a list that is uploaded here.
  await page.getByRole("link", { name: "New campaign" }).first().click();
  await page.getByLabel("Name", { exact: true }).fill("Bridge closed <b>today</b>");
  const rows = ["id,phone,first_name", ...Array.from({ length: PEOPLE }, (_, i) => `D${i},+4798${String(i).padStart(6, "0")},Name ${i}`), "D-odd,none,Odd"].join("\n");
  await page.getByLabel("Or upload a list").setInputFiles({ name: "commuters.csv", mimeType: "text/csv", buffer: Buffer.from(rows) });
  await page.getByText(`${PEOPLE} people were taken in, 1 rows were refused.`).waitFor();
  await page.getByLabel("Channel of step 1").selectOption("chat");
  await page.getByLabel("Text", { exact: true }).fill("Dear {{first_nam}}, the bridge is closed.");
  await page.getByRole("button", { name: "Make a draft and check it" }).click();
  assert.match(await page.getByRole("alert").innerText(), /first_nam[\s\S]*first_name/); // the API's own words, with what would be right
  await page.getByLabel("Text", { exact: true }).fill("Dear {{first_name}}, the bridge is closed.");
  await page.getByRole("button", { name: "Make a draft and check it" }).click();
  await page.getByRole("heading", { level: 1, name: "Bridge closed <b>today</b>" }).waitFor();
  const id = decodeURIComponent(new URL(page.url()).hash.split("/")[2]);

  // What would happen, and how it reads.
  await page.getByText("Nothing stands in the way.").waitFor();
  assert.equal(await page.locator(".tile", { hasText: "Can be sent to" }).locator(".tile-value").innerText(), String(PEOPLE));
  await page.getByText("Dear Name 0, the bridge is closed.").waitFor();

  // Launched, it climbs by itself.
  await page.getByRole("button", { name: "Launch" }).click();
  await agree(page, "Launch", /goes to 300 people/);
  await page.locator(".page-head .pill", { hasText: "running" }).waitFor();
  const first = await until("the first ones", async () => (await percent(page, "Reached")) || null);
  await until("more of them", async () => (await percent(page, "Reached")) > first);

  // Paused, nobody more is sent to.
  await page.getByRole("button", { name: "Pause" }).click();
  await agree(page, "Pause", /nobody more is sent to/);
  await page.locator(".page-head .pill", { hasText: "paused" }).waitFor();
  await until("the pause at the coordinator", async () => (await api("GET", `/v1/campaigns/${id}`)).body.counts.leased === 0);
  const paused = (await api("GET", `/v1/campaigns/${id}`)).body.counts;
  await page.waitForTimeout(700);
  assert.deepEqual((await api("GET", `/v1/campaigns/${id}`)).body.counts, paused);

  // More urgent, over by a time, and stopped by itself if too many fail; only what was changed is sent.
  await page.getByRole("button", { name: "Change", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Change it" }).click();
  assert.match(await page.getByRole("dialog").getByRole("alert").innerText(), /Nothing is another/);
  await page.getByRole("dialog").getByLabel("Priority").selectOption("high");
  await page.getByRole("dialog").getByLabel("Nobody is sent to after").fill("2020-01-01T08:00");
  await agree(page, "Change it");
  await page.getByRole("dialog").getByRole("alert").waitFor(); // the API's own words: that time has passed
  const end = new Date(Date.now() + 6 * 3600000);
  await page.getByRole("dialog").getByLabel("Nobody is sent to after").fill(new Intl.DateTimeFormat("sv-SE", { timeZone: "Europe/Oslo", dateStyle: "short", timeStyle: "short" }).format(end).replace(" ", "T"));
  await page.getByRole("group", { name: "too many have complained" }).getByLabel("or more than, people").fill("50");
  await agree(page, "Change it", /holds at once/);
  await page.locator(".facts", { hasText: "pauses itself when more than 50 have complained" }).waitFor();
  await page.locator(".page-head .pill", { hasText: "high" }).waitFor();
  const changed = (await api("GET", `/v1/campaigns/${id}`)).body;
  assert.equal(changed.priority, "high");
  assert.equal(Date.parse(changed.expires_at), Math.floor(end.getTime() / 60000) * 60000);
  assert.deepEqual(changed.stop_rules, { complained: { count: 50 } });
  // What another one changes is seen here, also what is gone.
  await api("PATCH", `/v1/campaigns/${id}`, { stop_rules: null, not_after: null });
  await until("the rule is gone", async () => !/pauses itself/.test(await page.locator(".facts").innerText()));

  // The provider may be faster, and the campaign goes on.
  await goTo(page, "#/providers", "Providers and workers");
  await page.getByRole("button", { name: "Change the rate of picky" }).click();
  await page.getByRole("dialog").getByLabel("Messages a second").fill("400");
  await agree(page, "Set", /over restarts/);
  await page.getByRole("button", { name: "Reset the limits of picky" }).waitFor();
  assert.equal((await api("GET", "/v1/providers/picky")).body.rate_per_s, 400);
  await goTo(page, `#/campaigns/${id}`, /Bridge closed/);
  await page.getByRole("button", { name: "Resume" }).click();
  await agree(page, "Resume");
  await page.locator(".page-head .pill", { hasText: "finished" }).waitFor();

  // Those who failed are tried again; the provider has a better day now.
  const before = (await api("GET", `/v1/campaigns/${id}`)).body.counts;
  assert.ok(before.failed > 0 && before.failed + before.accepted === PEOPLE, JSON.stringify(before));
  // Why they failed, and who they are; the report as a file.
  await page.getByRole("link", { name: `${before.failed} people not reached: the provider answered 410. Show them` }).click();
  await page.getByRole("heading", { level: 1, name: "People not reached" }).waitFor();
  await page.locator("table.people tbody tr").first().waitFor();
  assert.equal(await page.locator("table.people tbody tr").count(), before.failed);
  await page.goBack();
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Report to print" }).click()]);
  assert.equal(file.suggestedFilename(), `${id}-report.html`);
  assert.match(await readFile(await file.path(), "utf8"), /^<!doctype html>/i);

  await page.getByRole("button", { name: "Retry" }).click();
  await agree(page, "Retry", new RegExp(`${before.failed} failed`));
  await page.locator(".facts", { hasText: "round 2" }).waitFor();
  await page.locator(".page-head .pill", { hasText: "finished" }).waitFor();
  await until("the second round", async () => (await api("GET", `/v1/campaigns/${id}`)).body.counts.failed < before.failed);

  // One person's history, found from the number of those who failed, or were told.
  await page.locator(".legend a", { hasText: "accepted" }).click();
  await page.getByRole("heading", { level: 1, name: "People: accepted" }).waitFor();
  const person = page.locator("table.people tbody th a").first();
  const key = await person.innerText();
  await person.click();
  await page.getByRole("heading", { level: 1, name: key }).waitFor();
  const story = page.getByRole("region", { name: "What happened" }).or(page.locator("section", { hasText: "What happened" }));
  await story.getByText("Taken by picky").first().waitFor();
  await page.getByText(new RegExp(`Dear Name ${key.slice(1)}, the bridge is closed\\.`)).waitFor();

  // Evidence of it, which holds against the coordinator's key, and does not once a letter is another.
  const [bundle] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Take it" }).click()]);
  assert.equal(bundle.suggestedFilename(), `${id}-${key}.evidence`);
  const keyFile = join(stage.directory, "key.txt");
  await writeFile(keyFile, tocsin("evidence", "key", "--quiet").stdout);
  const good = tocsin("evidence", "verify", await bundle.path(), "--public-key", keyFile);
  assert.equal(good.status, 0, good.stdout + good.stderr);
  const altered = join(stage.directory, "altered.evidence");
  await writeFile(altered, (await readFile(await bundle.path(), "latin1")).replace(key, key.replace(/\d$/, (digit) => String((Number(digit) + 1) % 10))), "latin1");
  assert.notEqual(tocsin("evidence", "verify", altered, "--public-key", keyFile).status, 0);
  await page.getByRole("link", { name: "In all campaigns" }).click();
  await page.getByRole("row", { name: /Bridge closed/ }).first().waitFor();

  // And home.
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Token").waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.getItem("tocsin.token")), null);
  await page.goto(`${stage.url}/#/campaigns/${id}`);
  await page.getByLabel("Token").waitFor();
});
