// SPDX-License-Identifier: Apache-2.0
// Every page in both themes and two widths, as pictures to be looked at; dashboard/screenshots --all runs this.
import { join } from "node:path";
import { goTo, open, run, stage, until } from "./browser.mjs";
import { PAGES } from "./every_page.mjs";

const LOOKS = [["light", 1280], ["dark", 1280], ["light", 390], ["dark", 390]];

run(async () => {
  for (const [theme, width] of LOOKS) {
    const photograph = (page, name) => page.screenshot({ path: join(stage.into, `${stage.empty ? "empty-" : ""}${name}-${theme}-${width}.png`), fullPage: true });
    const out = await open({ theme, width });
    await out.getByLabel("Token").waitFor();
    await photograph(out, "sign-in");
    const page = await open({ theme, width, token: stage.token });
    for (const [name, hash, heading] of PAGES) {
      await goTo(page, hash, heading);
      await until("what is loading", async () => (await page.locator(".loading").count()) === 0);
      await page.waitForTimeout(400);
      await photograph(page, name);
    }
    await page.context().close();
    await out.context().close();
  }
});
