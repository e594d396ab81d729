// SPDX-License-Identifier: Apache-2.0
// A plan that is kept under a name: changed, with what the form does not show left as it is; made; used; deleted.
import assert from "node:assert/strict";
import { agree, api, goTo, open, run, stage, until } from "./browser.mjs";

const kept = async (name) => (await api("GET", `/v1/plans/${name}`)).body;

run(async () => {
  const page = await open({ token: stage.operator, hash: "#/plans" });
  await page.getByRole("link", { name: "outage-at-night" }).click();
  await page.getByRole("heading", { level: 1, name: "outage-at-night" }).waitFor();
  const before = await kept("outage-at-night");
  await page.getByLabel("Within, step 1").fill("nonsense");
  await page.getByRole("button", { name: "Change it" }).click();
  await agree(page, "Change it", /campaigns that are there keep what they have/);
  assert.match(await page.getByRole("dialog").getByRole("alert").innerText(), /steps\/0\/within/); // the API's own words, and where
  await page.keyboard.press("Escape");
  assert.deepEqual(await kept("outage-at-night"), before);
  await page.getByLabel("Within, step 1").fill("7m");
  await page.getByText("What else its steps say, and keep").click();
  await page.getByText(/Step 2: .*repeat/).waitFor();
  await page.getByRole("button", { name: "Change it" }).click();
  await agree(page, "Change it");
  await page.getByRole("heading", { level: 1, name: "Plans" }).waitFor();
  const after = await kept("outage-at-night");
  assert.deepEqual(after.steps, [{ ...before.steps[0], within: "7m" }, before.steps[1]]);

  await page.getByRole("link", { name: "New plan" }).click();
  await page.getByLabel("Name", { exact: true }).fill("by-day");
  await page.getByLabel("Channel of step 1").selectOption("email");
  await page.getByRole("button", { name: "Another step" }).click();
  await page.getByLabel("Channel of step 2").selectOption("sms");
  await page.getByRole("button", { name: "Keep it" }).click();
  await agree(page, "Keep it", /E-mail, then SMS/);
  await page.getByRole("row", { name: /by-day/ }).waitFor();
  await goTo(page, "#/new", "New campaign");
  await page.getByRole("combobox", { name: "Plan", exact: true }).selectOption("by-day");
  await goTo(page, "#/plans", "Plans");
  await page.getByRole("button", { name: "Delete by-day" }).click();
  await agree(page, "Delete it");
  await until("it is gone", async () => (await page.getByRole("row", { name: /by-day/ }).count()) === 0);
  assert.equal((await api("GET", "/v1/plans/by-day")).status, 404);
  await api("PUT", "/v1/plans/outage-at-night", { steps: before.steps });

  // Who only reads is told why, and refused if he makes the page believe otherwise.
  const honest = await open({ token: stage.viewer, hash: "#/plans" });
  assert.equal(await honest.getByRole("button", { name: "Delete outage-at-night" }).getAttribute("aria-disabled"), "true");
  const liar = await open({ token: stage.viewer, hash: "#/plans", me: { name: "wall", role: "admin", kind: "token", token: "t1", until: null } });
  await liar.getByRole("button", { name: "Delete outage-at-night" }).click();
  await agree(liar, "Delete it");
  assert.match(await liar.getByRole("dialog").getByRole("alert").innerText(), /viewer/);
  assert.equal((await api("GET", "/v1/plans/outage-at-night")).status, 200);
});
