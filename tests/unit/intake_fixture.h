/* SPDX-License-Identifier: Apache-2.0 */
/*
 * intake_fixture: one page of a campaign that is leased, and what its worker says (engine_rig.h).
 */
#ifndef TOCSIN_TESTS_UNIT_INTAKE_FIXTURE_H
#define TOCSIN_TESTS_UNIT_INTAKE_FIXTURE_H

#include "coordinator/engine/engine.h"
#include "tests/unit/engine_rig.h"

static const struct rig_fate ACCEPTED = {.outcome = OUTCOME_ACCEPTED, .reason = 200};
static const struct rig_fate DEFERRED = {.outcome = OUTCOME_DEFERRED, .reason = 503};
static const struct rig_fate REJECTED = {.outcome = OUTCOME_REJECTED, .reason = 400};
static const struct rig_fate RETURNED = {.outcome = OUTCOME_RETURNED, .reason = REASON_DRAINED};
static const struct rig_fate UNCERTAIN = {.outcome = OUTCOME_UNCERTAIN,
                                          .reason = REASON_TIMED_OUT_AFTER};
static const struct rig_fate UNCONNECTED = {.outcome = OUTCOME_DEFERRED,
                                            .reason = REASON_CONNECT_FAILED};

/* A launched campaign of one page, all of it leased to worker 1. */
struct plan_step leased_with(struct rig *rig, void (*change)(struct plan_step *step));
void say(struct rig *rig, unsigned offset, unsigned span, const struct rig_fate *fate);
/* Time passes until the recipient is leased once more; the worker is alive meanwhile. */
bool wait_for_lease(struct rig *rig, uint32_t ordinal);
enum delivery_state state_of(struct rig *rig, uint32_t ordinal);
void little_time(struct plan_step *step);
void wait_for_expiry(struct rig *rig);

#endif
