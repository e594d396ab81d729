/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_csv: a report's figures as CSV (RFC 4180) in long form: section, name, measure, value.
 */
#ifndef TOCSIN_REPORT_REPORT_CSV_H
#define TOCSIN_REPORT_REPORT_CSV_H

#include <jansson.h>

#include "common/buf.h"

/* Of a report's JSON, or of {"report","other","comparison"}. Every figure of the JSON is one row:
 * of a list's element the name is what the element is about. Times are RFC 3339, durations seconds;
 * what is not known has an empty value. Cells that a spreadsheet could take for a formula are given
 * an apostrophe. */
void report_csv(const json_t *document, struct buf *csv);

#endif
