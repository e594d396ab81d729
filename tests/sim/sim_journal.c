/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim_journal.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/mem.h"
#include "coordinator/ledger/ledger.h"
#include "coordinator/ledger/recovery.h"
#include "proto/outcome.h"
#include "tests/sim/sim.h"
#include "tests/sim/sim_audience.h"
#include "tests/sim/sim_limits.h"

void sim_journal_init(struct sim *sim)
{
    for (unsigned c = 0; c < sim->settings.campaign_count; c++) {
        struct sim_campaign *campaign = &sim->journal.campaigns[c];
        campaign->def = sim->settings.campaigns[c].def;
        campaign->attempts = mem_zalloc(campaign->def.slots, sizeof(*campaign->attempts));
        campaign->recipients = mem_zalloc(campaign->def.slots, sizeof(*campaign->recipients));
    }
}

static void free_attempts(struct sim_campaign *campaign)
{
    for (uint32_t i = 0; campaign->attempts != NULL && i < campaign->def.slots; i++) {
        while (campaign->attempts[i] != NULL) {
            struct sim_attempt *attempt = campaign->attempts[i];
            campaign->attempts[i] = attempt->next;
            mem_free(attempt);
        }
    }
    mem_free(campaign->attempts);
    mem_free(campaign->recipients);
}

void sim_journal_release(struct sim_journal *journal)
{
    for (unsigned c = 0; c < SIM_CAMPAIGNS_MAX; c++) {
        if (journal->campaigns[c].fold != NULL) {
            campaign_free(journal->campaigns[c].fold);
        }
        free_attempts(&journal->campaigns[c]);
    }
    lease_table_release(&journal->leases);
    struct sim_lease *lease = NULL;
    struct sim_lease *next = NULL;
    HASH_ITER(hh, journal->seen, lease, next)
    {
        HASH_DELETE(hh, journal->seen, lease);
        mem_free(lease);
    }
}

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

struct recipient_state sim_journal_state(const struct sim_journal *journal, unsigned campaign,
                                         uint32_t ordinal)
{
    return campaign_recipient(journal->campaigns[campaign].fold, ordinal / PAGE_RECIPIENTS,
                              ordinal % PAGE_RECIPIENTS);
}

bool sim_journal_is_open(const struct sim_journal *journal, uint64_t id,
                         const struct bitmap *places)
{
    const struct lease *lease = lease_find(&journal->leases, id);
    for (unsigned w = 0; lease != NULL && w < BITMAP_WORDS; w++) {
        if ((lease->places.words[w] & places->words[w]) != 0) {
            return true;
        }
    }
    return false;
}

void sim_journal_check_accepted(const struct sim *sim, const struct sim_report *report)
{
    unsigned c = report->campaign;
    for (unsigned i = bitmap_next(&report->accepted, 0); i < BITMAP_BITS;
         i = bitmap_next(&report->accepted, i + 1)) {
        uint32_t ordinal = report->page * PAGE_RECIPIENTS + i;
        struct recipient_state state = sim_journal_state(&sim->journal, c, ordinal);
        bool is_last = sim->journal.campaigns[c].recipients[ordinal].lease == report->lease;
        if (is_last && state.state != DELIVERY_ACCEPTED && !sim->journal.campaigns[c].is_ended) {
            sim_fail(sim, "c%u/%u was reported accepted, and is %s", c + 1, ordinal,
                     delivery_state_name((enum delivery_state)state.state));
        }
    }
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

static void note_place(struct sim *sim, unsigned c, uint32_t ordinal, const struct event *event)
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

/* ---- Leases ---- */

static void note_lease(struct sim *sim, unsigned c, uint32_t page, const struct event *event)
{
    struct sim_lease *seen = NULL;
    HASH_FIND(hh, sim->journal.seen, &event->lease, sizeof(event->lease), seen);
    if (seen == NULL) {
        seen = mem_zalloc(1, sizeof(*seen));
        *seen = (struct sim_lease){
            .id = event->lease, .campaign = c, .page = page, .instance = event->worker};
        HASH_ADD(hh, sim->journal.seen, id, sizeof(seen->id), seen);
    } else if (lease_find(&sim->journal.leases, event->lease) == NULL) {
        sim_fail(sim, "lease %" PRIx64 " was given twice", event->lease);
    }
}

/* ---- Records ---- */

static void apply_event(struct sim *sim, unsigned c, uint32_t page, const struct event *event)
{
    struct sim_campaign *campaign = &sim->journal.campaigns[c];
    if (event->kind == DELIVERY_EVENT_LEASED) {
        note_lease(sim, c, page, event);
        campaign->leased_ms =
            event->at_ms > campaign->leased_ms ? event->at_ms : campaign->leased_ms;
    }
    for (unsigned i = 0; i < event->span; i++) {
        note_place(sim, c, page * PAGE_RECIPIENTS + event->offset + i, event);
    }
    if (!campaign_apply(campaign->fold, &sim->journal.leases, page, event)) {
        sim_fail(sim, "c%u page %u: the event %s at %u+%u does not fit", c + 1, page,
                 delivery_event_name((enum delivery_event)event->kind), event->offset, event->span);
    }
}

static void apply_own(struct sim *sim, unsigned c, const struct event_list *list)
{
    struct sim_campaign *campaign = &sim->journal.campaigns[c];
    for (unsigned i = 0; i < list->count; i++) {
        if (!campaign_apply_own(campaign->fold, &list->events[i])) {
            sim_fail(sim, "c%u: its event %u does not fit", c + 1, list->events[i].kind);
        }
        campaign->events[list->events[i].kind]++;
        if (list->events[i].kind == CAMPAIGN_EVENT_PAUSED) {
            campaign->paused_ms = list->events[i].at_ms;
        }
        bool is_stopped =
            campaign->fold->state == CAMPAIGN_PAUSED || campaign->fold->state == CAMPAIGN_CANCELLED;
        campaign->stopped_ms = is_stopped ? sim->now_ms : 0;
        if (list->events[i].kind == CAMPAIGN_EVENT_CANCELLED) {
            campaign_sweep_cancelled(campaign->fold);
        }
    }
}

static void apply_block(struct sim *sim, const struct record *record,
                        const struct record_entry *entry, bool is_own,
                        struct sim_provider_events *gathered)
{
    unsigned c = (unsigned)entry->campaign - 1;
    struct event_list list;
    if ((entry->page == RECORD_PAGE_CAMPAIGN) != is_own) {
        return;
    }
    event_list_init(&list);
    enum err err = event_block_decode(record_value(record, entry), &list);
    if (err != ERR_OK || c >= sim->settings.campaign_count ||
        sim->journal.campaigns[c].fold == NULL) {
        sim_fail(sim, "a block of campaign %u cannot be read: %s", c + 1, err_name(err));
    }
    if (is_own) {
        apply_own(sim, c, &list);
    } else {
        sim_limits_gather(gathered, &list);
        for (unsigned i = 0; i < list.count; i++) {
            apply_event(sim, c, entry->page, &list.events[i]);
        }
    }
    event_list_release(&list);
}

static void create_campaign(struct sim *sim, unsigned c)
{
    struct sim_campaign *campaign = &sim->journal.campaigns[c];
    if (campaign->is_created) {
        sim_fail(sim, "c%u was created twice", c + 1);
    }
    campaign->is_created = true;
    campaign->def = sim->settings.campaigns[c].def;
    campaign->fold = campaign_new(&campaign->def);
    for (uint32_t page = 0; page < campaign->fold->page_count; page++) {
        struct bitmap holes = sim_audience_holes(&sim->settings, c, page);
        if (bitmap_count(&holes) > 0) {
            campaign_set_holes(campaign->fold, page, &holes);
        }
    }
}

static void end_campaign(struct sim *sim, unsigned c, struct slice value)
{
    struct sim_campaign *campaign = &sim->journal.campaigns[c];
    struct campaign_end end;
    if (campaign->is_ended || campaign_end_decode(value, &end) != ERR_OK) {
        sim_fail(sim, "c%u ended twice, or with damaged counts", c + 1);
    }
    campaign->is_ended = true;
    if (end.state != campaign->fold->state || end.ended_ms != campaign->fold->ended_ms) {
        sim_fail(sim, "c%u ended otherwise than in its journal", c + 1);
    }
    for (unsigned s = 0; s < DELIVERY_STATES; s++) {
        if (end.counts[s] != campaign->fold->counts[s]) {
            sim_fail(sim, "c%u ended with %u %s, but its journal with %u", c + 1, end.counts[s],
                     delivery_state_name((enum delivery_state)s), campaign->fold->counts[s]);
        }
    }
}

static void apply_put(struct sim *sim, const struct record *record,
                      const struct record_entry *entry)
{
    struct buf key = {0};
    for (unsigned c = 0; c < sim->settings.campaign_count; c++) {
        buf_clear(&key);
        ledger_catalogue_key_u64(&key, CATALOGUE_CAMPAIGN, c + 1);
        if (slice_equal(buf_view(&key), record_key(record, entry))) {
            create_campaign(sim, c);
        }
        buf_clear(&key);
        recovery_end_key(&key, c + 1);
        if (slice_equal(buf_view(&key), record_key(record, entry))) {
            end_campaign(sim, c, record_value(record, entry));
        }
    }
    buf_release(&key);
}

static void apply_kind(struct sim *sim, const struct record *record, bool is_own,
                       struct sim_provider_events *gathered)
{
    for (size_t i = 0; i < record->entry_count; i++) {
        if (record->entries[i].kind == RECORD_BLOCK) {
            apply_block(sim, record, &record->entries[i], is_own, gathered);
        }
    }
}

static void check_paused(struct sim *sim)
{
    for (unsigned c = 0; c < sim->settings.campaign_count; c++) {
        struct sim_campaign *campaign = &sim->journal.campaigns[c];
        bool is_paused = campaign->fold != NULL && campaign->fold->state == CAMPAIGN_PAUSED;
        if (is_paused && campaign->leased_ms > campaign->paused_ms) {
            sim_fail(sim, "c%u was leased %" PRIu64 " ms after it was paused", c + 1,
                     campaign->leased_ms - campaign->paused_ms);
        }
        campaign->leased_ms = 0;
    }
}

void sim_journal_apply(struct sim *sim, const struct record *record)
{
    struct sim_provider_events gathered = {0};
    if (record->recno != ++sim->journal.recno) {
        sim_fail(sim, "record %" PRIu64 " became durable after %" PRIu64, record->recno,
                 sim->journal.recno - 1);
    }
    for (size_t i = 0; i < record->entry_count; i++) {
        struct slice key = record_key(record, &record->entries[i]);
        struct buf prefix = {0};
        ledger_catalogue_key(&prefix, CATALOGUE_CAMPAIGN, slice_of(NULL, 0));
        bool is_new = record->entries[i].kind == RECORD_PUT && key.len > prefix.len &&
                      memcmp(key.data, prefix.data, prefix.len) == 0;
        buf_release(&prefix);
        if (is_new) {
            apply_put(sim, record, &record->entries[i]);
        }
    }
    apply_kind(sim, record, false, &gathered);
    apply_kind(sim, record, true, &gathered);
    for (size_t i = 0; i < record->entry_count; i++) {
        struct buf prefix = {0};
        struct slice key = record_key(record, &record->entries[i]);
        ledger_catalogue_key(&prefix, CATALOGUE_CAMPAIGN_END, slice_of(NULL, 0));
        bool is_end = record->entries[i].kind == RECORD_PUT && key.len > prefix.len &&
                      memcmp(key.data, prefix.data, prefix.len) == 0;
        buf_release(&prefix);
        if (is_end) {
            apply_put(sim, record, &record->entries[i]);
        }
    }
    sim_limits_judge(sim, &gathered, record->epoch);
    check_paused(sim);
    sim->totals->records++;
}

void sim_journal_on_start(struct sim *sim, unsigned c, uint32_t ordinal, uint8_t number,
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

static void check_recipient_end(struct sim *sim, unsigned c, uint32_t ordinal)
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

void sim_journal_check_end(struct sim *sim)
{
    for (unsigned c = 0; c < sim->settings.campaign_count; c++) {
        const struct sim_campaign *campaign = &sim->journal.campaigns[c];
        if (!campaign->is_ended) {
            sim_fail(sim, "c%u has not ended", c + 1);
        }
        sim->totals->finished += campaign->fold->state == CAMPAIGN_FINISHED;
        sim->totals->cancelled += campaign->fold->state == CAMPAIGN_CANCELLED;
        for (uint32_t ordinal = 0; ordinal < campaign->def.slots; ordinal++) {
            check_recipient_end(sim, c, ordinal);
        }
    }
    if (sim->journal.leases.count != 0) {
        sim_fail(sim, "%" PRIu64 " leases are open at the end", sim->journal.leases.count);
    }
}
