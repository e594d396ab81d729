// SPDX-License-Identifier: Apache-2.0
// The pictures of docs/dashboard.md; dashboard/screenshots runs this.
import { join } from "node:path";
import { open, run, stage, until } from "./browser.mjs";

const PICTURES = [
  { name: "overview", hash: "#/", theme: "light", width: 1280, height: 1020 },
  { name: "campaign", hash: `#/campaigns/${stage.running}`, theme: "light", width: 1280, height: 1500 },
  { name: "campaign-dark", hash: `#/campaigns/${stage.running}`, theme: "dark", width: 1280, height: 900 },
  { name: "person", hash: `#/campaigns/${stage.running}/people/${stage.person}`, theme: "light", width: 1280, height: 900 },
  { name: "draft", hash: `#/campaigns/${stage.draft}`, theme: "light", width: 1280, height: 760 },
  { name: "telephone", hash: "#/", theme: "light", width: 390, height: 1000 },
  { name: "telephone-dark", hash: `#/campaigns/${stage.running}`, theme: "dark", width: 390, height: 1000 },
  { name: "replies", hash: "#/replies", theme: "dark", width: 390, height: 1000 },
];

run(async () => {
  for (const { name, hash, ...look } of PICTURES) {
    const page = await open({ ...look, token: stage.token, hash });
    await page.getByRole("heading", { level: 1 }).waitFor();
    await until("what is loading", async () => (await page.locator(".loading").count()) === 0);
    await page.waitForTimeout(1500); // some news come in
    await page.screenshot({ path: join(stage.into, `dashboard-${name}.png`) });
    await page.context().close();
  }
});
