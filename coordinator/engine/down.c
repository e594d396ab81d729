/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of those who wait while no provider of their step can be used. They wait on, or
 * climb at once, as the plan says (`if_down`).
 *
 * A provider is down while its breaker is not closed, or when none of the workers that are there
 * could open it; a step is, when all of its providers have been for down_grace_ms together: a blink
 * makes nobody climb. Nobody does either while a provider may be probed, or is: after hours without
 * anybody to send to, an open breaker says little. That a provider is throttled, has no tokens, or
 * that there is no worker at all is no reason: it would be no better on another channel, or it will
 * be soon.
 *
 * On a step of a pair it is the step that is given up, without a try: it fails, or stays in doubt,
 * and the ladder climbs when the other one is through (pair.h).
 *
 * Who climbs is decided as any climb, by an event: a restart, which knows nothing of breakers,
 * comes to the same. Whoever may have been reached on a step that is over once somebody is accepted
 * waits all the same: he would be sent to twice. And who has no further step waits, or who has come
 * back from his way past it (detour.h).
 *
 * Who waits for his backoff climbs with the others: else a few would be the probe again and again.
 *
 * Pages are looked through from the first to the last, a few in each run, and again soon; later, if
 * some wait who may not climb. When exactly is left to the dice, so that it never keeps step with
 * the probes.
 */
#include <utlist.h>

#include "coordinator/engine/detour.h"
#include "coordinator/engine/engine_state.h"

#define PAGES_PER_RUN 64
#define LOOK_SOON_MS  100
#define LOOK_LATER_MS 1000

static bool is_unopened(const struct engine *engine, unsigned provider)
{
    bool is_there = false;
    for (unsigned i = 0; i < engine->roster.count; i++) {
        const struct roster_entry *entry = &engine->roster.entries[i];
        if (!entry->present || engine_is_silent(engine, entry, 1)) {
            continue;
        }
        if (entry->unopened[provider] == NULL) {
            return false;
        }
        is_there = true;
    }
    return is_there;
}

static void look_at_providers(struct engine *engine)
{
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        struct provider *provider = &engine->providers[i];
        bool is_down = provider->is_there &&
                       (provider->quota.breaker != BREAKER_CLOSED || is_unopened(engine, i));
        if (!is_down) {
            provider->down_since_ms = 0;
        } else if (provider->down_since_ms == 0) {
            provider->down_since_ms = engine->now_ms;
        }
    }
}

static bool may_be_back(const struct engine *engine, const struct provider *provider)
{
    const struct quota *quota = &provider->quota;
    return quota->breaker == BREAKER_PROBING ||
           (quota->breaker == BREAKER_OPEN && quota->breaker_until_ms <= engine->now_ms);
}

/* Since when no provider of the step can be used; 0: one can, or perhaps. Providers that the
 * settings do not have any more are down since ever. */
static uint64_t step_down_since_ms(const struct engine *engine, const struct plan_step *step)
{
    uint64_t since_ms = 1;
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        const struct provider *provider = &engine->providers[i];
        if (!provider->is_there || provider->def.channel != step->channel ||
            (step->providers >> i & 1) == 0) {
            continue;
        }
        if (provider->down_since_ms == 0 ||
            (may_be_back(engine, provider) && !is_unopened(engine, i))) {
            return 0;
        }
        since_ms = provider->down_since_ms > since_ms ? provider->down_since_ms : since_ms;
    }
    return since_ms;
}

/* Bit s: who waits on step s climbs. */
static unsigned steps_down(const struct engine *engine, const struct campaign *campaign)
{
    unsigned steps = 0;
    for (unsigned s = 0; s < campaign->def.plan.step_count; s++) {
        const struct plan_step *step = &campaign->def.plan.steps[s];
        if (step->if_down != PLAN_DOWN_CLIMB || ladder_step_if_down(campaign, s) == 0) {
            continue;
        }
        uint64_t since_ms = step_down_since_ms(engine, step);
        bool is_down = since_ms != 0 && since_ms + engine->settings.down_grace_ms <= engine->now_ms;
        steps |= (unsigned)is_down << s;
    }
    return steps;
}

/* Those of one page that are looked through. */
struct look {
    const struct plan *plan;
    const struct recipient_state *states;
    const uint8_t *detours;
    unsigned steps;
};

static bool is_climbing(const struct look *look, unsigned place)
{
    const struct recipient_state *state = &look->states[place];
    bool is_waiting = state->state == DELIVERY_WAITING || state->state == DELIVERY_RETRYING;
    bool may_be_done = state->uncertain && look->plan->steps[state->step].until == PLAN_ACCEPTED;
    return is_waiting && detour_of(look->detours, place) != DETOUR_BACK &&
           (look->steps >> state->step & 1) != 0 && !may_be_done;
}

/* Neighbours who leave the step that they wait on, which is one; all in doubt, or none. */
static void leave_step(struct engine *engine, struct campaign *campaign, uint32_t page,
                       const struct recipient_state *state, unsigned offset, unsigned span)
{
    unsigned step = state->step;
    bool is_of_pair = campaign_has_pair(campaign) && plan_is_paired(&campaign->def.plan, step);
    enum delivery_event given_up = state->uncertain ? DELIVERY_EVENT_HELD : DELIVERY_EVENT_FAILED;
    engine_decide(engine, campaign, page,
                  &(struct event){
                      .kind = (uint8_t)(is_of_pair ? given_up : DELIVERY_EVENT_CLIMBED),
                      .step = (uint8_t)(is_of_pair ? step : ladder_step_if_down(campaign, step)),
                      .offset = (uint16_t)offset,
                      .span = (uint16_t)span,
                      .reason = REASON_CHANNEL_DOWN,
                      .at_ms = engine->now_ms,
                      .due_ms = is_of_pair ? 0 : engine->now_ms,
                  });
    if (is_of_pair) {
        pair_end(engine, campaign, page, offset, span, REASON_CHANNEL_DOWN);
    }
}

/* False: nobody does. */
static bool climb_page(struct engine *engine, struct campaign *campaign, uint32_t page,
                       unsigned steps)
{
    bool is_climbed = false;
    const struct look look = {.plan = &campaign->def.plan,
                              .states = campaign_states(campaign, page),
                              .detours =
                                  campaign->pages[campaign_base_page(campaign, page)].rest.detours,
                              .steps = steps};
    unsigned slots = campaign_page_slots(campaign, page);
    for (unsigned i = 0; i < slots;) {
        unsigned end = i + 1;
        const struct recipient_state first = look.states[i];
        if (is_climbing(&look, i)) {
            is_climbed = true;
            while (end < slots && look.states[end].step == first.step &&
                   look.states[end].uncertain == first.uncertain && is_climbing(&look, end)) {
                end++;
            }
            leave_step(engine, campaign, page, &first, i, end - i);
        }
        i = end;
    }
    campaign_refresh_timers(campaign, page);
    return is_climbed;
}

/* Does somebody of the page wait on one of these steps? */
static bool is_page_due(const struct campaign *campaign, uint32_t page, unsigned steps)
{
    if (page >= campaign->next_fresh && !campaign_is_side(campaign, page)) {
        return (steps >> campaign->first_step & 1) != 0;
    }
    for (unsigned s = 0; s < campaign->def.plan.step_count; s++) {
        if ((steps >> s & 1) != 0 && campaign->due[s].place[page] != 0) {
            return true;
        }
    }
    return false;
}

/* Returns how many pages were looked through. */
static unsigned run_campaign(struct engine *engine, struct campaign *campaign, unsigned most)
{
    bool is_time = campaign_is_sending(campaign) && cap_lets_send(campaign) &&
                   engine->now_ms >= campaign->down_next_ms;
    unsigned steps = is_time ? steps_down(engine, campaign) : 0;
    unsigned pages = 0;
    while (steps != 0 && pages < most && campaign->down_page < campaign->page_total) {
        uint32_t page = campaign->down_page++;
        if (is_page_due(campaign, page, steps)) {
            campaign->down_in_vain |= !climb_page(engine, campaign, page, steps);
            pages++;
        }
    }
    if (steps != 0 && campaign->down_page == campaign->page_total) {
        campaign->down_page = 0;
        uint64_t wait_ms = campaign->down_in_vain ? LOOK_LATER_MS : LOOK_SOON_MS;
        campaign->down_next_ms = engine->now_ms + wait_ms / 2 + engine_dice(engine) % wait_ms;
        campaign->down_in_vain = false;
    }
    return pages;
}

bool down_run(struct engine *engine)
{
    struct campaign *campaign = NULL;
    unsigned left = PAGES_PER_RUN;
    look_at_providers(engine);
    DL_FOREACH(engine->live, campaign)
    {
        unsigned pages = left == 0 ? 0 : run_campaign(engine, campaign, left);
        left -= pages;
        if (pages > 0) {
            engine_settle(engine, campaign);
        }
    }
    return left == 0;
}
