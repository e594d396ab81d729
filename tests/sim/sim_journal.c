/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim_journal.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/mem.h"
#include "coordinator/engine/engine_state.h"
#include "coordinator/engine/pair.h"
#include "coordinator/ledger/ledger.h"
#include "coordinator/ledger/recovery.h"
#include "tests/sim/sim.h"
#include "tests/sim/sim_audience.h"
#include "tests/sim/sim_limits.h"
#include "tests/sim/sim_pair.h"

void sim_journal_init(struct sim *sim)
{
    for (unsigned c = 0; c < sim->settings.campaign_count; c++) {
        struct sim_campaign *campaign = &sim->journal.campaigns[c];
        campaign->def = sim->settings.campaigns[c].def;
        campaign->recipients = mem_zalloc(campaign->def.slots, sizeof(*campaign->recipients));
    }
}

static void free_recipients(struct sim_campaign *campaign)
{
    for (uint32_t i = 0; campaign->recipients != NULL && i < campaign->def.slots; i++) {
        sim_attempt_free_all(&campaign->recipients[i]);
    }
    mem_free(campaign->recipients);
}

void sim_journal_release(struct sim_journal *journal)
{
    for (unsigned c = 0; c < SIM_CAMPAIGNS_MAX; c++) {
        if (journal->campaigns[c].fold != NULL) {
            campaign_free(journal->campaigns[c].fold);
        }
        free_recipients(&journal->campaigns[c]);
    }
    mem_free(journal->lost);
    lease_table_release(&journal->leases);
    struct sim_lease *lease = NULL;
    struct sim_lease *next = NULL;
    HASH_ITER(hh, journal->seen, lease, next)
    {
        HASH_DELETE(hh, journal->seen, lease);
        mem_free(lease);
    }
}

struct recipient_state sim_journal_track(const struct sim_journal *journal, unsigned c,
                                         uint32_t ordinal, unsigned step)
{
    const struct campaign *fold = journal->campaigns[c].fold;
    uint32_t page = campaign_page_of_step(fold, ordinal / PAGE_RECIPIENTS, step);
    return campaign_recipient(fold, page, ordinal % PAGE_RECIPIENTS);
}

struct sim_course *sim_journal_course(const struct sim_campaign *campaign, uint32_t ordinal,
                                      unsigned step)
{
    struct sim_recipient *recipient = &campaign->recipients[ordinal];
    return plan_is_beside(&campaign->def.plan, step) ? &recipient->side_course : &recipient->course;
}

struct recipient_state sim_journal_state(const struct sim_journal *journal, unsigned c,
                                         uint32_t ordinal)
{
    const struct campaign *fold = journal->campaigns[c].fold;
    uint32_t page = ordinal / PAGE_RECIPIENTS;
    struct recipient_state state = campaign_recipient(fold, page, ordinal % PAGE_RECIPIENTS);
    if (campaign_has_pair(fold)) {
        struct recipient_state side =
            campaign_recipient(fold, campaign_other_page(fold, page), ordinal % PAGE_RECIPIENTS);
        state = pair_state(&fold->def.plan, &state, &side);
    }
    return state;
}

const struct sim_lease *sim_journal_lease(const struct sim_journal *journal, uint64_t id)
{
    struct sim_lease *seen = NULL;
    HASH_FIND(hh, journal->seen, &id, sizeof(id), seen);
    return seen;
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

/* What is heard of a lease that was lost may be of any round, step or endpoint before, and then
 * settles none. */
static bool is_too_late(const struct sim_recipient *recipient, const struct sim_course *course,
                        const struct recipient_state *state)
{
    bool may_be_earlier = state->before != BEFORE_NOTHING || state->step > 0 ||
                          state->endpoint > 0 || recipient->round > 0;
    return course->is_lost && (state->step > course->leased_step || may_be_earlier);
}

/* On his last lease; since then he may have climbed. */
static bool was_accepted(const struct sim_recipient *recipient, const struct sim_course *course,
                         const struct recipient_state *state)
{
    unsigned step = course->leased_step;
    bool is_there = (recipient->ladder.accepted >> step & 1) != 0;
    bool is_still = state->step > step || state->state == DELIVERY_ACCEPTED;
    bool is_more_known = recipient->ladder.is_acknowledged || recipient->ladder.was_delivered ||
                         (recipient->ladder.bounced >> step & 1) != 0;
    return is_more_known || (is_there && is_still);
}

/* A page that came from a snapshot, or was woken, does not tell whose message came back: then doubt
 * is left as it is. */
static bool is_left_in_doubt(const struct sim *sim, unsigned c, uint32_t page,
                             const struct recipient_state *state)
{
    const struct campaign *campaign = engine_find_campaign(sim->coordinator.engine, c + 1);
    return state->state == DELIVERY_UNCERTAIN && campaign != NULL && campaign->pages != NULL &&
           campaign->pages[page].is_restored;
}

void sim_journal_check_accepted(const struct sim *sim, const struct sim_report *report)
{
    unsigned c = report->campaign;
    const struct sim_campaign *campaign = &sim->journal.campaigns[c];
    for (unsigned i = bitmap_next(&report->accepted, 0); i < BITMAP_BITS;
         i = bitmap_next(&report->accepted, i + 1)) {
        uint32_t ordinal = report->page * PAGE_RECIPIENTS + i;
        const struct sim_recipient *recipient = &campaign->recipients[ordinal];
        const struct sim_course *course = recipient->side_course.lease == report->lease
                                              ? &recipient->side_course
                                              : &recipient->course;
        struct recipient_state state =
            sim_journal_track(&sim->journal, c, ordinal, course->leased_step);
        bool is_last = course->lease == report->lease && !course->is_of_past;
        if (is_last && !campaign->is_ended && !is_too_late(recipient, course, &state) &&
            !was_accepted(recipient, course, &state) &&
            !is_left_in_doubt(sim, c, report->page, &state)) {
            sim_fail(sim, "c%u/%u was reported accepted, and is %s", c + 1, ordinal,
                     delivery_state_name((enum delivery_state)state.state));
        }
    }
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

static void trace_event(const struct sim *sim, unsigned c, uint32_t ordinal,
                        const struct recipient_state *state, const struct event *event)
{
    sim_trace(sim, "c%u/%u on step %u, %s: %s (%u)", c + 1, ordinal, state->step,
              delivery_state_name((enum delivery_state)state->state),
              delivery_event_name((enum delivery_event)event->kind), event->reason);
}

static void apply_event(struct sim *sim, unsigned c, uint32_t page, const struct event *event)
{
    struct sim_campaign *campaign = &sim->journal.campaigns[c];
    if (event->kind == DELIVERY_EVENT_LEASED) {
        note_lease(sim, c, page, event);
        campaign->leased_ms =
            event->at_ms > campaign->leased_ms ? event->at_ms : campaign->leased_ms;
    }
    for (unsigned i = 0; i < event->span; i++) {
        uint32_t ordinal = page * PAGE_RECIPIENTS + event->offset + i;
        struct recipient_state state = sim_journal_track(&sim->journal, c, ordinal, event->step);
        trace_event(sim, c, ordinal, &state, event);
        sim_plan_on_event(sim, c, ordinal, &state, event);
        sim_attempt_on_event(sim, c, ordinal, &state, event);
        sim_ladder_on_event(sim, c, ordinal, &state, event);
        sim_quiet_check_lease(sim, c, ordinal, event);
        sim_cap_on_event(sim, c, ordinal, &state, event);
        sim_suppress_on_event(sim, c, ordinal, &state, event);
        sim_control_on_recipient(sim, c, ordinal, &state, event);
        sim_retry_on_event(sim, c, ordinal, event);
    }
    campaign->is_changed = true;
    sim_control_on_event(sim, c, event);
    if (!campaign_apply(campaign->fold, &sim->journal.leases, page, event)) {
        sim_fail(sim, "c%u page %u: the event %s at %u+%u does not fit", c + 1, page,
                 delivery_event_name((enum delivery_event)event->kind), event->offset, event->span);
    }
    sim_control_counted(sim, c);
}

/* A record is gone through three times. */
enum pass { PASS_FORESEE, PASS_PAGES, PASS_CAMPAIGNS };

static bool is_ending(const struct event *event)
{
    return event->kind == CAMPAIGN_EVENT_CANCELLED || event->kind == CAMPAIGN_EVENT_SUPERSEDED ||
           event->kind == CAMPAIGN_EVENT_EXPIRED;
}

static void note_halted(const struct sim *sim, struct sim_campaign *campaign, bool was_sending,
                        const struct event *event)
{
    bool is_sending = campaign_is_sending(campaign->fold);
    if (is_sending) {
        campaign->stopped_ms = 0;
    } else if (campaign->fold->state != CAMPAIGN_FINISHED && campaign->stopped_ms == 0) {
        campaign->stopped_ms = sim->now_ms;
    }
    if (was_sending && !is_sending) {
        campaign->halted_ms = event->at_ms;
    }
}

static void apply_own(struct sim *sim, unsigned c, const struct event_list *list)
{
    struct sim_campaign *campaign = &sim->journal.campaigns[c];
    for (unsigned i = 0; i < list->count; i++) {
        bool was_sending = campaign_is_sending(campaign->fold);
        sim_control_on_own(sim, c, &list->events[i]);
        if (!campaign_apply_own(campaign->fold, &list->events[i])) {
            sim_fail(sim, "c%u: its event %u does not fit", c + 1, list->events[i].kind);
        }
        campaign->events[list->events[i].kind]++;
        note_halted(sim, campaign, was_sending, &list->events[i]);
        if (is_ending(&list->events[i])) {
            campaign_sweep(campaign->fold);
            sim_control_counted(sim, c);
        }
    }
}

/* The order of what happened to a campaign and to its recipients in one turn is not kept. */
static void foresee(struct sim *sim, unsigned c, const struct event_list *list)
{
    struct sim_campaign *campaign = &sim->journal.campaigns[c];
    campaign->is_paused = false;
    for (unsigned i = 0; i < list->count; i++) {
        sim_control_foresee(sim, c, &list->events[i]);
        sim_retry_foresee(sim, c, &list->events[i]);
        campaign->is_cancelled |= is_ending(&list->events[i]);
        campaign->is_ending |=
            campaign->is_cancelled || list->events[i].kind == CAMPAIGN_EVENT_FINISHED;
        campaign->is_screened |= list->events[i].kind == CAMPAIGN_EVENT_SCREENED;
    }
}

static void apply_block(struct sim *sim, const struct record *record,
                        const struct record_entry *entry, enum pass pass,
                        struct sim_provider_events *gathered)
{
    unsigned c = (unsigned)entry->campaign - 1;
    struct event_list list;
    if ((entry->page == RECORD_PAGE_CAMPAIGN) == (pass == PASS_PAGES)) {
        return;
    }
    event_list_init(&list);
    enum err err = event_block_decode(record_value(record, entry), &list);
    if (err != ERR_OK || c >= sim->settings.campaign_count ||
        sim->journal.campaigns[c].fold == NULL) {
        sim_fail(sim, "a block of campaign %u cannot be read: %s", c + 1, err_name(err));
    }
    if (pass == PASS_FORESEE) {
        foresee(sim, c, &list);
    } else if (pass == PASS_CAMPAIGNS) {
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
    struct campaign_end end = {0};
    bool is_read = campaign_end_decode(value, &end) == ERR_OK;
    if (!is_read || (campaign->is_ended && !campaign->is_changed)) {
        sim_fail(sim, "c%u ended twice, or with damaged counts", c + 1);
    }
    campaign->is_ended = true;
    campaign->is_changed = false;
    if (end.state != campaign->fold->state || end.ended_ms != campaign->fold->ended_ms) {
        sim_fail(sim, "c%u ended otherwise than in its journal", c + 1);
    }
    sim_ending_check_campaign(sim, c);
    if (end.complained != campaign->fold->complained) {
        sim_fail(sim, "c%u ended with %u complaints, but its journal with %u", c + 1,
                 end.complained, campaign->fold->complained);
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
            if (entry->kind == RECORD_REMOVE) {
                sim_retry_on_removed(sim, c);
            } else {
                end_campaign(sim, c, record_value(record, entry));
            }
        }
    }
    buf_release(&key);
}

static void apply_pass(struct sim *sim, const struct record *record, enum pass pass,
                       struct sim_provider_events *gathered)
{
    for (size_t i = 0; i < record->entry_count; i++) {
        if (record->entries[i].kind == RECORD_BLOCK) {
            apply_block(sim, record, &record->entries[i], pass, gathered);
        }
    }
}

static void check_halted(struct sim *sim)
{
    for (unsigned c = 0; c < sim->settings.campaign_count; c++) {
        struct sim_campaign *campaign = &sim->journal.campaigns[c];
        bool is_halted = campaign->fold != NULL && !campaign_is_sending(campaign->fold);
        if (is_halted && campaign->leased_ms > campaign->halted_ms) {
            sim_fail(sim, "c%u was leased %" PRIu64 " ms after it was stopped", c + 1,
                     campaign->leased_ms - campaign->halted_ms);
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
    for (unsigned c = 0; c < sim->settings.campaign_count; c++) {
        struct sim_campaign *campaign = &sim->journal.campaigns[c];
        campaign->is_paused = campaign->fold != NULL && campaign->fold->state == CAMPAIGN_PAUSED;
        campaign->was_cancelled = campaign->is_cancelled;
    }
    apply_pass(sim, record, PASS_FORESEE, &gathered);
    apply_pass(sim, record, PASS_PAGES, &gathered);
    apply_pass(sim, record, PASS_CAMPAIGNS, &gathered);
    for (size_t i = 0; i < record->entry_count; i++) {
        struct buf prefix = {0};
        struct slice key = record_key(record, &record->entries[i]);
        ledger_catalogue_key(&prefix, CATALOGUE_CAMPAIGN_END, slice_of(NULL, 0));
        bool is_end = record->entries[i].kind != RECORD_BLOCK &&
                      record->entries[i].kind != RECORD_SNAPSHOT && key.len > prefix.len &&
                      memcmp(key.data, prefix.data, prefix.len) == 0;
        buf_release(&prefix);
        if (is_end) {
            apply_put(sim, record, &record->entries[i]);
        }
    }
    sim_limits_judge(sim, &gathered, record->epoch);
    sim_days_judge(sim, record);
    check_halted(sim);
    sim_control_judge(sim);
    for (unsigned c = 0; c < sim->settings.campaign_count; c++) {
        sim_pair_check(sim, c);
    }
    sim_retry_judge(sim);
    sim->totals->records++;
}

/* ---- The end ---- */

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
            sim_attempt_check_end(sim, c, ordinal);
            sim_ending_check(sim, c, ordinal);
            sim_pair_check_end(sim, c, ordinal);
            sim_suppress_check_end(sim, c, ordinal);
        }
    }
    if (sim->journal.leases.count != 0) {
        sim_fail(sim, "%" PRIu64 " leases are open at the end", sim->journal.leases.count);
    }
}
