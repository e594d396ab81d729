// SPDX-License-Identifier: Apache-2.0
// Without a mouse: everything is reached by Tab, one sees where one is, dialogs take the focus and give it back.
import assert from "node:assert/strict";
import { api, open, run, stage } from "./browser.mjs";

const focused = (page) => page.evaluate(() => {
  const element = document.activeElement;
  const style = getComputedStyle(element);
  return { text: (element.getAttribute("aria-label") ?? element.textContent ?? "").trim(), tag: element.tagName, name: element.getAttribute("name"),
    shown: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2, inDialog: element.closest("dialog") !== null };
});

async function tabTo(page, wanted, most = 80) {
  for (let i = 0; i < most; i++) {
    await page.keyboard.press("Tab");
    const now = await focused(page);
    assert.ok(now.shown || now.tag === "BODY", `one does not see the focus on ${now.tag} ${now.text}`);
    if (wanted.test(now.text)) {
      return now;
    }
  }
  assert.fail(`Tab never comes to ${wanted}`);
}

run(async () => {
  const page = await open();
  await page.getByLabel("Token").waitFor();
  assert.equal((await focused(page)).name, "token");
  await page.keyboard.type(stage.operator);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();

  await page.reload();
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  await tabTo(page, /^Skip to the contents$/, 3);
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main");

  await tabTo(page, /^Follow-up by e-mail$/);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Follow-up by e-mail" }).waitFor();
  await tabTo(page, /^Pause$/);
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  for (let i = 0; i < 6; i++) {
    await page.keyboard.press("Tab");
    const now = await focused(page);
    assert.ok(now.inDialog || now.tag === "BODY", `the focus left the dialog for ${now.tag} ${now.text}`);
  }
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.equal((await focused(page)).text, "Pause");
  assert.equal((await api("GET", `/v1/campaigns/${stage.followUp}`)).body.state, "running");

  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await tabTo(page, /^Pause$/, 5);
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.locator(".page-head .pill", { hasText: "paused" }).waitFor();
  assert.equal((await focused(page)).text, "Resume"); // where Pause was
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await tabTo(page, /^Resume$/, 5);
  await page.keyboard.press("Enter");
  await page.locator(".page-head .pill", { hasText: "running" }).waitFor();
  await tabTo(page, /^Sign out$/);
  await page.keyboard.press("Enter");
  await page.getByLabel("Token").waitFor();
});
