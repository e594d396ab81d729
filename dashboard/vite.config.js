// SPDX-License-Identifier: Apache-2.0
// One script and one style sheet with hashed names, and nothing inline: the coordinator's Content-Security-Policy takes
// neither inline scripts nor styles nor data of other hosts.
import { load } from "js-yaml";
import { defineConfig } from "vite";

// docs/openapi.yaml becomes a part of the page at /docs while this is built.
const yaml = {
  name: "yaml",
  transform(text, id) {
    return id.endsWith(".yaml") ? { code: `export default ${JSON.stringify(load(text))}`, map: null } : null;
  },
};

export default defineConfig({
  plugins: [yaml],
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  build: {
    target: "es2022",
    rollupOptions: { input: ["index.html", "docs.html"] },
    assetsInlineLimit: 0,
    modulePreload: false,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1000,
  },
});
