/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_sections: the part of a report's page that is tables: the ladder, channels and providers,
 * groups, what went wrong, who was not reached, pauses and further rounds.
 */
#ifndef TOCSIN_REPORT_REPORT_SECTIONS_H
#define TOCSIN_REPORT_REPORT_SECTIONS_H

#include <jansson.h>

#include "common/buf.h"

/* All of them that have something to say, of a report's JSON. */
void report_sections(struct buf *html, const json_t *report);

#endif
