/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pair_fixture: a campaign whose steps are a pair, and time that passes for it (engine_rig.h).
 */
#ifndef TOCSIN_TESTS_UNIT_PAIR_FIXTURE_H
#define TOCSIN_TESTS_UNIT_PAIR_FIXTURE_H

#include "tests/unit/engine_rig.h"

#define CREDIT    (64u * 1024)
#define MINUTE_MS 60000u
#define GRACE_MS  5000u

/* SMS three times, e-mail twice beside it, then a call. */
enum { SMS, SMS_1, SMS_2, EMAIL, EMAIL_1, VOICE, RUNGS };

void add_step(struct plan *plan, enum channel_kind channel, bool is_beside, enum plan_until until,
              unsigned repeats);
struct campaign_def pair_def(const struct rig *rig, enum plan_until until, uint32_t slots);
/* Provider i sends on the i-th of the three channels. */
void rig_make(struct rig *rig);
void start(struct rig *rig, const struct campaign_def *def);
/* What is sent meets these fates, by channel (NULL: the worker says nothing). sent, if not NULL,
 * counts by step how many were sent to. */
void pass(struct rig *rig, uint64_t ms, const struct rig_fate *const fates[3],
          unsigned sent[RUNGS]);
struct rig_batch batch_of(const struct rig *rig, unsigned step);
struct recipient_state track(struct rig *rig, uint32_t ordinal, bool is_side);
void assert_sent(const unsigned sent[RUNGS], const unsigned expected[RUNGS]);

#endif
