// SPDX-License-Identifier: Apache-2.0
// The tests of pure functions: bundled by the esbuild that comes with Vite, and run by Node's own runner.
//     node run.mjs DASHBOARD_SOURCES DIRECTORY_WITH_NODE_MODULES
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [sources, installed] = process.argv.slice(2);
const { buildSync } = createRequire(join(installed, "package.json"))("esbuild");
const out = join(installed, "unit");
const tests = readdirSync(join(sources, "test")).filter((name) => name.endsWith(".test.ts"));
rmSync(out, { recursive: true, force: true });
mkdirSync(out);
buildSync({
  entryPoints: tests.map((name) => join(sources, "test", name)),
  bundle: true, platform: "node", format: "esm", outdir: out, outExtension: { ".js": ".mjs" },
  nodePaths: [join(installed, "node_modules")], jsx: "automatic", jsxImportSource: "preact", logLevel: "warning",
});
const done = spawnSync(process.execPath, ["--test", ...tests.map((name) => join(out, name.replace(/\.ts$/, ".mjs")))], {
  stdio: "inherit", env: { ...process.env, LC_ALL: "en_GB.UTF-8", LANG: "en_GB.UTF-8" },
});
process.exit(done.status ?? 1);
