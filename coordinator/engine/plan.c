/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/engine/plan.h"

#include <assert.h>

#define SECOND_MS UINT32_C(1000)
#define MINUTE_MS (60 * SECOND_MS)

void plan_step_defaults(struct plan_step *step, enum channel_kind channel)
{
    *step = (struct plan_step){
        .channel = channel,
        .providers = UINT64_MAX,
        .attempts = 5,
        .endpoint_ranks = 1,
        .backoff_ms = 30 * SECOND_MS,
        .backoff_max_ms = 15 * MINUTE_MS,
        .within_ms = 4ull * 60 * MINUTE_MS,
        .on_uncertain = PLAN_RESEND,
        .until = PLAN_ACCEPTED,
    };
}

void plan_repeat_last(struct plan *plan, unsigned repeats, uint64_t every_ms)
{
    assert(plan->step_count >= 1 && plan->step_count + repeats <= PLAN_RUNGS_MAX);
    struct plan_step *first = &plan->steps[plan->step_count - 1];
    first->repeats = (uint8_t)repeats;
    for (unsigned i = 1; i <= repeats; i++) {
        first[i] = *first;
        first[i].repeat = (uint8_t)i;
    }
    for (unsigned i = 0; i < repeats; i++) {
        first[i].within_ms = every_ms;
    }
    plan->step_count += repeats;
}

unsigned plan_written(const struct plan *plan, unsigned step)
{
    unsigned written = 0;
    for (unsigned s = 1; s <= step && s < plan->step_count; s++) {
        written += plan->steps[s].repeat == 0;
    }
    return written;
}

bool plan_is_left_out(const struct plan *plan, unsigned step)
{
    return (plan->without >> plan->steps[step].channel & 1) != 0;
}

static unsigned from(const struct plan *plan, unsigned step)
{
    while (step < plan->step_count && plan_is_left_out(plan, step)) {
        step++;
    }
    return step < plan->step_count ? step : plan->step_count;
}

unsigned plan_first(const struct plan *plan)
{
    return from(plan, 0);
}

unsigned plan_next(const struct plan *plan, unsigned step)
{
    return from(plan, step + 1);
}

unsigned plan_next_written(const struct plan *plan, unsigned step)
{
    do {
        step = plan_next(plan, step);
    } while (step < plan->step_count && plan->steps[step].repeat != 0);
    return step;
}

bool plan_has_pair(const struct plan *plan)
{
    bool has_pair = false;
    for (unsigned s = 1; s < plan->step_count; s++) {
        has_pair |= plan_is_beside(plan, s);
    }
    return has_pair;
}

unsigned plan_first_time(const struct plan *plan, unsigned step)
{
    return step - plan->steps[step].repeat;
}

bool plan_has_repetition(const struct plan *plan, unsigned step)
{
    return plan->steps[step].repeat < plan->steps[step].repeats;
}

static unsigned after_repetitions(const struct plan *plan, unsigned step)
{
    return plan_first_time(plan, step) + plan->steps[step].repeats + 1u;
}

bool plan_is_beside(const struct plan *plan, unsigned step)
{
    return plan->steps[step].with_previous && !plan_is_left_out(plan, step) &&
           !plan_is_left_out(plan, plan_first_time(plan, step) - 1);
}

bool plan_has_beside(const struct plan *plan, unsigned step)
{
    unsigned beside = after_repetitions(plan, step);
    return beside < plan->step_count && plan_is_beside(plan, beside);
}

unsigned plan_beside(const struct plan *plan, unsigned step)
{
    assert(plan_has_beside(plan, step));
    return after_repetitions(plan, step);
}

unsigned plan_first_of_pair(const struct plan *plan, unsigned step)
{
    unsigned first = plan_first_time(plan, step);
    return plan_is_beside(plan, step) ? plan_first_time(plan, first - 1) : first;
}

unsigned plan_next_of_pair(const struct plan *plan, unsigned step)
{
    return from(plan, after_repetitions(plan, plan_beside(plan, step)));
}

bool plan_is_paired(const struct plan *plan, unsigned step)
{
    return plan_is_beside(plan, step) || plan_has_beside(plan, step);
}

uint64_t plan_begins_after_ms(const struct plan *plan, unsigned step)
{
    uint64_t begin_ms = 0;         /* of the last step that waited for those before it */
    uint64_t lasts_ms[2] = {0, 0}; /* on its track since then, and on the one beside */
    for (unsigned s = 0; s < plan->step_count; s++) {
        bool is_side = plan_is_beside(plan, s);
        bool is_repetition = plan->steps[s].repeat > 0 && plan_is_paired(plan, s);
        if (!is_side && !is_repetition) {
            begin_ms += lasts_ms[0] > lasts_ms[1] ? lasts_ms[0] : lasts_ms[1];
            lasts_ms[0] = lasts_ms[1] = 0;
        }
        if (s == step) {
            return begin_ms + lasts_ms[is_side];
        }
        lasts_ms[is_side] += plan_is_left_out(plan, s) ? 0 : plan->steps[s].within_ms;
    }
    return begin_ms + (lasts_ms[0] > lasts_ms[1] ? lasts_ms[0] : lasts_ms[1]);
}

uint64_t plan_backoff_ms(const struct plan_step *step, unsigned attempt, uint32_t retry_after_ms,
                         uint64_t dice)
{
    uint64_t wait = step->backoff_ms;
    for (unsigned i = 0; i < attempt && wait < step->backoff_max_ms; i++) {
        wait *= 2;
    }
    if (wait > step->backoff_max_ms) {
        wait = step->backoff_max_ms;
    }
    wait -= dice % (wait / 2 + 1);
    return wait > retry_after_ms ? wait : retry_after_ms;
}
