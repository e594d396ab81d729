// SPDX-License-Identifier: Apache-2.0
// A viewer's buttons are off; and when the page is made to believe that he is an admin, the coordinator refuses each of
// them, the page says so, and nothing has changed.
import assert from "node:assert/strict";
import { agree, api, goTo, open, run, stage } from "./browser.mjs";

async function refused(page, button, verb) {
  await page.getByRole("button", { name: button, exact: true }).click();
  await agree(page, verb);
  const said = await page.getByRole("dialog").getByRole("alert").innerText();
  assert.match(said, /viewer/);
  assert.match(said, /Nothing was changed/);
  await page.getByRole("button", { name: "Close" }).click();
}

run(async () => {
  const running = `#/campaigns/${stage.running}`;
  const state = async () => JSON.stringify((({ state, rate, weight }) => ({ state, rate, weight }))((await api("GET", `/v1/campaigns/${stage.running}`)).body));
  const before = await state();
  const honest = await open({ token: stage.viewer, hash: running });
  for (const name of ["Pause", "Rate", "Change", "Cancel"]) {
    const button = honest.getByRole("button", { name, exact: true });
    await button.waitFor();
    assert.equal(await button.getAttribute("aria-disabled"), "true");
    await button.click({ force: true }); // it says that it is off, and why when it is pressed
    await honest.getByText("Only operator or admin may do this; you are viewer.").waitFor();
    assert.equal(await honest.getByRole("dialog").count(), 0);
  }
  assert.equal(await honest.getByRole("link", { name: "Tokens" }).count(), 0);

  const liar = await open({ token: stage.viewer, hash: running, me: { name: "wall", role: "admin", kind: "token", token: "t1", until: null } });
  await liar.getByRole("button", { name: "Pause", exact: true }).waitFor();
  await refused(liar, "Pause", "Pause");
  await liar.getByRole("button", { name: "Rate", exact: true }).click();
  await liar.getByRole("dialog").getByLabel("People a second").fill("5");
  await agree(liar, "Set");
  assert.match(await liar.getByRole("dialog").getByRole("alert").innerText(), /viewer/);
  await liar.getByRole("button", { name: "Close" }).click();
  await liar.getByRole("button", { name: "Change", exact: true }).click();
  await liar.getByRole("dialog").getByLabel("Weight").fill("7");
  await agree(liar, "Change it");
  assert.match(await liar.getByRole("dialog").getByRole("alert").innerText(), /viewer/);
  await liar.getByRole("button", { name: "Close" }).click();
  await refused(liar, "Cancel", "Cancel it");
  await goTo(liar, `#/campaigns/${stage.draft}`, /./);
  await refused(liar, "Launch", "Launch");
  await goTo(liar, `#/campaigns/${stage.stopped}`, /./);
  await refused(liar, "Resume", "Resume");
  await goTo(liar, `#/campaigns/${stage.finished}`, /./);
  await refused(liar, "Retry", "Retry");
  await goTo(liar, "#/providers", "Providers and workers");
  await liar.getByRole("button", { name: "Change the rate of app" }).click();
  await liar.getByRole("dialog").getByLabel("Messages a second").fill("1");
  await agree(liar, "Set");
  assert.match(await liar.getByRole("dialog").getByRole("alert").innerText(), /viewer/);
  await liar.getByRole("button", { name: "Close" }).click();
  await goTo(liar, "#/new", "New campaign");
  await liar.getByLabel("Name", { exact: true }).fill("Not mine to make");
  await liar.getByRole("combobox", { name: "Audience", exact: true }).selectOption({ index: 1 });
  await liar.getByLabel("Text", { exact: true }).fill("Hello");
  await liar.getByRole("button", { name: "Make a draft and check it" }).click();
  assert.match(await liar.getByRole("alert").innerText(), /viewer/);
  await goTo(liar, "#/tokens", "Tokens");
  assert.match(await liar.getByRole("alert").innerText(), /viewer/);
  assert.equal(await state(), before);
  assert.equal((await api("GET", `/v1/campaigns/${stage.draft}`)).body.state, "draft");
  assert.equal((await api("GET", `/v1/campaigns/${stage.stopped}`)).body.state, "paused");
});
