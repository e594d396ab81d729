/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim_check.h"

#include "coordinator/engine/engine_state.h"
#include "tests/sim/sim.h"

#define NEEDLESS_MS 300000
#define EACH_MS     1000 /* longer for each recipient */
#define DUE_UNIT_MS 10

static uint32_t sum_of(const uint32_t counts[DELIVERY_STATES])
{
    uint32_t sum = 0;
    for (unsigned s = DELIVERY_WAITING; s < DELIVERY_STATES; s++) {
        sum += counts[s];
    }
    return sum;
}

/* Of a plan with a pair: everybody stands once on the ladder, and at most once beside it. */
static void check_tracks(struct sim *sim, unsigned c, const struct campaign_view *view)
{
    const struct plan *plan = &view->def->plan;
    uint32_t on_pairs = 0;
    uint32_t sums[2] = {0, 0};
    for (unsigned r = 0; r < plan->step_count; r++) {
        uint32_t people = sum_of(view->rungs[r].states);
        sums[plan_is_beside(plan, r)] += people;
        on_pairs += plan_has_beside(plan, r) ? people : 0;
    }
    if (sums[0] != view->def->recipients || sums[1] > sums[0] || sums[1] < on_pairs) {
        sim_fail(sim, "c%u: %u stand on the ladder, %u on its pairs, %u beside it, of %u", c + 1,
                 sums[0], on_pairs, sums[1], view->def->recipients);
    }
}

/* The counts of the rungs add up, state by state. */
static void check_rungs(struct sim *sim, unsigned c, const struct campaign_view *view)
{
    if (plan_has_pair(&view->def->plan)) {
        check_tracks(sim, c, view);
        return;
    }
    for (unsigned s = DELIVERY_WAITING; s < DELIVERY_STATES; s++) {
        uint32_t sum = 0;
        for (unsigned r = 0; r < PLAN_RUNGS_MAX; r++) {
            sum += view->rungs[r].states[s];
        }
        if (sum != view->counts[s]) {
            sim_fail(sim, "c%u: on all rungs together %u are %s, and in all %u", c + 1, sum,
                     delivery_state_name((enum delivery_state)s), view->counts[s]);
        }
    }
}

static void check_sum(struct sim *sim, unsigned c)
{
    struct campaign_view view;
    uint32_t sum = 0;
    if (!engine_campaign(sim->coordinator.engine, c + 1, &view)) {
        return;
    }
    for (unsigned s = 0; s < DELIVERY_STATES; s++) {
        sum += view.counts[s];
    }
    if (sum != view.def->recipients) {
        sim_fail(sim, "c%u: the counts sum to %u instead of %u", c + 1, sum, view.def->recipients);
    }
    check_rungs(sim, c, &view);
    uint32_t left = view.counts[DELIVERY_WAITING] + view.counts[DELIVERY_LEASED] +
                    view.counts[DELIVERY_RETRYING] + view.open;
    if (view.open > view.counts[DELIVERY_ACCEPTED] + view.counts[DELIVERY_DELIVERED] +
                        view.counts[DELIVERY_UNCERTAIN]) {
        sim_fail(sim, "c%u: more are open than can be", c + 1);
    }
    if (view.state == CAMPAIGN_FINISHED && left > 0) {
        sim_fail(sim, "c%u is finished, and %u are not", c + 1, left);
    }
}

/* A provider of the step that takes whatever it is given. */
static bool has_free_provider(const struct sim *sim, const struct plan_step *step)
{
    const struct engine *engine = sim->coordinator.engine;
    for (unsigned i = 0; i < sim->settings.provider_count; i++) {
        const struct sim_provider_settings *own = &sim->settings.providers[i];
        const struct provider *provider = &engine->providers[own->def.id];
        bool has_limit = own->def.rate_per_s > 0 || own->def.day_quota > 0 ||
                         own->def.concurrency > 0 || own->has_quiet_hours ||
                         provider->quota.ceiling_per_s > 0 ||
                         provider->quota.paused_until_ms > engine->now_ms ||
                         provider->quota.breaker != BREAKER_CLOSED;
        if (provider->is_there && !has_limit && own->def.channel == step->channel &&
            (step->providers >> own->def.id & 1) != 0) {
            return true;
        }
    }
    return false;
}

/* Credit may be for one at a time, over a slow network. */
static uint64_t needless_ms(const struct sim *sim)
{
    uint64_t slots = 0;
    for (unsigned c = 0; c < sim->settings.campaign_count; c++) {
        slots += sim->settings.campaigns[c].def.slots;
    }
    return NEEDLESS_MS + slots * EACH_MS;
}

/* When nothing goes wrong any more nobody waits without a reason. */
static void check_overdue(const struct sim *sim, const struct campaign *campaign, uint32_t ordinal,
                          uint32_t due_cs, const struct recipient_state *state)
{
    const struct fold fold = {.plan = &campaign->def.plan, .base_ms = campaign->def.created_ms};
    bool is_waiting = !recipient_is_open(state);
    uint64_t patience_ms = needless_ms(sim);
    uint64_t quiet_ms = SIM_START_MS + sim->settings.faults_end_ms + patience_ms;
    bool may_wait = is_waiting && (campaign->def.rate_per_s > 0 || !campaign->is_screened ||
                                   !has_free_provider(sim, &fold.plan->steps[state->step]));
    if (sim->is_quiet && sim->now_ms > quiet_ms && campaign_is_sending(campaign) && !may_wait &&
        fold_due_ms(&fold, due_cs) + patience_ms < sim->coordinator.engine->now_ms) {
        sim_fail(sim, "c%u/%u, %s on step %u, waits for nothing", (unsigned)campaign->def.id,
                 ordinal, delivery_state_name((enum delivery_state)state->state), state->step);
    }
}

/* Whoever is to be sent to, or is open, is in the heap that will find him, and not too late. */
static void check_timer(struct sim *sim, unsigned c, uint32_t ordinal,
                        const struct recipient_state *state)
{
    const struct campaign *campaign = engine_find_campaign(sim->coordinator.engine, c + 1);
    uint32_t page = campaign_page_of_step(campaign, ordinal / PAGE_RECIPIENTS, state->step);
    bool is_due = state->state == DELIVERY_WAITING || state->state == DELIVERY_RETRYING;
    bool is_fresh = page >= campaign->next_fresh && !campaign_is_side(campaign, page);
    if (is_fresh || !(is_due || recipient_is_open(state))) {
        return;
    }
    const struct page_timers *timers = is_due ? &campaign->due[state->step] : &campaign->climbs;
    uint32_t due_cs = state->due_cs;
    if (is_due && quiet_is_step(campaign, state->step)) {
        const struct fold fold = {.plan = &campaign->def.plan, .base_ms = campaign->def.created_ms};
        uint64_t held_ms = quiet_until_ms(campaign, page, ordinal % PAGE_RECIPIENTS);
        uint32_t held_cs = fold_due_cs(&fold, held_ms);
        sim->totals->holds += held_cs > due_cs;
        due_cs = held_cs > due_cs ? held_cs : due_cs;
        /* His quiet hours may have ended a moment ago, when the timer says so. */
        uint32_t now_cs = fold_due_cs(&fold, sim->coordinator.engine->now_ms);
        due_cs = now_cs > due_cs ? now_cs : due_cs;
    }
    check_overdue(sim, campaign, ordinal, due_cs, state);
    if (timers->place[page] == 0 || timers->due_cs[page] > due_cs) {
        sim_fail(sim, "c%u/%u, %s on step %u, is due and no timer says so", c + 1, ordinal,
                 delivery_state_name((enum delivery_state)state->state), state->step);
    }
}

/* A provider of the step that is not in quiet hours of its own, or none at all. */
static bool is_step_awake(const struct engine *engine, const struct plan_step *step)
{
    unsigned count = 0;
    unsigned asleep = 0;
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        const struct provider *provider = &engine->providers[i];
        if (provider->is_there && provider->def.channel == step->channel &&
            (step->providers >> i & 1) != 0) {
            count++;
            asleep += quiet_holds_provider(engine, provider);
        }
    }
    return count == 0 || asleep < count;
}

/* By now, and for so long. */
static bool could_be_sent_to(const struct sim *sim, unsigned c, uint32_t ordinal, bool is_side,
                             uint64_t for_ms)
{
    struct engine *engine = sim->coordinator.engine;
    const struct campaign_def *def = &engine_find_campaign(engine, c + 1)->def;
    const struct fold fold = {.plan = &def->plan, .base_ms = def->created_ms};
    struct recipient_state state;
    return engine_track(engine, c + 1, ordinal, is_side, &state) &&
           (state.state == DELIVERY_WAITING || state.state == DELIVERY_RETRYING) &&
           fold_due_ms(&fold, state.due_cs) + for_ms <= engine->now_ms &&
           is_step_awake(engine, &def->plan.steps[state.step]) &&
           !sim_quiet_holds(sim, c, ordinal, state.step, engine->now_ms) &&
           !sim_quiet_holds(sim, c, ordinal, state.step, engine->now_ms - for_ms);
}

static uint32_t count_due(const struct sim *sim, unsigned c, uint32_t slots, uint64_t for_ms)
{
    uint32_t count = 0;
    for (uint32_t ordinal = 0; ordinal < slots; ordinal++) {
        count += could_be_sent_to(sim, c, ordinal, false, for_ms) ||
                 could_be_sent_to(sim, c, ordinal, true, for_ms);
    }
    return count;
}

/* Looks at everybody, where the engine looks at a few pages. Timers go by hundredths of a second:
 * whose quiet hours ended within the last one may wait until it is over. */
static void check_due_now(struct sim *sim, unsigned c)
{
    struct engine *engine = sim->coordinator.engine;
    const struct campaign *campaign = engine_find_campaign(engine, c + 1);
    if (campaign == NULL || campaign->is_ended || !campaign_is_sending(campaign) ||
        !cap_lets_send(campaign)) {
        return;
    }
    uint32_t slots = campaign->def.slots;
    enum due_now found = engine_due_now(engine, c + 1, engine->now_ms);
    if (found == DUE_NOBODY && count_due(sim, c, slots, DUE_UNIT_MS) > 0) {
        sim_fail(sim, "c%u: somebody could be sent to, and the engine says nobody", c + 1);
    } else if (found == DUE_SOMEBODY && count_due(sim, c, slots, 0) == 0) {
        sim_fail(sim, "c%u: nobody could be sent to, and the engine says somebody", c + 1);
    }
    sim->totals->due_now += found == DUE_SOMEBODY;
    sim->totals->due_later += found == DUE_NOBODY;
}

static void recount(struct sim *sim, unsigned c)
{
    struct campaign_view view;
    uint32_t counts[DELIVERY_STATES] = {0};
    struct rung_counts rungs[PLAN_RUNGS_MAX] = {0};
    uint32_t open = 0;
    if (!engine_campaign(sim->coordinator.engine, c + 1, &view)) {
        return;
    }
    for (uint32_t ordinal = 0; ordinal < view.def->slots; ordinal++) {
        struct recipient_state state;
        enum err err = engine_recipient(sim->coordinator.engine, c + 1, ordinal, &state);
        if (err == ERR_CLOSED) {
            return;
        }
        counts[err == ERR_OK ? state.state : DELIVERY_NONE]++;
        open += err == ERR_OK && recipient_is_open(&state);
        for (unsigned t = 0; err == ERR_OK && t < 2; t++) {
            if (engine_track(sim->coordinator.engine, c + 1, ordinal, t == 1, &state)) {
                rungs[state.step].states[state.state]++;
                rungs[state.step].open += recipient_is_open(&state);
                check_timer(sim, c, ordinal, &state);
            }
        }
    }
    counts[DELIVERY_NONE] = 0;
    if (memcmp(counts, view.counts, sizeof(counts)) != 0 || open != view.open) {
        sim_fail(sim, "c%u: the counts are not those of its recipients", c + 1);
    }
    for (unsigned r = 0; r < PLAN_RUNGS_MAX; r++) {
        rungs[r].states[DELIVERY_NONE] = view.rungs[r].states[DELIVERY_NONE];
    }
    if (memcmp(rungs, view.rungs, sizeof(rungs)) != 0) {
        sim_fail(sim, "c%u: those on its rungs are not its recipients", c + 1);
    }
}

/* What a worker is said to have in hand is what its leases hold. */
static void check_in_hand(struct sim *sim)
{
    const struct engine *engine = sim->coordinator.engine;
    for (unsigned i = 0; i < engine->roster.count; i++) {
        const struct roster_entry *entry = &engine->roster.entries[i];
        uint32_t in_hand[CHANNEL_KINDS] = {0};
        for (const struct lease *l = engine->leases.by_id; l != NULL; l = l->hh.next) {
            enum channel_kind channel = l->campaign->def.plan.steps[l->step].channel;
            in_hand[channel] += l->instance == entry->instance ? l->left : 0;
        }
        for (unsigned channel = 0; channel < CHANNEL_KINDS; channel++) {
            const char *name = channel_kind_name((enum channel_kind)channel);
            if (in_hand[channel] > sim->settings.credit_max) {
                sim_fail(sim, "%s holds %u for %s, and never asked for more than %u", entry->name,
                         in_hand[channel], name, sim->settings.credit_max);
            }
            if (entry->present && entry->in_hand[channel] != in_hand[channel]) {
                sim_fail(sim, "%s is said to have %u in hand for %s, but holds %u", entry->name,
                         entry->in_hand[channel], name, in_hand[channel]);
            }
        }
    }
}

void sim_check_priorities(struct sim *sim, uint64_t last_lease)
{
    const struct engine *engine = sim->coordinator.engine;
    uint64_t counter = (UINT64_C(1) << 40) - 1;
    uint64_t first[PRIORITIES];
    uint64_t last[PRIORITIES] = {0};
    memset(first, UINT8_MAX, sizeof(first));
    for (const struct lease *l = engine->leases.by_id; l != NULL; l = l->hh.next) {
        enum campaign_priority priority = l->campaign->def.priority;
        if ((l->id & counter) > last_lease && l->id >> 40 == engine->settings.epoch) {
            first[priority] = l->id < first[priority] ? l->id : first[priority];
            last[priority] = l->id > last[priority] ? l->id : last[priority];
        }
    }
    for (unsigned urgent = 0; urgent + 1 < PRIORITIES; urgent++) {
        for (unsigned other = urgent + 1; other < PRIORITIES; other++) {
            sim->totals->overtakes += last[urgent] != 0 && last[other] != 0;
            if (last[urgent] != 0 && first[other] < last[urgent]) {
                sim_fail(sim, "somebody of priority %s is leased before one of %s",
                         campaign_priority_name((enum campaign_priority)other),
                         campaign_priority_name((enum campaign_priority)urgent));
            }
        }
    }
}

static bool are_as_many_open(const struct sim *sim, struct engine *live, struct engine *replayed)
{
    for (unsigned c = 0; c < sim->settings.campaign_count; c++) {
        struct campaign_view a = {0};
        struct campaign_view b = {0};
        if (engine_campaign(live, c + 1, &a) != engine_campaign(replayed, c + 1, &b) ||
            a.open != b.open) {
            return false;
        }
    }
    return true;
}

static void check_replay(struct sim *sim)
{
    struct sim_coordinator *coordinator = &sim->coordinator;
    uint8_t live[HASH_DIGEST_BYTES];
    uint8_t replayed[HASH_DIGEST_BYTES];
    struct dice dice = sim->dice;
    struct engine *engine =
        sim_coordinator_replay(sim, coordinator->ledger, coordinator->epoch + 1);
    sim->dice = dice; /* looking changes nothing */
    if (engine_has_events(engine)) {
        sim_fail(sim, "a replay decides something");
    }
    engine_digest(coordinator->engine, live);
    engine_digest(engine, replayed);
    bool is_same = memcmp(live, replayed, sizeof(live)) == 0 &&
                   are_as_many_open(sim, coordinator->engine, engine);
    engine_free(engine);
    if (!is_same) {
        sim_fail(sim, "the journal leads to another state");
    }
    sim->totals->replays++;
}

void sim_check(struct sim *sim, bool is_thorough)
{
    if (!sim->coordinator.is_up) {
        return;
    }
    for (unsigned c = 0; c < sim->settings.campaign_count; c++) {
        check_sum(sim, c);
        sim_control_check(sim, c);
        if (is_thorough) {
            recount(sim, c);
            check_due_now(sim, c);
            sim_suppress_check(sim, c);
        }
    }
    sim_health_check(sim);
    if (is_thorough) {
        check_in_hand(sim);
    }
    if (is_thorough && sim_coordinator_is_durable(&sim->coordinator)) {
        check_replay(sim);
    }
}
