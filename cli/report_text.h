/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_text: a campaign's report, or two of them side by side, for a terminal of 80 columns.
 */
#ifndef TOCSIN_CLI_REPORT_TEXT_H
#define TOCSIN_CLI_REPORT_TEXT_H

#include <jansson.h>
#include <stdbool.h>

#include "common/buf.h"

/* Of the API's JSON: a report, or {"report","other","comparison"}. */
void report_text(struct buf *buf, const json_t *document, bool has_unicode);

#endif
