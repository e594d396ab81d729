/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/content/plan_check.h"

#include <inttypes.h>
#include <stdio.h>

#define STEP_POINTER_BYTES 32

/* The rung that the last written step begins with. */
static unsigned last_written(const struct plan *plan)
{
    unsigned step = plan->step_count - 1;
    return step - plan->steps[step].repeat;
}

/* The first retry waits at least half of the backoff, by its jitter. */
static enum err check_backoff(struct document_reader *reader, const struct plan *plan)
{
    const struct plan_step *step = &plan->steps[last_written(plan)];
    const struct plan_step *last = &plan->steps[plan->step_count - 1];
    uint64_t within_ms = step->within_ms > last->within_ms ? step->within_ms : last->within_ms;
    uint64_t least_ms = step->backoff_ms - step->backoff_ms / 2;
    struct plan_step usual;
    plan_step_defaults(&usual, step->channel);
    if (step->attempts == 1 || step->backoff_ms == usual.backoff_ms || least_ms <= within_ms) {
        return ERR_OK;
    }
    char least[DOCUMENT_DURATION_BYTES];
    char within[DOCUMENT_DURATION_BYTES];
    document_duration_write(least, least_ms);
    document_duration_write(within, within_ms);
    size_t mark = document_enter(reader, "backoff");
    enum err err = document_refuse(reader, ERR_INVALID,
                                   "the second of %u attempts would never be made: it begins %s "
                                   "after the first at the earliest, and the step lasts %s "
                                   "(\"within\"); make this shorter or that longer, or say "
                                   "\"attempts\": 1",
                                   step->attempts, least, within);
    document_leave(reader, mark);
    return err;
}

static enum err check_length(struct document_reader *reader, const struct plan *plan)
{
    unsigned written = last_written(plan);
    struct plan whole = *plan;
    whole.without = 0;
    uint64_t before_ms = plan_begins_after_ms(&whole, written);
    uint64_t own_ms = 0;
    for (unsigned i = written; i < plan->step_count; i++) {
        own_ms += plan->steps[i].within_ms;
    }
    if (before_ms + own_ms <= PLAN_LENGTH_MAX_MS) {
        return ERR_OK;
    }
    char own[DOCUMENT_DURATION_BYTES];
    char left[DOCUMENT_DURATION_BYTES];
    document_duration_write(own, own_ms);
    document_duration_write(left, PLAN_LENGTH_MAX_MS - before_ms);
    size_t mark = document_enter(reader, plan->steps[written].repeats > 0 ? "repeat" : "within");
    enum err err = document_refuse(reader, ERR_LIMIT,
                                   "the step lasts up to %s, and a whole plan at most 180d, of "
                                   "which the steps before leave %s",
                                   own, left);
    document_leave(reader, mark);
    return err;
}

enum err plan_check_last_step(struct document_reader *reader, const struct plan *plan)
{
    enum err err = check_backoff(reader, plan);
    return err == ERR_OK ? check_length(reader, plan) : err;
}

enum err plan_check_if_down(struct document_reader *reader, const struct plan *plan, bool is_single)
{
    unsigned last = last_written(plan);
    bool is_pair = plan->steps[last].with_previous;
    char number[STEP_POINTER_BYTES];
    if (is_pair && plan->steps[last].if_down != PLAN_DOWN_CLIMB) {
        last = plan_first_time(plan, last - 1);
    }
    if (plan->steps[last].if_down != PLAN_DOWN_CLIMB) {
        return ERR_OK;
    }
    (void)snprintf(number, sizeof(number), "%u", plan_written(plan, last));
    if (!is_single) {
        (void)document_enter(reader, number);
    }
    (void)document_enter(reader, "if_down");
    return document_refuse(reader, ERR_INVALID,
                           "there is no step after %s to climb to; leave it out, and who is "
                           "here waits until a provider is back",
                           is_pair ? "these two" : "this one");
}

static enum err refuse_repetitions(struct document_reader *reader, const struct plan *plan,
                                   unsigned step, bool is_single, uint64_t span_ms)
{
    uint64_t every_ms = plan->steps[step].within_ms;
    unsigned repeats = plan->steps[step].repeats;
    uint64_t possible = (span_ms - 1) / every_ms;
    char begins[DOCUMENT_DURATION_BYTES];
    char span[DOCUMENT_DURATION_BYTES];
    char number[STEP_POINTER_BYTES];
    document_duration_write(begins, repeats * every_ms);
    document_duration_write(span, span_ms);
    (void)snprintf(number, sizeof(number), "%u", plan_written(plan, step));
    size_t mark = document_enter(reader, "plan");
    if (!is_single) {
        (void)document_enter(reader, "steps");
        (void)document_enter(reader, number);
    }
    (void)document_enter(reader, "repeat");
    (void)document_enter(reader, "times");
    enum err err = document_refuse(reader, ERR_INVALID,
                                   "repetition %u would never be sent: it begins %s after the "
                                   "step at the earliest, and the campaign ends %s after it began "
                                   "(\"not_after\"); at most %" PRIu64 " can be, or move "
                                   "\"not_after\"",
                                   repeats, begins, span, possible);
    document_leave(reader, mark);
    return err;
}

enum err plan_check_end(struct document_reader *reader, const struct plan *plan, bool is_single,
                        uint64_t span_ms)
{
    for (unsigned i = 0; span_ms > 0 && i < plan->step_count; i++) {
        const struct plan_step *step = &plan->steps[i];
        bool is_first = step->repeat == 0 && step->repeats > 0;
        if (is_first && step->repeats * step->within_ms >= span_ms) {
            return refuse_repetitions(reader, plan, i, is_single, span_ms);
        }
    }
    return ERR_OK;
}

bool plan_check_is_echo(const struct plan *plan, unsigned step)
{
    if (step == 0 || plan->steps[step].repeat != 0 || plan->steps[step].with_previous ||
        plan->steps[step - 1].with_previous) {
        return false;
    }
    const struct plan_step *before = &plan->steps[step - 1];
    return before->until == PLAN_ACCEPTED && before->channel == plan->steps[step].channel &&
           (plan->steps[step].providers & ~before->providers) == 0;
}
