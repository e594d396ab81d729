// SPDX-License-Identifier: Apache-2.0
// HTML in names, rows and replies is shown as what it is: text.
import assert from "node:assert/strict";
import { api, goTo, open, run, stage } from "./browser.mjs";

const EVIL = "<img src=x onerror=alert(1)><script>alert(2)</script>\"'&amp;";

run(async () => {
  const made = await api("POST", "/v1/campaigns", {
    name: EVIL, audience: stage.audience, channel: "email", content: { email: { subject: EVIL, text: `${EVIL} {{first_name}}`, html: EVIL } },
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const { id } = made.body;
  const page = await open({ token: stage.token });
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  await page.getByRole("link", { name: EVIL }).first().waitFor();
  await goTo(page, `#/campaigns/${id}`, EVIL);
  await page.getByText(EVIL, { exact: true }).nth(1).waitFor();
  await page.getByText(`${EVIL} {{first_name}}`, { exact: true }).waitFor();
  await goTo(page, `#/audiences/${stage.audience}`, /./);
  await page.getByText("<img src=x onerror=alert(1)>", { exact: true }).waitFor();
  await goTo(page, "#/replies", "Replies");
  await page.getByText("<b>When</b> is it over? <script>alert(1)</script>", { exact: true }).waitFor();
  await goTo(page, `#/find?key=${encodeURIComponent(EVIL)}`, "Find a person");
  await goTo(page, `#/campaigns/${encodeURIComponent(EVIL)}`, /./);
  await page.getByRole("alert").waitFor();
  await goTo(page, `#/campaigns/${id}/people/${encodeURIComponent(EVIL)}`, EVIL);
  await page.getByRole("alert").first().waitFor();
  assert.equal(await page.evaluate(() => document.querySelectorAll("img, script:not([src])").length), 0);
  await api("POST", `/v1/campaigns/${id}/cancel`);
});
