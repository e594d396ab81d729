/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Workers as the engine knows them: who is there, what they have in hand, what they report, and
 * what time does to those who are silent.
 */
#include <stdio.h>
#include <string.h>
#include <utlist.h>

#include "coordinator/engine/engine_state.h"

/* How long the engine lets itself sleep. */
#define RUN_AT_MOST_MS 200
#define RESEND_MAX_MS  60000
/* In lease times: a worker silent for so long has to say hello again, */
#define FORGET_LEASES 20
/* and leases of a stopped campaign that make no progress for so long are given up. */
#define GIVE_UP_LEASES 4
/* So often is called back again what a worker says nothing of. */
#define RECALLS_MAX 4

/* ---- Workers ---- */

static void settle_expired(struct engine *engine, struct lease *lease, const struct fate *fate)
{
    lease->campaign->pages[lease->page].has_lost = true;
    lease->campaign->has_lost = true;
    if (lease->sends > 0) {
        under_way_lose(&engine->providers[lease->provider].under_way, lease->left, engine->now_ms);
    }
    engine->stats.leases_expired++;
    intake_settle_all(engine, lease, fate);
}

static void give_up(struct engine *engine, uint64_t instance, enum outcome outcome, uint16_t reason)
{
    const struct fate fate = {.outcome = outcome, .reason = reason};
    const struct fate unsent = {.outcome = OUTCOME_RETURNED, .reason = REASON_NONE};
    struct lease *lease = NULL;
    struct lease *next = NULL;
    HASH_ITER(hh, engine->leases.by_id, lease, next)
    {
        if (lease->instance == instance) {
            struct campaign *campaign = lease->campaign;
            if (outcome == OUTCOME_UNCERTAIN) {
                settle_expired(engine, lease, lease->sends == 0 ? &unsent : &fate);
            } else {
                intake_settle_all(engine, lease, lease->sends == 0 ? &unsent : &fate);
            }
            engine_settle(engine, campaign);
        }
    }
}

/* Leases that a replay found for this instance are in its hand again. */
static void count_in_hand(struct engine *engine, struct roster_entry *entry)
{
    memset(entry->in_hand, 0, sizeof(entry->in_hand));
    struct lease *lease = NULL;
    struct lease *next = NULL;
    HASH_ITER(hh, engine->leases.by_id, lease, next)
    {
        if (lease->instance == entry->instance) {
            entry->in_hand[lease->campaign->def.plan.steps[lease->step].channel] += lease->left;
            /* What it did not get in the former life it should have soon. */
            uint64_t soon_ms = engine->now_ms + engine->settings.heartbeat_ms;
            lease->resend_at_ms = lease->resend_at_ms < soon_ms ? lease->resend_at_ms : soon_ms;
        }
    }
}

static bool has_lease_of(const struct engine *engine, const struct roster_entry *entry,
                         const struct campaign *campaign)
{
    const struct lease *lease = engine->leases.by_id;
    while (lease != NULL && (lease->instance != entry->instance || lease->campaign != campaign)) {
        lease = lease->hh.next;
    }
    return lease != NULL;
}

/* While its link was down the worker may have missed that a campaign was stopped. */
static void tell_of_stopped(struct engine *engine, const struct roster_entry *entry)
{
    struct campaign *campaign = NULL;
    DL_FOREACH(engine->live, campaign)
    {
        if (!campaign_is_sending(campaign) && !campaign->is_ended &&
            has_lease_of(engine, entry, campaign)) {
            engine_tell_stopped(engine, entry, campaign);
        }
    }
}

void engine_worker_hello(struct engine *engine, uint32_t worker, const char *name,
                         uint64_t instance, uint64_t now_ms)
{
    engine_advance(engine, now_ms);
    for (unsigned i = 0; i < engine->roster.count; i++) {
        struct roster_entry *entry = &engine->roster.entries[i];
        bool is_former = entry->instance != instance && entry->present &&
                         (entry->worker == worker || strcmp(entry->name, name) == 0);
        if (is_former) {
            entry->present = false;
            give_up(engine, entry->instance, OUTCOME_UNCERTAIN, REASON_WORKER_RESTARTED);
        }
    }
    struct roster_entry *entry = roster_add(&engine->roster, instance);
    entry->worker = worker;
    entry->present = true;
    entry->heard_ms = engine->now_ms;
    entry->is_given_up = false;
    snprintf(entry->name, sizeof(entry->name), "%s", name);
    memset(entry->credit, 0, sizeof(entry->credit));
    count_in_hand(engine, entry);
    tell_of_stopped(engine, entry);
    quiet_tell(engine, entry);
}

static struct roster_entry *hear(struct engine *engine, uint32_t worker, uint64_t now_ms)
{
    engine_advance(engine, now_ms);
    struct roster_entry *entry = roster_find_worker(&engine->roster, worker);
    if (entry != NULL) {
        entry->heard_ms = engine->now_ms;
        entry->is_given_up = false;
    }
    return entry;
}

void engine_worker_credit(struct engine *engine, uint32_t worker,
                          const uint32_t limit[CHANNEL_KINDS], uint64_t now_ms)
{
    struct roster_entry *entry = hear(engine, worker, now_ms);
    if (entry != NULL) {
        memcpy(entry->credit, limit, sizeof(entry->credit));
    }
}

void engine_worker_unopened(struct engine *engine, uint32_t worker,
                            const struct wire_unopened *unopened, unsigned count)
{
    struct roster_entry *entry = roster_find_worker(&engine->roster, worker);
    if (entry != NULL) {
        roster_entry_set_unopened(entry, unopened, count);
    }
}

bool engine_worker_heartbeat(struct engine *engine, uint32_t worker, uint64_t now_ms)
{
    return hear(engine, worker, now_ms) != NULL;
}

void engine_worker_bye(struct engine *engine, uint64_t instance, uint64_t now_ms)
{
    engine_advance(engine, now_ms);
    struct roster_entry *entry = roster_find(&engine->roster, instance);
    if (entry != NULL) {
        entry->present = false;
        /* It says so when all it knew of is durable: what is still open never reached it. */
        give_up(engine, entry->instance, OUTCOME_RETURNED, REASON_DRAINED);
    }
}

static void take_latency(struct engine *engine, const struct wire_outcome_group *group)
{
    const struct lease *lease = lease_find(&engine->leases, group->lease);
    if (lease != NULL && group->timed > 0 && engine->providers[lease->provider].is_there) {
        health_on_latency(&engine->providers[lease->provider].health,
                          (double)group->latency_ms / group->timed, group->timed, engine->now_ms);
    }
}

/* Of places that may have left their lease before. */
static void hear_of_places(struct engine *engine, uint64_t lease, const struct outcome_run *run)
{
    for (unsigned p = 0; p < WIRE_PROVIDERS_MAX; p++) {
        if (engine->providers[p].under_way.left_count > 0) {
            under_way_hear(&engine->providers[p].under_way, lease, run->offset, run->span);
        }
    }
}

/* How long it took from the lease to the outcomes of a group, which came together. */
static void note_delay(struct engine *engine, const struct lease *lease,
                       const struct campaign *campaign, uint32_t attempts)
{
    if (attempts > 0 && lease->leased_ms != 0) {
        histogram_add(&engine->delays.lease_to_outcome[lease->provider][campaign->def.priority],
                      &HISTOGRAM_MS, engine->now_ms - lease->leased_ms, attempts);
    }
}

static void take_group(struct engine *engine, const struct wire_outcome_group *group,
                       struct roster_entry *entry)
{
    struct lease first = {0}; /* as it was: the lease goes with its last place */
    uint32_t attempts = 0;
    struct campaign *campaign = engine_find_campaign(engine, group->campaign);
    if (campaign == NULL) {
        return;
    }
    take_latency(engine, group);
    for (unsigned r = 0; r < group->run_count; r++) {
        const struct outcome_run *run = &group->runs[r];
        struct lease *lease = lease_find(&engine->leases, group->lease);
        hear_of_places(engine, group->lease, run);
        if (lease == NULL || lease->campaign != campaign ||
            campaign_base_page(campaign, lease->page) != group->page) {
            intake_late(engine, campaign, group->lease, group->page, run);
            continue;
        }
        lease->resend_at_ms = engine->now_ms + lease->resend_in_ms;
        first = attempts == 0 ? *lease : first;
        attempts += run->outcome == OUTCOME_RETURNED ? 0 : run->span;
        struct fate fate = {.outcome = (enum outcome)run->outcome,
                            .reason = run->reason,
                            .retry_after_ms = run->retry_after_ms,
                            .ref = run->ref};
        intake_settle(engine, lease, run->offset, run->span, &fate);
        if (entry != NULL) {
            entry->outcomes += run->span;
            rate_meter_add(&entry->meter, run->span, engine->now_ms);
        }
    }
    note_delay(engine, &first, campaign, attempts);
    engine_settle(engine, campaign);
}

static uint32_t count_of(const struct wire_outcomes *outcomes)
{
    uint32_t count = 0;
    for (unsigned g = 0; g < outcomes->group_count; g++) {
        for (unsigned r = 0; r < outcomes->groups[g].run_count; r++) {
            count += outcomes->groups[g].runs[r].span;
        }
    }
    return count;
}

void engine_outcomes(struct engine *engine, uint32_t worker, const struct wire_outcomes *outcomes,
                     uint64_t now_ms)
{
    struct roster_entry *entry = hear(engine, worker, now_ms);
    for (unsigned g = 0; g < outcomes->group_count; g++) {
        take_group(engine, &outcomes->groups[g], entry);
    }
    engine_push_effect(engine, &(struct engine_effect){.kind = ENGINE_DURABLE,
                                                       .worker = worker,
                                                       .instance = outcomes->instance,
                                                       .seq = outcomes->seq,
                                                       .count = count_of(outcomes)});
}

static void take_back(struct engine *engine, uint64_t id, uint64_t now_ms, const struct fate *fate)
{
    engine_advance(engine, now_ms);
    struct lease *lease = lease_find(&engine->leases, id);
    if (lease == NULL) {
        return;
    }
    lease->sends -= lease->sends > 0;
    if (lease->sends > 0) {
        return; /* an earlier sending may have arrived */
    }
    struct campaign *campaign = lease->campaign;
    intake_settle_all(engine, lease, fate);
    engine_settle(engine, campaign);
}

void engine_worker_unreachable(struct engine *engine, uint32_t worker, uint64_t now_ms)
{
    engine_advance(engine, now_ms);
    struct roster_entry *entry = roster_find_worker(&engine->roster, worker);
    if (entry != NULL) {
        memset(entry->credit, 0, sizeof(entry->credit));
    }
}

void engine_lease_unsent(struct engine *engine, uint64_t id, uint64_t now_ms)
{
    take_back(engine, id, now_ms,
              &(struct fate){.outcome = OUTCOME_RETURNED, .reason = REASON_NONE});
}

void engine_lease_unreadable(struct engine *engine, uint64_t id, uint64_t now_ms)
{
    take_back(engine, id, now_ms,
              &(struct fate){.outcome = OUTCOME_DEFERRED, .reason = REASON_PAGE_DAMAGED});
}

/* ---- Time ---- */

bool engine_is_silent(const struct engine *engine, const struct roster_entry *entry,
                      uint64_t lease_times)
{
    return entry->heard_ms + engine->settings.lease_ms * lease_times <= engine->now_ms;
}

/* Who is silent for a lease time loses its leases, but may come back: it may have been us who were
 * held up. After many lease times it is forgotten. */
static void expire_workers(struct engine *engine)
{
    for (unsigned i = 0; i < engine->roster.count;) {
        struct roster_entry *entry = &engine->roster.entries[i];
        if (engine_is_silent(engine, entry, 1) && !entry->is_given_up) {
            entry->is_given_up = true;
            give_up(engine, entry->instance, OUTCOME_UNCERTAIN, REASON_LEASE_EXPIRED);
        }
        if (engine_is_silent(engine, entry, entry->present ? FORGET_LEASES : 1)) {
            roster_remove(&engine->roster, i);
        } else {
            i++;
        }
    }
}

/* All that is left was called back, again and again: the worker may never have had it, or has lost
 * it. */
static bool is_recalled_in_vain(const struct lease *lease)
{
    struct bitmap barred = suppress_barred(lease);
    return lease->recalls > RECALLS_MAX && bitmap_count(&barred) == lease->left;
}

/* Its batch would not be sent now, for the campaign is stopped or somebody of it is asleep, and its
 * worker was told to return it: if it has it, it would have. */
static bool is_withheld_in_vain(struct engine *engine, const struct lease *lease)
{
    uint64_t patience_ms = (uint64_t)engine->settings.lease_ms * GIVE_UP_LEASES + lease->spread_ms;
    if (lease->progress_ms + patience_ms >= engine->now_ms) {
        return false;
    }
    return !campaign_is_sending(lease->campaign) ||
           (lease->withheld > RECALLS_MAX && quiet_holds_lease(engine, lease));
}

static bool is_stuck(struct engine *engine, const struct lease *lease)
{
    return is_withheld_in_vain(engine, lease) || is_recalled_in_vain(lease);
}

static void resend_batches(struct engine *engine)
{
    struct lease *lease = NULL;
    struct lease *next = NULL;
    HASH_ITER(hh, engine->leases.by_id, lease, next)
    {
        if (lease->resend_at_ms > engine->now_ms) {
            continue;
        }
        if (is_stuck(engine, lease)) {
            struct campaign *campaign = lease->campaign;
            settle_expired(
                engine, lease,
                &(struct fate){.outcome = OUTCOME_UNCERTAIN, .reason = REASON_LEASE_EXPIRED});
            engine_settle(engine, campaign);
            continue;
        }
        const struct roster_entry *entry = roster_find(&engine->roster, lease->instance);
        lease->resend_in_ms =
            lease->resend_in_ms * 2 < RESEND_MAX_MS ? lease->resend_in_ms * 2 : RESEND_MAX_MS;
        lease->resend_at_ms = engine->now_ms + lease->resend_in_ms;
        if (entry != NULL && entry->present && campaign_is_sending(lease->campaign)) {
            engine_push_effect(engine, &(struct engine_effect){.kind = ENGINE_BATCH,
                                                               .worker = entry->worker,
                                                               .instance = entry->instance,
                                                               .lease = lease->id});
            suppress_recall_again(engine, lease);
        }
    }
}

void engine_skip(struct engine *engine, uint64_t ms)
{
    for (unsigned i = 0; i < engine->roster.count; i++) {
        engine->roster.entries[i].heard_ms += ms;
    }
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        under_way_skip(&engine->providers[i].under_way, ms);
    }
    for (struct lease *lease = engine->leases.by_id; lease != NULL; lease = lease->hh.next) {
        lease->resend_at_ms += ms;
        lease->progress_ms += ms;
    }
}

uint32_t engine_run(struct engine *engine, uint64_t now_ms)
{
    engine_advance(engine, now_ms);
    control_run(engine);
    expire_workers(engine);
    resend_batches(engine);
    ladder_run(engine);
    engine_put_to_sleep(engine);
    provider_change_run(engine);
    sharing_run(engine);
    bool is_more = round_run(engine);
    is_more |= down_run(engine);
    if (dispatch_run(engine) || is_more) {
        return 0;
    }
    uint64_t climb_ms = ladder_next_ms(engine);
    uint64_t next_ms = dispatch_next_ms(engine);
    next_ms = climb_ms < next_ms ? climb_ms : next_ms;
    uint64_t control_ms = control_next_ms(engine);
    next_ms = control_ms < next_ms ? control_ms : next_ms;
    uint64_t wait_ms = next_ms > engine->now_ms ? next_ms - engine->now_ms : 0;
    return wait_ms < RUN_AT_MOST_MS ? (uint32_t)wait_ms : RUN_AT_MOST_MS;
}
