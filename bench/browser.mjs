// SPDX-License-Identifier: Apache-2.0
// One page of the dashboard, open for a while in Debian's Chromium, and what that cost: bench/cases/browser.py runs this.
// What it needs to know comes as JSON: url, token, hash, seconds. The last line is one JSON object.
import { open, run, stage, until } from "../tests/system/dashboard/browser.mjs";

const known = { received: 0, requests: 0 };

async function follow(cdp) {
  await cdp.send("Performance.enable");
  await cdp.send("Network.enable");
  cdp.on("Network.requestWillBeSent", () => { known.requests += 1; });
  cdp.on("Network.dataReceived", (event) => { known.received += event.dataLength; });
}

/** Seconds of the main thread since the page began, and the heap without what is garbage. */
async function look(cdp) {
  await cdp.send("HeapProfiler.collectGarbage");
  const { metrics } = await cdp.send("Performance.getMetrics");
  const of = Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  return { task_s: of.TaskDuration, script_s: of.ScriptDuration, layout_s: of.LayoutDuration + of.RecalcStyleDuration, heap_bytes: of.JSHeapUsedSize, nodes: of.Nodes, ...known };
}

run(async () => {
  const page = await open({ token: stage.token, motion: "no-preference" });
  const cdp = await page.context().newCDPSession(page);
  await follow(cdp);
  await page.getByText("Live", { exact: true }).waitFor();
  const began = Date.now();
  await page.evaluate((hash) => {
    window.longTasks = [];
    new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((one) => one.duration))).observe({ type: "longtask" });
    location.hash = hash;
  }, stage.hash);
  await page.getByRole("heading", { level: 1 }).waitFor();
  await until("what is loading", async () => (await page.locator(".loading").count()) === 0, 120);
  const shown_ms = Date.now() - began;
  const shown = await look(cdp);
  await page.waitForTimeout(stage.seconds * 1000);
  const later = await look(cdp);
  const longTasks = await page.evaluate(() => window.longTasks);
  const per_minute = 60 / stage.seconds;
  console.log(JSON.stringify({
    shown_ms, shown_bytes: shown.received, shown_requests: shown.requests,
    main_thread_ms_per_minute: Math.round((later.task_s - shown.task_s) * 1000 * per_minute),
    script_ms_per_minute: Math.round((later.script_s - shown.script_s) * 1000 * per_minute),
    layout_ms_per_minute: Math.round((later.layout_s - shown.layout_s) * 1000 * per_minute),
    bytes_per_minute: Math.round((later.received - shown.received) * per_minute),
    requests_per_minute: (later.requests - shown.requests) * per_minute,
    heap_bytes: later.heap_bytes, heap_bytes_before: shown.heap_bytes, nodes: later.nodes,
    long_tasks: longTasks.length, longest_task_ms: Math.round(Math.max(0, ...longTasks)),
  }));
});
