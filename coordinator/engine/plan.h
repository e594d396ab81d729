/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan: the ladder a campaign follows: steps that a recipient climbs one by one until he was
 * reached as the step wants it. A value.
 */
#ifndef TOCSIN_ENGINE_PLAN_H
#define TOCSIN_ENGINE_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "proto/channel_kind.h"
#include "proto/outcome.h"

#define PLAN_STEPS_MAX     8  /* as they are written */
#define PLAN_RUNGS_MAX     16 /* as they are climbed */
#define PLAN_ATTEMPTS_MAX  15
#define PLAN_WITHIN_MAX_MS (30ull * 24 * 3600 * 1000)

enum plan_on_uncertain { PLAN_RESEND, PLAN_HOLD };
/* What becomes of those who wait on a step of which no provider can be used (down.c). */
enum plan_if_down { PLAN_DOWN_WAIT, PLAN_DOWN_CLIMB };
/* What ends the ladder: the provider took the message, its receipt says that it arrived, or the
 * recipient said so himself. */
enum plan_until { PLAN_ACCEPTED, PLAN_DELIVERED, PLAN_ACKNOWLEDGED };

struct plan_step {
    enum channel_kind channel;
    uint64_t providers;     /* bit i: provider i may be used; all of the channel's by default */
    uint8_t attempts;       /* per endpoint, 1..PLAN_ATTEMPTS_MAX */
    uint8_t endpoint_ranks; /* how many endpoints of the channel the audience has at most */
    uint32_t backoff_ms;    /* before the second attempt; doubles with each further one */
    uint32_t backoff_max_ms;
    uint64_t within_ms; /* how long the step may take: for retries, and for what it waits for */
    enum plan_on_uncertain on_uncertain;
    enum plan_until until;
    enum plan_if_down if_down;
    uint8_t repeat;  /* 0: the step as it is written; n: its message sent for the nth time again */
    uint8_t repeats; /* how often the written step is repeated */
    bool with_previous; /* it starts together with the step before */
};

/*
 * A step that repeats stands here several times, once for each time its message is sent: so each
 * sending has a token, attempts and a time of its own, and nothing but the way from step to step
 * knows of it. Wherever the engine says `step` it means a place in this list; people are told the
 * written step and the repetition.
 *
 * A step with_previous and the one before it are a pair, both with their repetitions. The first
 * step and one whose neighbour before is with_previous itself are never so. A recipient stands on
 * both at once, so he has two tracks (pair.h): the ladder, which climbs all steps but these, and
 * the side.
 */
struct plan {
    unsigned step_count;
    unsigned without; /* bit c: steps on channel c are passed over. Never all of them */
    struct plan_step steps[PLAN_RUNGS_MAX];
};

/* 5 attempts, backoff 30 s to 15 min, within 4 h, resend, until accepted, waits if down. */
void plan_step_defaults(struct plan_step *step, enum channel_kind channel);
/* The plan's last step is sent `repeats` times again, every `every_ms`; the last time lasts as long
 * as the step. There is room for them. */
void plan_repeat_last(struct plan *plan, unsigned repeats, uint64_t every_ms);
/* The number of the written step that `step` belongs to. */
unsigned plan_written(const struct plan *plan, unsigned step);
/* The campaign does without the step's channel: nobody ever stands on it. */
bool plan_is_left_out(const struct plan *plan, unsigned step);
/* The step on which everybody begins; step_count if all are left out, which no campaign's are. */
unsigned plan_first(const struct plan *plan);
/* The first step after `step` that is not left out; step_count if there is none. */
unsigned plan_next(const struct plan *plan, unsigned step);
/* The same that is no repetition of it. */
unsigned plan_next_written(const struct plan *plan, unsigned step);
/* The place where the written step that `step` belongs to begins. */
unsigned plan_first_time(const struct plan *plan, unsigned step);
/* Is the step sent once more after this time? Then it is step + 1. */
bool plan_has_repetition(const struct plan *plan, unsigned step);
/* Does the step start together with the one before, or repeat one that does? Not if one of the two
 * is left out. */
bool plan_is_beside(const struct plan *plan, unsigned step);
/* Does the plan have a pair? */
bool plan_has_pair(const struct plan *plan);
/* Is `step` one of a pair: its first, or the one beside? */
bool plan_is_paired(const struct plan *plan, unsigned step);
/* Does a step start together with this one, or with the one that this one repeats? */
bool plan_has_beside(const struct plan *plan, unsigned step);
/* Where the step begins that does; only if there is one. */
unsigned plan_beside(const struct plan *plan, unsigned step);
/* Where the pair begins that the step is of; of any other step where it begins itself. */
unsigned plan_first_of_pair(const struct plan *plan, unsigned step);
/* The first step after the pair whose first step this is that is not left out; step_count if there
 * is none. */
unsigned plan_next_of_pair(const struct plan *plan, unsigned step);
/* How long after the plan's beginning a step begins at the latest; of step_count, how long all of
 * it lasts. What is left out takes no time; of a pair the next step waits for the longer one. */
uint64_t plan_begins_after_ms(const struct plan *plan, unsigned step);
/* How long to wait before the next attempt: min(backoff * 2^attempt, max), less up to half of it by
 * `dice` (equal jitter), but at least retry_after_ms. */
uint64_t plan_backoff_ms(const struct plan_step *step, unsigned attempt, uint32_t retry_after_ms,
                         uint64_t dice);

#endif
