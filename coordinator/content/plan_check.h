/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan_check: what a plan says and can never come to. Only what the rules of the ladder
 * (engine/ladder.c) prove is refused; what merely is unlikely may be meant.
 *
 * A step is always within reach: whoever cannot be sent to on those before it (refused, attempts or
 * time used, a bounce) climbs to it, whatever they wait for and even if it uses the same channel
 * and providers. So what can be out of reach is an attempt behind the step's time, and a repetition
 * behind the campaign's: repetitions begin with the time alone.
 */
#ifndef TOCSIN_CONTENT_PLAN_CHECK_H
#define TOCSIN_CONTENT_PLAN_CHECK_H

#include <stdbool.h>

#include "coordinator/content/document_reader.h"
#include "coordinator/engine/plan.h"

#define PLAN_LENGTH_MAX_MS (180ull * 24 * 3600 * 1000)

/* The step that was written last, at which the reader stands. ERR_INVALID: no second attempt could
 * begin before its time is over; the default backoff is let be. ERR_LIMIT: with those before it the
 * plan lasts longer than PLAN_LENGTH_MAX_MS. */
enum err plan_check_last_step(struct document_reader *reader, const struct plan *plan) WARN_UNUSED;
/* The whole plan, when the reader stands at its steps, or at the only one. ERR_INVALID: whoever is
 * on the last step, or on the two that are the last together, is to climb if that is down. */
enum err plan_check_if_down(struct document_reader *reader, const struct plan *plan,
                            bool is_single) WARN_UNUSED;
/* The campaign ends span_ms after it began, or never (0), or at a time however early it may begin
 * (0, too); the reader stands at the
 * campaign. is_single: its plan is a step without "steps". ERR_INVALID: a repetition could not
 * begin before the end. */
enum err plan_check_end(struct document_reader *reader, const struct plan *plan, bool is_single,
                        uint64_t span_ms) WARN_UNUSED;
/* Does the step use the channel and the providers of the one before, which ends for everybody whose
 * message was accepted? (No step of a pair does.) Then only those come to it whom just these could
 * not send to: allowed, but perhaps not what was meant. */
bool plan_check_is_echo(const struct plan *plan, unsigned step);

#endif
