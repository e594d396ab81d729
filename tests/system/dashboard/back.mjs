// SPDX-License-Identifier: Apache-2.0
// The coordinator is killed and comes back: the page says that it is not live, keeps what it has, and goes on by itself.
// Between the two this script says "kill" and the test does it.
import assert from "node:assert/strict";
import { api, open, run, stage, until } from "./browser.mjs";

run(async () => {
  const page = await open({ token: stage.token, hash: `#/campaigns/${stage.followUp}` });
  await page.getByText("Live", { exact: true }).waitFor();
  const told = page.locator(".legend a", { hasText: "accepted" }).locator(".legend-number");
  await told.waitFor();
  const before = Number((await told.innerText()).replace(/\D/g, ""));
  console.log("kill");
  await page.locator(".link-waiting", { hasText: "Not live" }).waitFor();
  await page.locator(".link-why").waitFor();
  await page.locator(".stale", { hasText: "Nothing new since" }).waitFor(); // above the numbers, wherever one is
  assert.ok(Number((await told.innerText()).replace(/\D/g, "")) >= before);
  await page.getByText("Live", { exact: true }).waitFor();
  assert.equal(await page.locator(".stale").count(), 0);
  await until("what was sent since", async () => Number((await told.innerText()).replace(/\D/g, "")) > before);
  const now = (await api("GET", `/v1/campaigns/${stage.followUp}`)).body.counts.accepted;
  await until("what the coordinator says", async () => Number((await told.innerText()).replace(/\D/g, "")) >= now);
});
