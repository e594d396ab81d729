// SPDX-License-Identifier: Apache-2.0
// Every page, in both themes and two widths: axe finds nothing, nothing is wider than the window.
import assert from "node:assert/strict";
import { AxeBuilder, goTo, open, run, stage, until } from "./browser.mjs";
import { PAGES } from "./every_page.mjs";

async function check(page, what, width) {
  const found = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]).analyze();
  const wrong = found.violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((node) => `${node.html} ${node.failureSummary}`).join(" | ")}`);
  if (wrong.length > 0) {
    console.error(`${what}: ${wrong.join("\n")}`);
  }
  violations += wrong.length;
  const [inner, scroll] = await page.evaluate(() => [innerWidth, document.documentElement.scrollWidth]);
  assert.ok(scroll <= inner, `${what} is ${scroll} wide in a window of ${width}`);
}

let violations = 0; // all are told before the test fails

run(async () => {
  for (const [theme, width] of [["light", 1280], ["dark", 390]].concat(stage.thorough ? [["dark", 1280], ["light", 390]] : [])) {
    const out = await open({ theme, width });
    await out.getByLabel("Token").waitFor();
    await check(out, `signing in, ${theme}`, width);
    const page = await open({ theme, width, token: stage.token });
    for (const [, hash, heading] of PAGES) {
      await goTo(page, hash, heading);
      await until("what is loading", async () => (await page.locator(".loading").count()) === 0);
      await check(page, `${hash}, ${theme}, ${width}`, width);
    }
    if (!stage.empty) {
      await goTo(page, `#/campaigns/${stage.running}`, /./);
      for (const name of ["Cancel", "Change"]) {
        await page.getByRole("button", { name, exact: true }).click();
        await page.getByRole("dialog").waitFor();
        await check(page, `the dialog ${name}, ${theme}`, width);
        await page.keyboard.press("Escape");
      }
    }
    if (width < 600) {
      await page.getByRole("button", { name: "Open the menu" }).click();
      await check(page, `the menu, ${theme}`, width);
    }
  }
  assert.equal(violations, 0, "axe found something");
  if (stage.empty) {
    return;
  }
  const docs = await open();
  await docs.goto(`${stage.url}/docs`);
  await docs.getByRole("heading", { level: 1 }).waitFor();
  await check(docs, "/docs", 1280);
  assert.equal(violations, 0, "axe found something on /docs");
  for (const [theme, width] of [["light", 1280], ["dark", 390]]) {
    const report = await open({ theme, width });
    await report.goto("about:blank"); // a file, with the policy of no server
    const path = `/v1/campaigns/${stage.finished}/report?format=html&by=city&compare=${stage.running}`;
    const answer = await fetch(stage.url + path, { headers: { Authorization: `Bearer ${stage.token}` } });
    assert.equal(answer.status, 200);
    await report.setContent(await answer.text());
    await check(report, `a report, ${theme}, ${width}`, width);
  }
  assert.equal(violations, 0, "axe found something in a report");
});
