/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_json: a report as JSON, from which all other forms are made. docs/reports.md says what
 * stands where.
 */
#ifndef TOCSIN_REPORT_REPORT_JSON_H
#define TOCSIN_REPORT_REPORT_JSON_H

#include <jansson.h>

#include "coordinator/report/campaign_report.h"

#define REPORT_FORMAT 1 /* "report": raised when a member changes its meaning */

json_t *report_json(const struct campaign_report *report);

#endif
