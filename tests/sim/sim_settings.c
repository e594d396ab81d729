/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every kind of fault is left out of about half of the seeds: a fault that is always there hides
 * what only shows without it.
 */
#include "tests/sim/sim_settings.h"

#include <inttypes.h>
#include <stdio.h>

#include "tests/sim/sim_control.h"
#include "tests/sim/sim_days.h"
#include "tests/sim/sim_limits.h"
#include "tests/sim/sim_receipts.h"
#include "tests/sim/sim_retry.h"

#define SECOND_MS 1000u

/* One of the values, each as likely as the others. */
#define PICK(dice, ...)                                                                            \
    ((const uint32_t[]){__VA_ARGS__}[dice_below(                                                   \
        (dice), (uint32_t)(sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t)))])

static uint32_t half_the_time(struct dice *dice, uint32_t value)
{
    return dice_chance(dice, 500) ? value : 0;
}

static enum channel_kind draw_channel(struct dice *dice)
{
    return (enum channel_kind)PICK(dice, CHANNEL_SMS, CHANNEL_EMAIL, CHANNEL_VOICE, CHANNEL_PUSH);
}

static void draw_provider(struct sim_provider_settings *provider, unsigned id,
                          enum channel_kind channel, struct dice *dice)
{
    provider->def = (struct provider_def){
        .id = (uint8_t)(id * 5),
        .channel = channel,
        .rate_per_s = dice_chance(dice, 400) ? PICK(dice, 20, 50, 200, 1000) : 0,
        .burst = dice_chance(dice, 300) ? PICK(dice, 1, 10, 100) : 0,
        .weight = dice_between(dice, 1, 4),
        .breaker_ms = PICK(dice, 500, 3000, 10000),
    };
    (void)snprintf(provider->def.name, sizeof(provider->def.name), "p%u", id);
    provider->concurrency = PICK(dice, 1, 4, 64, 1000, UINT32_MAX);
    provider->answers_at_once = dice_chance(dice, 300);
    provider->latency_max_ms = PICK(dice, 1, 20, 200, 2000);
    provider->deferred_chance = half_the_time(dice, PICK(dice, 20, 100, 500));
    provider->throttled_chance = half_the_time(dice, PICK(dice, 5, 50, 300)) / 2;
    provider->rejected_chance = half_the_time(dice, PICK(dice, 10, 100));
    provider->uncertain_chance = half_the_time(dice, PICK(dice, 10, 100));
    provider->misconfigured_chance = dice_chance(dice, 200) ? PICK(dice, 2, 20, 200) : 0;
    provider->unconnected_chance = half_the_time(dice, PICK(dice, 10, 100, 400)) / 2;
    provider->retry_after_max_ms = PICK(dice, 0, 500, 10000);
    provider->phase_max_ms = PICK(dice, 500, 5000, 30000);
}

/* In its bad phases nothing works, and always for the same reason. */
static void draw_outages(struct sim_provider_settings *provider, struct dice *dice)
{
    uint32_t *const causes[] = {&provider->unconnected_chance, &provider->misconfigured_chance,
                                &provider->uncertain_chance, &provider->throttled_chance,
                                &provider->deferred_chance};
    unsigned cause = dice_below(dice, sizeof(causes) / sizeof(causes[0]));
    provider->rejected_chance = 0;
    for (unsigned i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
        *causes[i] = i == cause ? 1000 : 0;
    }
}

static uint32_t draw_slots(struct dice *dice)
{
    switch (dice_below(dice, 10)) {
    case 0:
        return dice_between(dice, 1, 3);
    case 1:
        return PICK(dice, 1023, 1024, 1025, 2048);
    case 2:
        return dice_between(dice, 500, 3000);
    default:
        return dice_between(dice, 5, 250);
    }
}

/* Of one step as long as it likes; of several short enough that all of them pass. */
static uint64_t draw_within_ms(const struct plan_step *step, bool is_ladder, struct dice *dice)
{
    if (is_ladder || step->until == PLAN_ACKNOWLEDGED) {
        return PICK(dice, 200, 1000, 3000, 10000, 60000);
    }
    return PICK(dice, 5, 60, 600) * SECOND_MS;
}

static void draw_step(struct plan_step *step, const struct sim_campaign_settings *campaign,
                      bool is_ladder, const struct sim_settings *settings, struct dice *dice)
{
    unsigned one = dice_below(dice, settings->provider_count);
    const struct provider_def *provider = &settings->providers[one].def;
    plan_step_defaults(step, provider->channel);
    step->attempts = (uint8_t)PICK(dice, 1, 2, 3, 5, 15);
    step->endpoint_ranks = (uint8_t)campaign->ranks[sim_settings_field(step->channel)];
    step->backoff_ms = PICK(dice, 50, 500, 3000);
    step->backoff_max_ms = step->backoff_ms * PICK(dice, 1, 4, 10);
    step->on_uncertain = dice_chance(dice, 300) ? PLAN_HOLD : PLAN_RESEND;
    step->until = dice_chance(dice, is_ladder ? 600 : 300) ? PLAN_ACKNOWLEDGED : PLAN_ACCEPTED;
    step->within_ms = draw_within_ms(step, is_ladder, dice);
    step->if_down = dice_chance(dice, 300) ? PLAN_DOWN_CLIMB : PLAN_DOWN_WAIT;
    if (settings->provider_count > 1 && dice_chance(dice, 200)) {
        step->providers = UINT64_C(1) << provider->id;
    }
}

/* Of the plan's last step; none if there is no room. Long ladders take long: they are few. */
static void draw_repeats(struct plan *plan, unsigned room, struct dice *dice)
{
    struct plan_step *step = &plan->steps[plan->step_count - 1];
    uint64_t every_ms = draw_within_ms(step, true, dice);
    unsigned most = room > 3 && !dice_chance(dice, 200) ? 3 : room;
    unsigned count = most == 0 ? 0 : dice_between(dice, 1, most);
    plan_repeat_last(plan, count, every_ms);
}

/* A channel of the plan, if that leaves something of it. */
static void draw_without(struct plan *plan, struct dice *dice)
{
    unsigned step = dice_below(dice, plan->step_count);
    plan->without = 1u << plan->steps[step].channel;
    if (plan_first(plan) == plan->step_count) {
        plan->without = 0;
    }
}

static void draw_plan(struct sim_campaign_settings *campaign, const struct sim_settings *settings,
                      struct dice *dice)
{
    struct plan *plan = &campaign->def.plan;
    for (unsigned field = 0; field < PAGE_FIELDS; field++) {
        campaign->ranks[field] = PICK(dice, 1, 1, 2, SIM_RANKS_MAX);
    }
    unsigned written = dice_chance(dice, 500) ? 1 : dice_between(dice, 2, SIM_WRITTEN_MAX);
    plan->step_count = 0;
    for (unsigned s = 0; s < written; s++) {
        struct plan_step *step = &plan->steps[plan->step_count++];
        draw_step(step, campaign, written > 1, settings, dice);
        if (step->until != PLAN_ACCEPTED && dice_chance(dice, 300)) {
            draw_repeats(plan, SIM_STEPS_MAX - plan->step_count - (written - s - 1), dice);
        }
    }
    if (dice_chance(dice, 150)) {
        draw_without(plan, dice);
    }
}

static void draw_campaign(struct sim_settings *settings, unsigned index, struct dice *dice)
{
    struct sim_campaign_settings *campaign = &settings->campaigns[index];
    struct campaign_def *def = &campaign->def;
    *def = (struct campaign_def){
        .id = index + 1,
        .audience = index + 101,
        .slots = draw_slots(dice),
        .priority = (enum campaign_priority)dice_below(dice, PRIORITIES),
        .weight = dice_between(dice, 1, 5),
    };
    (void)snprintf(def->name, sizeof(def->name), "campaign %u", index + 1);
    draw_plan(campaign, settings, dice);
    campaign->hole_chance = half_the_time(dice, PICK(dice, 5, 50, 500));
    campaign->no_endpoint_chance = half_the_time(dice, PICK(dice, 10, 100, 500));
    campaign->no_variable_chance = half_the_time(dice, PICK(dice, 10, 50));
    campaign->create_at_ms = dice_below(dice, 2 * SECOND_MS);
    campaign->launch_at_ms = campaign->create_at_ms + dice_below(dice, 5 * SECOND_MS);
    campaign->command_every_ms = half_the_time(dice, PICK(dice, 300, 3000));
    campaign->cancel_at_ms =
        dice_chance(dice, 250) ? campaign->create_at_ms + dice_below(dice, 15 * SECOND_MS) + 1 : 0;
}

static void draw_workers(struct sim_settings *settings, struct dice *dice)
{
    settings->worker_count = dice_between(dice, 1, SIM_WORKERS_MAX);
    settings->credit_min = PICK(dice, 1, 16, 200, 1024);
    settings->credit_max = settings->credit_min * PICK(dice, 1, 4, 64);
    settings->outbox_max_bytes = PICK(dice, 500, 100000, 8000000);
    settings->skew_max_ms = half_the_time(dice, PICK(dice, 50, 60000));
    settings->open_failed_chance = dice_chance(dice, 100) ? 200 : 0;
}

/* What was leased is judged by the coordinator's clock; if that goes back, there is nothing to
 * judge a limit by. */
static bool has_limits(const struct sim_settings *settings)
{
    bool has_limits = false;
    for (unsigned i = 0; i < settings->provider_count; i++) {
        has_limits = has_limits || settings->providers[i].def.rate_per_s > 0;
    }
    return has_limits;
}

static void draw_faults(struct sim_settings *settings, struct dice *dice)
{
    settings->is_hostile = dice_chance(dice, 500);
    settings->delay_max_ms = PICK(dice, 1, 5, 50, 300);
    settings->loss_chance = settings->is_hostile ? half_the_time(dice, PICK(dice, 5, 50)) : 0;
    settings->duplicate_chance = settings->is_hostile ? half_the_time(dice, PICK(dice, 5, 50)) : 0;
    settings->full_chance = dice_chance(dice, 200) ? PICK(dice, 5, 100) : 0;
    settings->commit_max_ms = PICK(dice, 0, 2, 20, 100);
    settings->commit_stall_chance = dice_chance(dice, 200) ? 20 : 0;
    settings->commit_fail_chance = dice_chance(dice, 200) ? 50 : 0;
    settings->coordinator_crash_ms = half_the_time(dice, PICK(dice, 1, 4, 10) * SECOND_MS);
    settings->coordinator_freeze_ms = dice_chance(dice, 200) ? 5 * SECOND_MS : 0;
    settings->worker_crash_ms = half_the_time(dice, PICK(dice, 1, 4, 10) * SECOND_MS);
    settings->worker_freeze_ms = dice_chance(dice, 200) ? 4 * SECOND_MS : 0;
    settings->worker_drain_ms = dice_chance(dice, 300) ? 4 * SECOND_MS : 0;
    settings->link_break_ms = half_the_time(dice, PICK(dice, 1, 4, 10) * SECOND_MS);
    settings->clock_jump_ms = dice_chance(dice, 200) ? 4 * SECOND_MS : 0;
    settings->clock_jump_max_ms = PICK(dice, 100, 5000, 60000);
    settings->clock_jumps_back = !has_limits(settings) && dice_chance(dice, 500);
    settings->provider_missing_chance =
        settings->provider_count > 1 && dice_chance(dice, 100) ? 200 : 0;
    settings->down_max_ms = PICK(dice, 10, 500, 5000);
    settings->faults_end_ms = dice_between(dice, 3, 25) * SECOND_MS;
}

enum page_field sim_settings_field(enum channel_kind channel)
{
    return channel == CHANNEL_EMAIL  ? PAGE_FIELD_EMAIL
           : channel == CHANNEL_PUSH ? PAGE_FIELD_PUSH
                                     : PAGE_FIELD_PHONE;
}

/* Of their own dice, so that the rest of a seed stays as it is. */
static void draw_respect(struct sim_settings *settings)
{
    struct dice dice = {settings->seed * 7368787 + 5};
    settings->quiet_margin_ms = PICK(&dice, 0, 100, 1000);
    settings->down_grace_ms = PICK(&dice, 0, 1000, 30000);
    for (unsigned i = 0; i < settings->campaign_count; i++) {
        struct sim_campaign_settings *campaign = &settings->campaigns[i];
        campaign->zones = PICK(&dice, 1, 2, 5, 40);
        if (dice_chance(&dice, 300)) {
            campaign->def.quiet_channels = 1 + dice_below(&dice, (1u << CHANNEL_KINDS) - 1);
        }
        campaign->def.cap_messages = dice_chance(&dice, 250) ? 1 : 0;
        campaign->suppress_chance = half_the_time(&dice, PICK(&dice, 5, 50, 300));
        campaign->suppress_most = PICK(&dice, 1, 5, 50);
        settings->mends_clocks |= campaign->def.quiet_channels != 0;
        settings->clock_jumps_back =
            settings->clock_jumps_back && campaign->def.quiet_channels == 0;
    }
}

/* Of their own dice, too. */
static void draw_provider_hours(struct sim_settings *settings)
{
    struct dice dice = {settings->seed * 32452843 + 17};
    for (unsigned i = 0; i < settings->provider_count; i++) {
        settings->providers[i].has_quiet_hours = dice_chance(&dice, 120);
        if (settings->providers[i].has_quiet_hours) {
            settings->clock_jumps_back = false;
            settings->mends_clocks = true;
        }
    }
}

/* Of their own dice, too. */
static void draw_worker_clocks(struct sim_settings *settings)
{
    struct dice dice = {settings->seed * 2038074743 + 23};
    settings->worker_clock_ms = dice_chance(&dice, 150) ? PICK(&dice, 2000, 5000) : 0;
    settings->mends_clocks |= settings->worker_clock_ms > 0;
}

/* Channels that are down for so long that somebody climbs. Of their own dice, too. */
static void draw_downs(struct sim_settings *settings)
{
    struct dice dice = {settings->seed * 49979687 + 23};
    if (!dice_chance(&dice, 250)) {
        return;
    }
    settings->down_grace_ms = PICK(&dice, 0, 1000);
    for (unsigned i = 0; i < settings->provider_count; i++) {
        if (dice_chance(&dice, 700)) {
            draw_outages(&settings->providers[i], &dice);
            settings->providers[i].def.breaker_ms = 10000;
            settings->providers[i].phase_max_ms = 30000;
        }
    }
}

/* Neighbours of which the first is not beside another one; both with their repetitions. Of their
 * own dice, too. */
static void draw_pairs(struct sim_settings *settings)
{
    struct dice dice = {settings->seed * 9576890767 + 11};
    for (unsigned i = 0; i < settings->campaign_count; i++) {
        struct plan *plan = &settings->campaigns[i].def.plan;
        bool has_pairs = dice_chance(&dice, 500);
        for (unsigned s = 1; s < plan->step_count; s++) {
            struct plan_step *step = &plan->steps[s];
            if (step->repeat == 0) {
                bool may_be = has_pairs && !step[-1].with_previous;
                step->with_previous = may_be && dice_chance(&dice, 700);
            } else {
                step->with_previous = step[-1].with_previous;
            }
        }
    }
}

/* The same of how much of a provider may be under way over all workers. */
static void draw_under_way(struct sim_settings *settings)
{
    struct dice dice = {settings->seed * 9176431 + 11};
    for (unsigned i = 0; i < settings->provider_count; i++) {
        settings->providers[i].def.concurrency =
            dice_chance(&dice, 400) ? PICK(&dice, 3, 10, 40) : 0;
    }
}

/* The same of what a provider takes in one request. */
static void draw_bulks(struct sim_settings *settings)
{
    struct dice dice = {settings->seed * 86028121 + 29};
    for (unsigned i = 0; i < settings->provider_count; i++) {
        struct sim_provider_settings *provider = &settings->providers[i];
        provider->bulk = dice_chance(&dice, 400) ? PICK(&dice, 2, 10, 50, 1000) : 0;
        provider->gathers_max = dice_chance(&dice, 500) ? PICK(&dice, 1, 20, 100) : 0;
    }
}

void sim_settings_draw(struct sim_settings *settings, uint64_t seed)
{
    struct dice dice = {seed * 1000003 + 17};
    *settings = (struct sim_settings){.seed = seed};
    settings->heartbeat_ms = PICK(&dice, 100, 300, 1000);
    settings->lease_ms = settings->heartbeat_ms * PICK(&dice, 3, 6, 15);
    settings->snapshot_blocks = dice_chance(&dice, 300) ? 0 : dice_between(&dice, 1, 8);
    settings->provider_count = dice_between(&dice, 1, SIM_PROVIDERS_MAX);
    bool has_one_channel = dice_chance(&dice, 400);
    for (unsigned i = 0; i < settings->provider_count; i++) {
        enum channel_kind channel = has_one_channel ? CHANNEL_SMS : draw_channel(&dice);
        draw_provider(&settings->providers[i], i, channel, &dice);
        if (dice_chance(&dice, 200)) {
            draw_outages(&settings->providers[i], &dice);
        }
    }
    settings->campaign_count = dice_between(&dice, 1, SIM_CAMPAIGNS_MAX);
    for (unsigned i = 0; i < settings->campaign_count; i++) {
        draw_campaign(settings, i, &dice);
    }
    settings->acknowledge_every_ms = dice_chance(&dice, 700) ? PICK(&dice, 10, 100, 1000) : 0;
    settings->acknowledge_most = PICK(&dice, 1, 5, 100);
    draw_under_way(settings);
    draw_bulks(settings);
    draw_workers(settings, &dice);
    draw_faults(settings, &dice);
    draw_respect(settings);
    draw_provider_hours(settings);
    draw_worker_clocks(settings);
    sim_control_draw(settings);
    sim_receipts_draw(settings);
    sim_limits_draw(settings);
    draw_downs(settings);
    draw_pairs(settings);
    sim_retry_draw(settings);
    sim_days_draw(settings);
}

static const char *until_name(enum plan_until until)
{
    return until == PLAN_ACCEPTED    ? "accepted"
           : until == PLAN_DELIVERED ? "delivered"
                                     : "acknowledged";
}

static void print_campaign(const struct sim_campaign_settings *c)
{
    fprintf(stderr,
            "  c%u: %u slots, launch %" PRIu64 ", cancel %" PRIu64 ", quiet on %x in %u zones%s, "
            "suppressed %u by %u\n",
            (unsigned)c->def.id, c->def.slots, c->launch_at_ms, c->cancel_at_ms,
            c->def.quiet_channels, c->zones, c->def.cap_messages > 0 ? ", capped" : "",
            c->suppress_chance, c->suppress_most);
    sim_control_print_settings(c);
    for (unsigned s = 0; s < c->def.plan.step_count; s++) {
        const struct plan_step *step = &c->def.plan.steps[s];
        fprintf(stderr,
                "    %s%s%s%s until %s within %" PRIu64 " ms, %u attempts, %u endpoints, "
                "backoff %u-%u ms, %s%s\n",
                step->repeat > 0 ? "again " : "",
                plan_is_left_out(&c->def.plan, s) ? "left out: " : "",
                step->with_previous ? "with it " : "", channel_kind_name(step->channel),
                until_name(step->until), step->within_ms, step->attempts, step->endpoint_ranks,
                step->backoff_ms, step->backoff_max_ms,
                step->on_uncertain == PLAN_HOLD ? "hold" : "resend",
                step->if_down == PLAN_DOWN_CLIMB ? ", climbs if down" : "");
    }
}

static void print_provider(const struct sim_provider_settings *p)
{
    fprintf(
        stderr,
        "  p%u: %s, rate %.0f, burst %.0f, %u each %u ms, concurrency %u of each and %u of all, "
        "%u a request, %s %u ms, "
        "deferred %u, throttled "
        "%u, rejected %u, uncertain %u, misconfigured %u, unconnected %u, receipts %u within "
        "%u ms, bounced %u\n",
        p->def.id, channel_kind_name(p->def.channel), p->def.rate_per_s, p->def.burst,
        p->def.day_quota, p->day_ms, p->concurrency, p->def.concurrency, p->bulk,
        p->answers_at_once ? "at once or" : "within", p->latency_max_ms, p->deferred_chance,
        p->throttled_chance, p->rejected_chance, p->uncertain_chance, p->misconfigured_chance,
        p->unconnected_chance, p->receipt_chance, p->receipt_delay_max_ms, p->bounced_chance);
}

void sim_settings_print(const struct sim_settings *settings)
{
    const struct sim_settings *s = settings;
    fprintf(
        stderr,
        "  %u workers, %u providers, heartbeat %u ms, lease %u ms, snapshot every %u blocks, "
        "credit %u-%u, skew %u ms, acknowledgements every %u ms, up to %u\n"
        "  net: %s, delay %u ms, loss %u, duplicates %u, full %u; commit %u ms, stall %u, "
        "fail %u\n"
        "  every: coordinator crash %u, freeze %u, clock set %u by %u; worker crash %u, freeze %u, "
        "drain %u, clock %u; link %u; down %u; until %" PRIu64 "\n",
        s->worker_count, s->provider_count, s->heartbeat_ms, s->lease_ms, s->snapshot_blocks,
        s->credit_min, s->credit_max, s->skew_max_ms, s->acknowledge_every_ms, s->acknowledge_most,
        s->is_hostile ? "hostile" : "ordered", s->delay_max_ms, s->loss_chance, s->duplicate_chance,
        s->full_chance, s->commit_max_ms, s->commit_stall_chance, s->commit_fail_chance,
        s->coordinator_crash_ms, s->coordinator_freeze_ms, s->clock_jump_ms, s->clock_jump_max_ms,
        s->worker_crash_ms, s->worker_freeze_ms, s->worker_drain_ms, s->worker_clock_ms,
        s->link_break_ms, s->down_max_ms, s->faults_end_ms);
    for (unsigned i = 0; i < s->campaign_count; i++) {
        print_campaign(&s->campaigns[i]);
    }
    for (unsigned i = 0; i < s->provider_count; i++) {
        print_provider(&s->providers[i]);
    }
}
