// SPDX-License-Identifier: Apache-2.0
// One script and one style sheet with hashed names, and nothing inline: the coordinator's Content-Security-Policy takes
// neither inline scripts nor styles nor data of other hosts.
import { defineConfig } from "vite";

export default defineConfig({
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: false,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1000,
  },
});
