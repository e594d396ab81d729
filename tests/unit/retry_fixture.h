/* SPDX-License-Identifier: Apache-2.0 */
/*
 * retry_fixture: a campaign that has finished, and another round of it (engine_rig.h).
 */
#ifndef TOCSIN_TESTS_UNIT_RETRY_FIXTURE_H
#define TOCSIN_TESTS_UNIT_RETRY_FIXTURE_H

#include "tests/unit/engine_rig.h"

#define WORKER  7
#define CREDIT  65536
#define SPAN_MS 60000u
#define ALL     (1u << DELIVERY_FAILED | 1u << DELIVERY_UNCERTAIN | 1u << DELIVERY_UNREACHABLE)

/* Places 0 to 9 of page 0 failed, 10 to 14 are uncertain, 15 to 17 unreachable, the rest accepted.
 */
void finish_first_round(struct rig *rig, const struct campaign_control *control);

#endif
