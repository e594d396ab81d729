/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim_attempt.h"

#include "common/mem.h"
#include "proto/outcome.h"
#include "tests/sim/sim.h"

static struct sim_attempt *attempt_of(struct sim_recipient *recipient, uint8_t round, uint8_t step,
                                      uint8_t number)
{
    struct sim_attempt *attempt = recipient->attempts;
    while (attempt != NULL &&
           (attempt->round != round || attempt->step != step || attempt->number != number)) {
        attempt = attempt->next;
    }
    if (attempt == NULL) {
        attempt = mem_zalloc(1, sizeof(*attempt));
        attempt->round = round;
        attempt->step = step;
        attempt->number = number;
        attempt->next = recipient->attempts;
        recipient->attempts = attempt;
    }
    return attempt;
}

/* ---- What a lease's end says of the attempt ---- */

/* The worker or the coordinator says that nothing was started. */
static bool is_unstarted(const struct event *event)
{
    switch (event->reason) {
    case REASON_NO_ENDPOINT:
    case REASON_VARIABLE_MISSING:
    case REASON_PAGE_DAMAGED:
    case REASON_CONTENT_UNKNOWN:
    case REASON_CHANNEL_UNKNOWN:
    case REASON_SECRET_MISSING:
    case REASON_DRAINED:
    case REASON_PAUSED:
    case REASON_HELD_BACK:
    case REASON_RECALLED:
    case REASON_QUIET_HOURS:
    case REASON_PROVIDER_QUIET:
        return true;
    case REASON_NONE:
    case REASON_LEASE_EXPIRED:
        return event->kind == DELIVERY_EVENT_RELEASED;
    default:
        return false;
    }
}

/* Reasons that only a provider of the simulation gives. */
static bool is_answered(const struct event *event)
{
    return event->lease != 0 &&
           ((event->reason >= 100 && event->reason < 600) ||
            event->reason == REASON_CONNECT_FAILED || event->reason == REASON_TIMED_OUT_AFTER);
}

static bool is_untaken(const struct event *event)
{
    return event->kind == DELIVERY_EVENT_RELEASED && is_answered(event);
}

static void check_attempt(const struct sim *sim, unsigned campaign, uint32_t ordinal,
                          const struct sim_attempt *attempt)
{
    const char *broken = NULL;
    if (attempt->starts + attempt->unstarted > attempt->leased) {
        broken = "was started more often than it was leased";
    } else if (attempt->answered > attempt->starts) {
        broken = "was answered more often than it was started";
    } else if (attempt->accepts > attempt->marks + 1) {
        broken = "was sent twice without a mark";
    }
    if (broken != NULL) {
        sim_fail(sim,
                 "c%u/%u #%u.%02x %s: leased %u, unstarted %u, answered %u, untaken %u, marks %u, "
                 "starts %u, accepts %u",
                 campaign + 1, ordinal, attempt->step, attempt->number, broken, attempt->leased,
                 attempt->unstarted, attempt->answered, attempt->untaken, attempt->marks,
                 attempt->starts, attempt->accepts);
    }
}

bool sim_attempt_is_doubt(uint16_t reason)
{
    return reason == REASON_TIMED_OUT_AFTER || reason == REASON_LEASE_EXPIRED ||
           reason == REASON_WORKER_RESTARTED;
}

/* The provider's name for a message is kept. Whoever is held after the last step may have been
 * taken on any; and a late outcome may be of an endpoint before the present one. */
static void check_ref(const struct sim *sim, unsigned c, uint32_t ordinal,
                      const struct recipient_state *state, const struct sim_attempt *attempt,
                      const struct event *event)
{
    const struct sim_recipient *recipient = &sim->journal.campaigns[c].recipients[ordinal];
    bool is_late = event->lease == 0;
    bool is_any = is_late || (state->step > 0 && sim_ladder_is_over(state));
    struct sim_attempt meant = is_any ? sim_attempt_sum(recipient, -1) : *attempt;
    bool is_accepted = event->kind == DELIVERY_EVENT_ACCEPTED;
    if (sim_receipts_is_of_receipt(event)) {
        return;
    }
    if (is_accepted && event->ref.len == 0 && meant.refs == meant.accepts) {
        sim_fail(sim, "c%u/%u #%u.%02x: its reference was lost", c + 1, ordinal, attempt->step,
                 attempt->number);
    }
    if (is_accepted && event->ref.len > 0 && meant.refs == 0) {
        sim_fail(sim, "c%u/%u #%u.%02x: its reference was invented", c + 1, ordinal, attempt->step,
                 attempt->number);
    }
}

void sim_attempt_on_event(struct sim *sim, unsigned c, uint32_t ordinal,
                          const struct recipient_state *state, const struct event *event)
{
    struct sim_recipient *recipient = &sim->journal.campaigns[c].recipients[ordinal];
    struct sim_attempt *attempt =
        attempt_of(recipient, recipient->round, state->step, recipient_attempt_number(state));
    attempt->leased += event->kind == DELIVERY_EVENT_LEASED;
    attempt->unstarted += event->lease != 0 && is_unstarted(event);
    attempt->answered += is_answered(event) && !sim_receipts_is_of_receipt(event);
    attempt->bounces |= event->kind == DELIVERY_EVENT_BOUNCED;
    attempt->untaken += is_untaken(event);
    bool is_mark = event->kind == DELIVERY_EVENT_REPEATED ||
                   (event->kind == DELIVERY_EVENT_HELD && sim_attempt_is_doubt(event->reason));
    attempt->marks += is_mark;
    sim->totals->marks += is_mark;
    check_attempt(sim, c, ordinal, attempt);
    check_ref(sim, c, ordinal, state, attempt, event);
}

void sim_attempt_on_start(struct sim *sim, const struct token *token, bool is_taken, bool has_ref)
{
    unsigned c = (unsigned)token->campaign - 1;
    struct sim_recipient *recipient = &sim->journal.campaigns[c].recipients[token->ordinal];
    struct sim_attempt *attempt = attempt_of(recipient, token->round, token->step, token->attempt);
    attempt->starts++;
    attempt->accepts += is_taken;
    attempt->refs += has_ref;
    sim->totals->starts++;
    sim->totals->starts_after += recipient->ladder.is_acknowledged;
    sim->totals->starts_barred +=
        sim_suppress_is_barred(sim, c, token->ordinal, token->step, token->attempt >> 4);
    check_attempt(sim, c, token->ordinal, attempt);
}

void sim_attempt_on_receipt(struct sim *sim, const struct receipt *receipt)
{
    unsigned c = (unsigned)receipt->campaign - 1;
    struct sim_recipient *recipient = &sim->journal.campaigns[c].recipients[receipt->ordinal];
    struct sim_attempt *attempt =
        attempt_of(recipient, receipt->round, receipt->step, receipt->attempt);
    if (attempt->starts == 0) {
        sim_fail(sim, "c%u/%u #%u.%02x has a receipt, and was not started", c + 1, receipt->ordinal,
                 receipt->step, receipt->attempt);
    }
    attempt->heard |= (uint8_t)(1u << receipt->kind);
}

bool sim_attempt_is_heard(const struct sim_recipient *recipient, int step, unsigned number,
                          enum receipt_kind kind)
{
    for (const struct sim_attempt *a = recipient->attempts; a != NULL; a = a->next) {
        bool is_meant =
            step < 0 || (a->round == recipient->round && a->step == step && a->number == number);
        if (is_meant && (a->heard >> kind & 1) != 0) {
            return true;
        }
    }
    return false;
}

/* step -1: of all, in all rounds */
static struct sim_attempt sum_of(const struct sim_recipient *recipient, unsigned round, int step)
{
    struct sim_attempt sum = {0};
    for (const struct sim_attempt *a = recipient->attempts; a != NULL; a = a->next) {
        if (step < 0 || (a->round == round && a->step == step)) {
            sum.starts += a->starts;
            sum.bounces += a->bounces;
            sum.marks += a->bounces == 0 ? a->marks : 0;
            sum.accepts += a->bounces == 0 ? a->accepts : 0;
            sum.refs += a->bounces == 0 ? a->refs : 0;
        }
    }
    return sum;
}

struct sim_attempt sim_attempt_sum(const struct sim_recipient *recipient, int step)
{
    return sum_of(recipient, recipient->round, step);
}

/* ---- The end ---- */

/* Whatever arrives twice at an endpoint on one step has one token: its provider can tell. */
static void check_tokens(struct sim *sim, unsigned c, uint32_t ordinal)
{
    const struct sim_attempt *first = sim->journal.campaigns[c].recipients[ordinal].attempts;
    for (const struct sim_attempt *a = first; a != NULL; a = a->next) {
        for (const struct sim_attempt *b = a->next; b != NULL; b = b->next) {
            if (a->accepts > 0 && b->accepts > 0 && a->round == b->round && a->step == b->step &&
                a->number >> 4 == b->number >> 4) {
                sim_fail(sim, "c%u/%u was taken on step %u as #%02x and as #%02x", c + 1, ordinal,
                         a->step, a->number, b->number);
            }
        }
    }
}

static void check_step(struct sim *sim, unsigned c, uint32_t ordinal, unsigned round, unsigned step)
{
    struct sim_attempt sum =
        sum_of(&sim->journal.campaigns[c].recipients[ordinal], round, (int)step);
    sim->totals->duplicates += sum.accepts > 1 ? sum.accepts - 1 : 0;
    if (sum.accepts > 1 + sum.marks) {
        sim_fail(sim, "c%u/%u was sent %u times on step %u and marked %u times", c + 1, ordinal,
                 sum.accepts, step, sum.marks);
    }
}

void sim_attempt_check_end(struct sim *sim, unsigned c, uint32_t ordinal)
{
    const struct sim_campaign *campaign = &sim->journal.campaigns[c];
    for (const struct sim_attempt *a = campaign->recipients[ordinal].attempts; a != NULL;
         a = a->next) {
        check_attempt(sim, c, ordinal, a);
        if (a->starts > 1 + a->marks + a->untaken) {
            sim_fail(sim, "c%u/%u #%u.%02x was started %u times, marked %u, untaken %u", c + 1,
                     ordinal, a->step, a->number, a->starts, a->marks, a->untaken);
        }
    }
    check_tokens(sim, c, ordinal);
    for (unsigned round = 0; round <= campaign->recipients[ordinal].round; round++) {
        for (unsigned step = 0; step < campaign->def.plan.step_count; step++) {
            check_step(sim, c, ordinal, round, step);
        }
    }
}

void sim_attempt_free_all(struct sim_recipient *recipient)
{
    while (recipient->attempts != NULL) {
        struct sim_attempt *attempt = recipient->attempts;
        recipient->attempts = attempt->next;
        mem_free(attempt);
    }
}
