/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_html: a report as one page that needs nothing from elsewhere: no script, no font, no
 * picture but inline SVG. Reads in light and dark, on paper (A4), and by a screen reader: every
 * picture stands beside a table that says the same. Whatever came from people is escaped.
 */
#ifndef TOCSIN_REPORT_REPORT_HTML_H
#define TOCSIN_REPORT_REPORT_HTML_H

#include <jansson.h>

#include "common/buf.h"

/* Of a report's JSON, or of {"report","other","comparison"}. */
void report_html(const json_t *document, struct buf *html);

/* Pieces of the style sheet; NULL-terminated. */
extern const char *const report_style[];

#endif
