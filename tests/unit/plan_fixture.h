/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan_fixture: an audience and providers, and a plan that is read with them.
 */
#ifndef TOCSIN_TESTS_UNIT_PLAN_FIXTURE_H
#define TOCSIN_TESTS_UNIT_PLAN_FIXTURE_H

#include "coordinator/content/plan_document.h"

struct reading {
    struct plan plan;
    struct document_problem problem;
    char *view; /* as text */
};

#define PAIR(second)                                                                               \
    "{\"plan\":{\"steps\":[{\"channel\":\"sms\",\"until\":\"acknowledged\",\"within\":\"5m\"}"     \
    "," second "]}}"

void reading_release(struct reading *reading);
/* "channel" and "plan" of the object that `json` is, of a campaign that does `without` channels. */
enum err read_plan_without(struct reading *reading, const char *json, unsigned without);
enum err read_plan(struct reading *reading, const char *json);
void assert_reads(struct reading *reading, const char *json);

#endif
