/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "coordinator/report/report_html.h"

/* Light and dark by what the reader prefers; on paper always light. Lines of charts differ in their
 * dashes too, for who does not tell the colours apart. */

/* clang-format off */
#define LIGHT \
    "--page:#fff;--text:#1c2128;--soft:#5a6472;--rule:#dfe3e8;--tile:#f5f7f9;" \
    "--blue:#2563c9;--teal:#0d8275;--violet:#7d4fc4;--amber:#a86800;" \
    "--acknowledged:#136f4d;--delivered:#3f9c6f;--accepted:#93cdaa;--waiting:#c3cad3;" \
    "--leased:#6a9bd8;--retrying:#e0ac35;--uncertain:#a476c9;--failed:#c4452f;" \
    "--suppressed:#7b838e;--unreachable:#e08a63;--expired:#9a6236;--cancelled:#4f5762"
#define DARK \
    "--page:#14181d;--text:#e6e9ed;--soft:#9aa5b1;--rule:#2e353d;--tile:#1c2228;" \
    "--blue:#6ea3f7;--teal:#3dbfb0;--violet:#b795ef;--amber:#e0a94a;" \
    "--acknowledged:#34a67b;--delivered:#5cba8d;--accepted:#3d6b53;--waiting:#4a545f;" \
    "--leased:#4f82c4;--retrying:#c9982b;--uncertain:#a07fcb;--failed:#e0654f;" \
    "--suppressed:#89929d;--unreachable:#c97d5c;--expired:#a9764c;--cancelled:#66707c"

const char *const report_style[] = {
    ":root{color-scheme:light dark;" LIGHT "}\n"
    "@media (prefers-color-scheme:dark){:root{" DARK "}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0;background:var(--page);color:var(--text);font:15px/1.5 system-ui,\n"
    " -apple-system,\"Segoe UI\",\"Noto Sans\",\"DejaVu Sans\",sans-serif}\n"
    "main{max-width:860px;margin:0 auto;padding:36px 28px 60px}\n"
    "h1{font-size:30px;line-height:1.2;margin:0 0 6px;overflow-wrap:anywhere}\n"
    "h2{font-size:19px;margin:30px 0 8px;padding-top:16px;border-top:1px solid var(--rule)}\n"
    "p{margin:6px 0 12px;max-width:76ch}\n"
    ".kicker{color:var(--soft);font-size:13px;text-transform:uppercase;letter-spacing:.08em;\n"
    " margin:0 0 4px}\n"
    ".facts{color:var(--soft);margin:0 0 20px;max-width:none}\n"
    ".note{background:var(--tile);border-left:4px solid var(--amber);padding:9px 14px;\n"
    " margin:12px 0;max-width:none}\n",

    ".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));gap:12px;\n"
    " margin:0 0 24px}\n"
    ".tiles div{background:var(--tile);border-radius:8px;padding:12px 14px}\n"
    ".tiles dt{color:var(--soft);font-size:13px}\n"
    ".tiles dd{margin:0}\n"
    ".tiles .big{font-size:25px;line-height:1.25;font-weight:600}\n"
    ".tiles .small{color:var(--soft);font-size:13px}\n"
    "table{border-collapse:collapse;width:100%;margin:8px 0 14px;font-size:14px}\n"
    "caption{text-align:left;color:var(--soft);font-size:13px;padding-bottom:4px}\n"
    "th,td{text-align:left;vertical-align:top;padding:5px 12px 5px 0;\n"
    " border-bottom:1px solid var(--rule)}\n"
    "thead th{color:var(--soft);font-weight:500;font-size:13px;vertical-align:bottom}\n"
    "tbody th{font-weight:500}\n"
    ".n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}\n"
    ".n+:not(.n){padding-left:14px}\n"
    "td:last-child,th:last-child{padding-right:0}\n"
    ".w{white-space:nowrap}\n"
    ".soft{color:var(--soft)}\n"
    ".wide{overflow-x:auto}\n"
    "code{font:13px/1.4 ui-monospace,\"DejaVu Sans Mono\",monospace;overflow-wrap:anywhere}\n",

    "figure{margin:0}\n"
    ".curves{overflow-x:auto}\n"
    ".curves .chart{min-width:560px}\n"
    ".chart{display:block;width:100%;height:auto;margin:8px 0 10px}\n"
    ".grid{stroke:var(--rule);stroke-width:1}\n"
    ".base{stroke:var(--soft)}\n"
    ".tick{fill:var(--soft);font-size:12px}\n"
    ".label{font-size:12.5px;font-weight:600}\n"
    ".line{fill:none;stroke-width:2.4;stroke-linejoin:round}\n"
    ".line.blue{stroke:var(--blue)}.label.blue{fill:var(--blue)}\n"
    ".line.teal{stroke:var(--teal);stroke-dasharray:7 4}.label.teal{fill:var(--teal)}\n"
    ".line.violet{stroke:var(--violet);stroke-dasharray:2 3}.label.violet{fill:var(--violet)}\n"
    ".line.amber{stroke:var(--amber);stroke-dasharray:9 3 2 3}.label.amber{fill:var(--amber)}\n"
    ".dot{display:inline-block;width:11px;height:11px;border-radius:3px;margin-right:7px}\n"
    ".meter{display:block;width:100%;min-width:70px;height:9px;margin-top:6px}\n"
    ".meter .under{fill:var(--rule)}\n"
    ".acknowledged{fill:var(--acknowledged);background:var(--acknowledged)}\n"
    ".delivered{fill:var(--delivered);background:var(--delivered)}\n"
    ".accepted{fill:var(--accepted);background:var(--accepted)}\n"
    ".waiting{fill:var(--waiting);background:var(--waiting)}\n"
    ".leased{fill:var(--leased);background:var(--leased)}\n"
    ".retrying{fill:var(--retrying);background:var(--retrying)}\n"
    ".uncertain{fill:var(--uncertain);background:var(--uncertain)}\n"
    ".failed{fill:var(--failed);background:var(--failed)}\n"
    ".suppressed{fill:var(--suppressed);background:var(--suppressed)}\n"
    ".unreachable{fill:var(--unreachable);background:var(--unreachable)}\n"
    ".expired{fill:var(--expired);background:var(--expired)}\n"
    ".cancelled{fill:var(--cancelled);background:var(--cancelled)}\n"
    ".defs dt{font-weight:600;margin-top:9px}\n"
    ".defs dd{margin:0;color:var(--soft);max-width:80ch}\n"
    "footer{margin-top:36px;color:var(--soft);font-size:13px;padding-top:10px;\n"
    " border-top:1px solid var(--rule)}\n",

    "@page{size:A4;margin:16mm 15mm}\n"
    "@media print{:root{color-scheme:light;" LIGHT "}\n"
    "body{font-size:10pt;-webkit-print-color-adjust:exact;print-color-adjust:exact}\n"
    "main{max-width:none;padding:0}\n"
    "h2{font-size:13pt;margin-top:16px;padding-top:10px}\n"
    "h2,caption{break-after:avoid}\n"
    "figure,tr,.tiles div,.defs div{break-inside:avoid}\n"
    "thead{display:table-header-group}\n"
    ".wide{overflow:visible}\n"
    ".tiles{grid-template-columns:repeat(4,1fr);gap:8px}\n"
    ".tiles .big{font-size:17pt}\n"
    "article+article{break-before:page}\n"
    "table{font-size:9pt}}\n",
    NULL,
};
/* clang-format on */
