/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether somebody could be sent to, for whoever wonders why nothing happens.
 *
 * The timers say when a page is worth looking at, and may say so too early: quiet hours have begun
 * since, or whoever was due there has acknowledged; and of pages that nothing was leased of yet
 * nobody knows who is asleep. The dispatcher finds out as it leases, which it does not where there
 * is no worker or no provider. So here the first pages are looked at as it would, and what is
 * found is kept in the same way: the timer gets its true time, a fresh page on which nobody is
 * awake becomes one that waits for its time. The next question goes on from there.
 */
#include "coordinator/engine/engine_state.h"

#define PAGES_AT_ONCE 32
/* Pages whose zones are read from the disk, by all questions within so long: whoever asks about
 * many campaigns does so at once, and holds up the thread that sends. */
#define READS_AT_ONCE   4
#define READS_WITHIN_MS 20

static bool may_read(struct engine *engine)
{
    if (engine->now_ms - engine->due_read_ms >= READS_WITHIN_MS) {
        engine->due_read_ms = engine->now_ms;
        engine->due_reads = 0;
    }
    return engine->due_reads < READS_AT_ONCE;
}

static bool may_look(struct engine *engine, struct campaign *campaign, unsigned step, uint32_t page,
                     unsigned *pages_left)
{
    bool is_read = quiet_is_step(campaign, step) && !quiet_knows_page(campaign, page);
    if (*pages_left == 0 || (is_read && !may_read(engine))) {
        return false;
    }
    (*pages_left)--;
    if (is_read) {
        engine->due_reads++;
        quiet_know_page(engine, campaign, page);
    }
    return true;
}

/* All of the providers that it has are in quiet hours of their own: that is as somebody wanted it.
 * A step that has none waits for somebody to mend that. */
static bool is_step_asleep(const struct engine *engine, const struct plan_step *step)
{
    bool is_asleep = false;
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        const struct provider *provider = &engine->providers[i];
        if (!provider->is_there || provider->def.channel != step->channel ||
            (step->providers >> i & 1) == 0) {
            continue;
        }
        if (!quiet_holds_provider(engine, provider)) {
            return false;
        }
        is_asleep = true;
    }
    return is_asleep;
}

static bool is_due(const struct engine *engine, struct campaign *campaign, uint32_t due_cs)
{
    struct fold fold = campaign_fold(campaign);
    return fold_due_ms(&fold, due_cs) <= engine->now_ms;
}

static enum due_now look_at_timers(struct engine *engine, struct campaign *campaign, unsigned step,
                                   unsigned *pages_left)
{
    const struct page_timers *timers = &campaign->due[step];
    uint32_t page = 0;
    uint32_t due_cs = 0;
    while (page_timers_first(timers, &page, &due_cs) && is_due(engine, campaign, due_cs)) {
        if (!may_look(engine, campaign, step, page, pages_left)) {
            return DUE_UNKNOWN;
        }
        campaign_refresh_timers(campaign, page);
        if (timers->place[page] != 0 && is_due(engine, campaign, timers->due_cs[page])) {
            return DUE_SOMEBODY;
        }
    }
    return DUE_NOBODY;
}

static bool is_anybody_awake(const struct campaign *campaign, unsigned step, uint32_t page)
{
    bool is_quiet = quiet_is_step(campaign, step);
    for (unsigned i = 0; i < campaign_page_slots(campaign, page); i++) {
        if (campaign_recipient(campaign, page, i).state == DELIVERY_WAITING &&
            !(is_quiet && quiet_until_ms(campaign, page, i) != 0)) {
            return true;
        }
    }
    return false;
}

static enum due_now look_at_fresh(struct engine *engine, struct campaign *campaign,
                                  unsigned *pages_left)
{
    unsigned step = campaign->first_step;
    while (campaign->next_fresh < campaign->page_count) {
        uint32_t page = campaign->next_fresh;
        if (!may_look(engine, campaign, step, page, pages_left)) {
            return DUE_UNKNOWN;
        }
        if (is_anybody_awake(campaign, step, page)) {
            return DUE_SOMEBODY;
        }
        campaign_refresh_timers(campaign, page);
        campaign->next_fresh++;
    }
    return DUE_NOBODY;
}

enum due_now engine_due_now(struct engine *engine, uint64_t id, uint64_t now_ms)
{
    struct campaign *campaign = engine_find_campaign(engine, id);
    unsigned pages_left = PAGES_AT_ONCE;
    bool is_unknown = false;
    engine_advance(engine, now_ms);
    if (campaign == NULL || campaign->is_ended || !campaign_is_sending(campaign) ||
        !cap_lets_send(campaign)) {
        return DUE_NOBODY;
    }
    quiet_advance(engine, campaign);
    for (unsigned step = 0; step < campaign->def.plan.step_count; step++) {
        if (is_step_asleep(engine, &campaign->def.plan.steps[step])) {
            continue;
        }
        enum due_now found = look_at_timers(engine, campaign, step, &pages_left);
        if (found == DUE_NOBODY && step == campaign->first_step) {
            found = look_at_fresh(engine, campaign, &pages_left);
        }
        if (found == DUE_SOMEBODY) {
            return DUE_SOMEBODY;
        }
        is_unknown |= found == DUE_UNKNOWN;
    }
    return is_unknown ? DUE_UNKNOWN : DUE_NOBODY;
}
