/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim_provider.h"

#include <stdio.h>

#include "common/mem.h"
#include "tests/sim/sim.h"
#include "tests/sim/sim_audience.h"

#define HANG_MAX_MS 5000 /* until a worker gives up waiting */
/* The limit is kept by leases, and each batch has its own time; the net delays them by as much as
 * workers put up with. */
#define OVERSHOOT_MAX_S 1.0
#define STOPPED_MAX_MS  1000 /* how long a campaign that was stopped may still be sent */
#define TURN_MS         2    /* until the coordinator says what is durable, and a worker looks */

static unsigned provider_of(const struct sim *sim, uint8_t id)
{
    for (unsigned i = 0; i < sim->settings.provider_count; i++) {
        if (sim->settings.providers[i].def.id == id) {
            return i;
        }
    }
    sim_fail(sim, "there is no provider %u", id);
}

const struct provider_def *sim_provider_def(const struct sim *sim, uint8_t id)
{
    return &sim->settings.providers[provider_of(sim, id)].def;
}

/* ---- Is it the right message to the right person? ---- */

static void check_text(const struct sim *sim, const struct attempt *attempt,
                       const struct sim_row *row, const struct token *token)
{
    char text[SIM_TEXT_MAX * 2];
    const char *channel = channel_kind_name(attempt->channel);
    (void)snprintf(text, sizeof(text), "Hello %s by %s", row->name, channel);
    const char *endpoint = row->endpoint[sim_settings_field(attempt->channel)][token->attempt >> 4];
    if (!slice_is(attempt->key, row->key) || !slice_is(attempt->endpoint, endpoint) ||
        endpoint[0] == '\0' || !slice_is(attempt->text, text) || row->name[0] == '\0') {
        sim_fail(sim, "c%u/%u #%u.%02x: \"%.*s\" to %.*s (%.*s) instead of \"%s\" to %s (%s)",
                 (unsigned)token->campaign, token->ordinal, token->step, token->attempt,
                 (int)attempt->text.len, (const char *)attempt->text.data,
                 (int)attempt->endpoint.len, (const char *)attempt->endpoint.data,
                 (int)attempt->key.len, (const char *)attempt->key.data, text, endpoint, row->key);
    }
}

static void check_route(const struct sim *sim, unsigned c, const struct attempt *attempt)
{
    const struct plan *plan = &sim->settings.campaigns[c].def.plan;
    const struct plan_step *step = &plan->steps[attempt->step];
    const struct provider_def *provider = sim_provider_def(sim, attempt->provider);
    if (attempt->step >= plan->step_count || attempt->channel != step->channel ||
        provider->channel != step->channel) {
        sim_fail(sim, "c%u sends on step %u by %s, which is not the step's channel", c + 1,
                 attempt->step, channel_kind_name(attempt->channel));
    }
    if ((step->providers >> attempt->provider & 1) == 0) {
        sim_fail(sim, "c%u uses a provider that its plan leaves out", c + 1);
    }
}

/* Does every message arrive, and at once, and is nobody held up? */
static bool is_calm(const struct sim_settings *settings)
{
    return !settings->is_hostile && settings->full_chance == 0 &&
           settings->coordinator_crash_ms == 0 && settings->coordinator_freeze_ms == 0 &&
           settings->worker_freeze_ms == 0 && settings->link_break_ms == 0 &&
           settings->commit_stall_chance == 0 && settings->commit_fail_chance == 0;
}

static void check_stopped(const struct sim *sim, unsigned c)
{
    uint64_t stopped_ms = sim->journal.campaigns[c].stopped_ms;
    if (stopped_ms != 0 && sim->now_ms > stopped_ms + STOPPED_MAX_MS && is_calm(&sim->settings)) {
        sim_fail(sim, "c%u sends %u ms after it was stopped", c + 1,
                 (unsigned)(sim->now_ms - stopped_ms));
    }
}

/* Does every worker hear what is sent to it, and no later than the network takes? */
static bool is_heard(const struct sim_settings *settings)
{
    return !settings->is_hostile && settings->full_chance == 0 &&
           settings->coordinator_crash_ms == 0 && settings->worker_freeze_ms == 0 &&
           settings->link_break_ms == 0;
}

static void check_recalled(const struct sim *sim, unsigned c, uint32_t ordinal, unsigned step)
{
    const struct sim_campaign *campaign = &sim->journal.campaigns[c];
    const struct sim_course *course = sim_journal_course(campaign, ordinal, step);
    const struct sim_barred *barred =
        &campaign->recipients[ordinal].bars.leased[plan_is_beside(&campaign->def.plan, step)];
    uint64_t way_ms = sim->settings.delay_max_ms + TURN_MS;
    uint64_t heard_ms = course->ended_ms + way_ms;
    uint64_t barred_ms = barred->since_ms + way_ms;
    if (barred->lease == course->lease && barred->lease != 0 && sim->now_ms > barred_ms &&
        is_heard(&sim->settings)) {
        sim_fail(sim, "c%u/%u is sent to %u ms after he was suppressed", c + 1, ordinal,
                 (unsigned)(sim->now_ms - barred->since_ms));
    }
    const struct sim_ladder *ladder = &campaign->recipients[ordinal].ladder;
    if (ladder->is_acknowledged && sim->now_ms > ladder->acknowledged_ms + way_ms &&
        is_heard(&sim->settings)) { /* also of a lease that was given up */
        sim_fail(sim, "c%u/%u is sent to %u ms after he acknowledged", c + 1, ordinal,
                 (unsigned)(sim->now_ms - ladder->acknowledged_ms));
    }
    if (course->is_recalled && sim->now_ms > heard_ms && is_heard(&sim->settings)) {
        sim_fail(sim, "c%u/%u is sent to %u ms after it was heard of", c + 1, ordinal,
                 (unsigned)(sim->now_ms - course->ended_ms));
    }
}

static struct token check_attempt(const struct sim *sim, unsigned worker,
                                  const struct attempt *attempt)
{
    struct token token;
    if (!token_read(slice_of(attempt->token, TOKEN_CHARS), sim->coordinator.token_key, &token)) {
        sim_fail(sim, "a token is not ours");
    }
    unsigned c = (unsigned)token.campaign - 1;
    if (token.campaign != attempt->campaign || token.ordinal != attempt->ordinal ||
        token.step != attempt->step || token.round != attempt->round ||
        c >= sim->settings.campaign_count ||
        token.ordinal >= sim->settings.campaigns[c].def.slots) {
        sim_fail(sim, "a token names another attempt");
    }
    check_route(sim, c, attempt);
    if (sim->journal.campaigns[c].events[CAMPAIGN_EVENT_LAUNCHED] == 0) {
        sim_fail(sim, "c%u sends before its launch is durable", c + 1);
    }
    check_stopped(sim, c);
    if (token.round > sim->journal.campaigns[c].recipients[token.ordinal].round) {
        sim_fail(sim, "c%u/%u is sent to in round %u, which did not take him in", c + 1,
                 token.ordinal, token.round + 1u);
    }
    struct sim_row row = sim_audience_row(&sim->settings, c, token.ordinal);
    if (row.is_hole) {
        sim_fail(sim, "c%u/%u is nobody, and is sent to", c + 1, token.ordinal);
    }
    check_text(sim, attempt, &row, &token);
    sim_plan_check_start(sim, worker, c, token.ordinal, token.step);
    check_recalled(sim, c, token.ordinal, token.step);
    return token;
}

/* ---- What becomes of it ---- */

static bool is_bad_phase(struct sim *sim, unsigned index)
{
    struct sim_provider *provider = &sim->providers[index];
    if (sim->is_quiet) {
        return false;
    }
    if (sim->now_ms >= provider->phase_until_ms) {
        provider->is_bad = dice_chance(&sim->dice, 600);
        provider->phase_until_ms =
            sim->now_ms + 1 + dice_below(&sim->dice, sim->settings.providers[index].phase_max_ms);
    }
    return provider->is_bad;
}

static enum outcome draw_outcome(struct sim *sim, const struct sim_provider_settings *settings,
                                 bool *is_unconnected)
{
    uint32_t roll = dice_below(&sim->dice, 1000);
    const struct {
        uint32_t chance;
        enum outcome outcome;
    } fates[] = {{settings->misconfigured_chance, OUTCOME_MISCONFIGURED},
                 {settings->unconnected_chance, OUTCOME_DEFERRED},
                 {settings->throttled_chance, OUTCOME_THROTTLED},
                 {settings->uncertain_chance, OUTCOME_UNCERTAIN},
                 {settings->rejected_chance, OUTCOME_REJECTED},
                 {settings->deferred_chance, OUTCOME_DEFERRED}};
    for (unsigned i = 0; i < sizeof(fates) / sizeof(fates[0]); i++) {
        if (roll < fates[i].chance) {
            *is_unconnected = i == 1;
            return fates[i].outcome;
        }
        roll -= fates[i].chance;
    }
    return OUTCOME_ACCEPTED;
}

static uint16_t reason_of(enum outcome outcome, bool is_unconnected)
{
    switch (outcome) {
    case OUTCOME_ACCEPTED:
        return SIM_REASON_ACCEPTED;
    case OUTCOME_DEFERRED:
        return is_unconnected ? REASON_CONNECT_FAILED : SIM_REASON_DEFERRED;
    case OUTCOME_THROTTLED:
        return SIM_REASON_THROTTLED;
    case OUTCOME_REJECTED:
        return SIM_REASON_REJECTED;
    case OUTCOME_UNCERTAIN:
        return REASON_TIMED_OUT_AFTER;
    case OUTCOME_MISCONFIGURED:
        return SIM_REASON_MISCONFIGURED;
    case OUTCOME_RETURNED:
    case OUTCOMES:
        break;
    }
    return REASON_NONE;
}

static struct sim_answer draw_answer(struct sim *sim, unsigned index, uint32_t id)
{
    const struct sim_provider_settings *settings = &sim->settings.providers[index];
    struct sim_answer answer = {.attempt = id, .outcome = OUTCOME_ACCEPTED};
    bool is_unconnected = false;
    if (is_bad_phase(sim, index)) {
        answer.outcome = draw_outcome(sim, settings, &is_unconnected);
    }
    answer.reason = reason_of(answer.outcome, is_unconnected);
    if (answer.outcome == OUTCOME_THROTTLED || answer.outcome == OUTCOME_DEFERRED) {
        answer.retry_after_ms = dice_below(&sim->dice, settings->retry_after_max_ms + 1);
    }
    if (answer.outcome == OUTCOME_ACCEPTED && dice_chance(&sim->dice, 200)) {
        (void)snprintf(answer.ref, sizeof(answer.ref), "ref-%u", id);
    }
    return answer;
}

static uint32_t draw_latency_ms(struct sim *sim, unsigned index, enum outcome outcome)
{
    const struct sim_provider_settings *settings = &sim->settings.providers[index];
    if (sim->is_quiet) {
        return settings->answers_at_once ? 0 : dice_below(&sim->dice, 5);
    }
    if (outcome == OUTCOME_UNCERTAIN) {
        return dice_below(&sim->dice, HANG_MAX_MS);
    }
    bool is_at_once = settings->answers_at_once && dice_chance(&sim->dice, 800);
    return is_at_once ? 0 : dice_below(&sim->dice, settings->latency_max_ms + 1);
}

static void note_rate(struct sim *sim, unsigned index)
{
    const struct sim_limit limit = sim_limits_highest(sim, index);
    struct sim_provider *provider = &sim->providers[index];
    if (limit.rate_per_s <= 0) {
        return;
    }
    provider->level -= limit.rate_per_s * (double)(sim->now_ms - provider->level_ms) / 1000.0;
    provider->level = (provider->level < 0 ? 0 : provider->level) + 1;
    provider->level_ms = sim->now_ms;
    double overshoot_s = (provider->level - limit.burst) / limit.rate_per_s;
    if (overshoot_s > sim->totals->overshoot_s) {
        sim->totals->overshoot_s = overshoot_s;
        sim->totals->overshoot_seed = sim->settings.seed;
    }
    if (overshoot_s > OVERSHOOT_MAX_S) {
        sim_fail(sim, "provider %u: starts are %.1f s ahead of its rate", index, overshoot_s);
    }
}

void sim_provider_start(struct sim *sim, unsigned worker, const struct attempt *attempt)
{
    struct token token = check_attempt(sim, worker, attempt);
    unsigned index = provider_of(sim, attempt->provider);
    note_rate(sim, index);
    struct sim_answer answer = draw_answer(sim, index, attempt->id);
    answer.provider = attempt->provider;
    uint32_t latency_ms = draw_latency_ms(sim, index, answer.outcome);
    bool is_taken = answer.outcome == OUTCOME_ACCEPTED ||
                    (answer.outcome == OUTCOME_UNCERTAIN && dice_chance(&sim->dice, 500));
    sim_trace(sim, "w%u starts c%u/%u #%u.%02x at p%u: %s after %u ms", worker,
              (unsigned)token.campaign, token.ordinal, token.step, token.attempt, index,
              outcome_name(answer.outcome), latency_ms);
    sim_attempt_on_start(sim, &token, is_taken, answer.ref[0] != '\0');
    sim_receipts_on_start(sim, index, &token, is_taken);
    if (latency_ms == 0 && sim->settings.providers[index].answers_at_once) {
        sim_worker_answer(sim, worker, &answer);
        return;
    }
    struct sim_answer *later = mem_copy(&answer, sizeof(answer));
    sim_queue_put(&sim->workers[worker].answers, sim->now_ms + latency_ms, later);
}
