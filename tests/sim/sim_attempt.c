/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim_attempt.h"

#include "common/mem.h"
#include "proto/outcome.h"
#include "tests/sim/sim.h"

static struct sim_attempt *attempt_of(struct sim_campaign *campaign, uint32_t ordinal,
                                      uint8_t number)
{
    struct sim_attempt *attempt = campaign->attempts[ordinal];
    while (attempt != NULL && attempt->number != number) {
        attempt = attempt->next;
    }
    if (attempt == NULL) {
        attempt = mem_zalloc(1, sizeof(*attempt));
        attempt->number = number;
        attempt->next = campaign->attempts[ordinal];
        campaign->attempts[ordinal] = attempt;
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
                 "c%u/%u #%02x %s: leased %u, unstarted %u, answered %u, untaken %u, marks %u, "
                 "starts %u, accepts %u",
                 campaign + 1, ordinal, attempt->number, broken, attempt->leased,
                 attempt->unstarted, attempt->answered, attempt->untaken, attempt->marks,
                 attempt->starts, attempt->accepts);
    }
}

/* The provider's name for a message is kept. */
static void check_ref(const struct sim *sim, unsigned campaign, uint32_t ordinal,
                      const struct sim_attempt *attempt, const struct event *event)
{
    bool is_accepted = event->kind == DELIVERY_EVENT_ACCEPTED;
    if (is_accepted && event->ref.len == 0 && attempt->refs == attempt->accepts) {
        sim_fail(sim, "c%u/%u #%02x: its reference was lost", campaign + 1, ordinal,
                 attempt->number);
    }
    if (is_accepted && event->ref.len > 0 && attempt->refs == 0) {
        sim_fail(sim, "c%u/%u #%02x: its reference was invented", campaign + 1, ordinal,
                 attempt->number);
    }
}

void sim_attempt_on_event(struct sim *sim, unsigned c, uint32_t ordinal, const struct event *event)
{
    struct sim_campaign *campaign = &sim->journal.campaigns[c];
    struct recipient_state state = sim_journal_state(&sim->journal, c, ordinal);
    struct sim_attempt *attempt = attempt_of(campaign, ordinal, recipient_attempt_number(&state));
    sim_plan_check(sim, c, ordinal, &state, event);
    attempt->leased += event->kind == DELIVERY_EVENT_LEASED;
    attempt->unstarted += event->lease != 0 && is_unstarted(event);
    attempt->answered += is_answered(event);
    attempt->untaken += is_untaken(event);
    bool is_mark = event->kind == DELIVERY_EVENT_REPEATED || event->kind == DELIVERY_EVENT_HELD;
    attempt->marks += is_mark;
    sim->totals->marks += is_mark;
    check_attempt(sim, c, ordinal, attempt);
    check_ref(sim, c, ordinal, attempt, event);
}

void sim_attempt_on_start(struct sim *sim, unsigned c, uint32_t ordinal, uint8_t number,
                          bool is_taken, bool has_ref)
{
    struct sim_attempt *attempt = attempt_of(&sim->journal.campaigns[c], ordinal, number);
    attempt->starts++;
    attempt->accepts += is_taken;
    attempt->refs += has_ref;
    sim->totals->starts++;
    check_attempt(sim, c, ordinal, attempt);
}

/* ---- The end ---- */

/* Whatever arrives twice at an endpoint has one token: its provider can tell. */
static void check_tokens(struct sim *sim, unsigned c, uint32_t ordinal)
{
    for (const struct sim_attempt *a = sim->journal.campaigns[c].attempts[ordinal]; a != NULL;
         a = a->next) {
        for (const struct sim_attempt *b = a->next; b != NULL; b = b->next) {
            if (a->accepts > 0 && b->accepts > 0 && a->number >> 4 == b->number >> 4) {
                sim_fail(sim, "c%u/%u was taken as #%02x and as #%02x", c + 1, ordinal, a->number,
                         b->number);
            }
        }
    }
}

void sim_attempt_check_end(struct sim *sim, unsigned c, uint32_t ordinal)
{
    struct recipient_state state = sim_journal_state(&sim->journal, c, ordinal);
    unsigned accepts = 0;
    unsigned marks = 0;
    sim->totals->by_state[state.state]++;
    if (!delivery_state_is_final((enum delivery_state)state.state)) {
        sim_fail(sim, "c%u/%u is lost: at the end it is %s", c + 1, ordinal,
                 delivery_state_name((enum delivery_state)state.state));
    }
    for (const struct sim_attempt *a = sim->journal.campaigns[c].attempts[ordinal]; a != NULL;
         a = a->next) {
        check_attempt(sim, c, ordinal, a);
        accepts += a->accepts;
        marks += a->marks;
        if (a->starts > 1 + a->marks + a->untaken) {
            sim_fail(sim, "c%u/%u #%02x was started %u times, marked %u, untaken %u", c + 1,
                     ordinal, a->number, a->starts, a->marks, a->untaken);
        }
    }
    check_tokens(sim, c, ordinal);
    sim->totals->duplicates += accepts > 1 ? accepts - 1 : 0;
    if (accepts > 1 + marks) {
        sim_fail(sim, "c%u/%u was sent %u times and marked %u times", c + 1, ordinal, accepts,
                 marks);
    }
    bool is_unsent = state.state == DELIVERY_CANCELLED || state.state == DELIVERY_EXPIRED;
    if (is_unsent && state.uncertain) {
        sim_fail(sim, "c%u/%u is %s, which hides that it may have been reached", c + 1, ordinal,
                 delivery_state_name((enum delivery_state)state.state));
    }
    if (state.state == DELIVERY_ACCEPTED && accepts == 0) {
        sim_fail(sim, "c%u/%u is accepted, but no provider took it", c + 1, ordinal);
    }
    if (state.state != DELIVERY_ACCEPTED && accepts > 0 && marks == 0) {
        sim_fail(sim, "c%u/%u is %s, but a provider took it", c + 1, ordinal,
                 delivery_state_name((enum delivery_state)state.state));
    }
}

void sim_attempt_free_all(struct sim_campaign *campaign)
{
    for (uint32_t i = 0; campaign->attempts != NULL && i < campaign->def.slots; i++) {
        while (campaign->attempts[i] != NULL) {
            struct sim_attempt *attempt = campaign->attempts[i];
            campaign->attempts[i] = attempt->next;
            mem_free(attempt);
        }
    }
    mem_free(campaign->attempts);
}
