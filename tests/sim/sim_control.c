/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim_control.h"

#include <inttypes.h>
#include <stdio.h>

#include "coordinator/engine/engine_state.h"
#include "proto/outcome.h"
#include "tests/sim/sim.h"

#define HOUR_MS    UINT64_C(3600000)
#define LATE_MS    1000 /* how late what is due by itself may be, beside a heartbeat */
#define PERCENTAGE 100
/* Of the looks that the operator takes at a campaign that is scheduled, per mille. */
#define MOVE_CHANCE  30
#define EARLY_CHANCE 10

static uint64_t clock_ms(const struct sim *sim)
{
    return sim->now_ms + (uint64_t)sim->coordinator.skew_ms;
}

/* ---- What is played ---- */

static void draw_times(struct campaign_control *control, uint64_t launch_ms, struct dice *dice)
{
    if (dice_chance(dice, 300)) {
        control->start_at_ms = launch_ms + dice_below(dice, 10000);
    }
    if (dice_chance(dice, 200)) {
        control->not_after_ms = launch_ms + dice_below(dice, 20000) + 1;
    } else if (dice_chance(dice, 200)) {
        control->not_after_for_ms = dice_between(dice, 1, 15000);
    }
}

static void draw_rule(struct stop_rule *rule, struct dice *dice)
{
    if (dice_chance(dice, 500)) {
        rule->count = dice_between(dice, 1, 20);
    } else {
        rule->percent = dice_between(dice, 1, 30);
        rule->of_at_least = dice_between(dice, 1, 100);
    }
}

void sim_control_draw(struct sim_settings *settings)
{
    struct dice dice = {settings->seed * 15485863 + 11};
    for (unsigned i = 0; i < settings->campaign_count; i++) {
        struct sim_campaign_settings *campaign = &settings->campaigns[i];
        struct campaign_control *control = &campaign->def.control;
        *control = (struct campaign_control){0};
        draw_times(control, SIM_START_MS + campaign->launch_at_ms, &dice);
        if (i > 0 && dice_chance(&dice, 300)) {
            control->supersedes = 1 + dice_below(&dice, i);
        }
        if (dice_chance(&dice, 300)) {
            draw_rule(&control->stop[STOP_FAILED], &dice);
        }
        if (dice_chance(&dice, 200)) {
            draw_rule(&control->stop[STOP_COMPLAINED], &dice);
        }
    }
    settings->sets_wall_clock = settings->clock_jump_ms > 0 && dice_chance(&dice, 500);
}

void sim_control_print_settings(const struct sim_campaign_settings *settings)
{
    const struct campaign_control *control = &settings->def.control;
    const struct stop_rule *rule = &control->stop[STOP_FAILED];
    const struct stop_rule *second = &control->stop[STOP_COMPLAINED];
    uint64_t start_ms = control->start_at_ms == 0 ? 0 : control->start_at_ms - SIM_START_MS;
    uint64_t limit_ms = control->not_after_ms == 0 ? 0 : control->not_after_ms - SIM_START_MS;
    fprintf(stderr,
            "    start at %" PRIu64 ", not after %" PRIu64 " or for %" PRIu64
            ", supersedes c%u, stops past %u failed or %u %% of %u, %u complained or %u %% of %u\n",
            start_ms, limit_ms, control->not_after_for_ms, (unsigned)control->supersedes,
            rule->count, rule->percent, rule->of_at_least, second->count, second->percent,
            second->of_at_least);
}

void sim_control_print(const struct sim_control_totals *totals)
{
    fprintf(stderr,
            "\nstarts scheduled %" PRIu64 ", moved %" PRIu64 ", early %" PRIu64 ", refused %" PRIu64
            "; campaigns expired %" PRIu64 ", superseded %" PRIu64 ", stopped for failures %" PRIu64
            ", for complaints %" PRIu64 "; clock set ahead %" PRIu64 ", back %" PRIu64
            " by up to an hour",
            totals->scheduled, totals->moved, totals->begun_early, totals->refused, totals->expired,
            totals->superseded, totals->stopped[STOP_FAILED], totals->stopped[STOP_COMPLAINED],
            totals->set_ahead, totals->set_back);
}

/* ---- The operator ---- */

void sim_control_launch(struct sim *sim, unsigned c)
{
    struct sim_control *control = &sim->control[c];
    enum err err = engine_launch(sim->coordinator.engine, c + 1, clock_ms(sim), NULL);
    struct campaign_view view;
    if (!engine_campaign(sim->coordinator.engine, c + 1, &view)) {
        return;
    }
    if (err == ERR_OK) {
        control->is_asked_now |= view.state != CAMPAIGN_SCHEDULED &&
                                 view.def->control.start_at_ms <= sim->coordinator.engine->now_ms;
        sim_client_await(sim, c,
                         view.state == CAMPAIGN_SCHEDULED ? CAMPAIGN_EVENT_SCHEDULED
                                                          : CAMPAIGN_EVENT_LAUNCHED);
        return;
    }
    uint64_t limit_ms = view.def->control.not_after_ms;
    uint64_t starts_ms = view.def->control.start_at_ms;
    if (limit_ms == 0 || (limit_ms > sim->coordinator.engine->now_ms && limit_ms > starts_ms)) {
        sim_fail(sim, "c%u cannot be launched: %s", c + 1, err_name(err));
    }
    sim->totals->control.refused++;
    if (engine_cancel(sim->coordinator.engine, c + 1, clock_ms(sim), NULL) == ERR_OK) {
        sim_client_await(sim, c, CAMPAIGN_EVENT_CANCELLED);
    }
}

static void move(struct sim *sim, unsigned c)
{
    struct sim_control *control = &sim->control[c];
    uint64_t at_ms = clock_ms(sim) + dice_below(&sim->dice, 5000);
    if (control->start_count == SIM_MOVES_MAX) {
        return;
    }
    if (engine_schedule(sim->coordinator.engine, c + 1, at_ms, clock_ms(sim), NULL) != ERR_OK) {
        return; /* it would begin after its not_after */
    }
    control->starts_ms[control->start_count++] = at_ms;
    control->is_asked_now |= at_ms <= sim->coordinator.engine->now_ms;
    sim_trace(sim, "c%u is to begin at %" PRIu64, c + 1, at_ms - SIM_START_MS);
    sim->totals->control.moved++;
}

void sim_control_move(struct sim *sim, unsigned c)
{
    struct sim_control *control = &sim->control[c];
    if (dice_chance(&sim->dice, MOVE_CHANCE) && !sim->is_quiet) {
        move(sim, c);
    } else if (dice_chance(&sim->dice, EARLY_CHANCE) &&
               engine_launch(sim->coordinator.engine, c + 1, clock_ms(sim), NULL) == ERR_OK) {
        control->is_asked_now = true;
        sim_client_await(sim, c, CAMPAIGN_EVENT_LAUNCHED);
        sim->totals->control.begun_early++;
    }
}

/* ---- The clock ---- */

void sim_control_set_clock(struct sim *sim)
{
    uint32_t jump_ms = dice_between(&sim->dice, 60000, HOUR_MS);
    /* Seen at the next start, and from then on: where there are quiet hours, workers whose clocks
     * are ahead of the coordinator's would return batches as too late for hours. */
    bool is_back = !sim->settings.mends_clocks && dice_chance(&sim->dice, 500);
    sim_trace(sim, "the machine's clock is set %u ms %s", jump_ms, is_back ? "back" : "ahead");
    if (is_back) {
        sim->coordinator.set_back_ms += jump_ms;
        sim->totals->control.set_back++;
        return;
    }
    sim->coordinator.skew_ms += jump_ms;
    sim->totals->control.set_ahead++;
    if (sim->coordinator.is_up) {
        engine_skip(sim->coordinator.engine, jump_ms);
    }
}

/* ---- Records ---- */

static void count_from(struct sim_count *count, uint64_t now)
{
    uint64_t known = count->began + count->rose - count->fell;
    count->rose += now > known ? now - known : 0;
    count->fell += now < known ? known - now : 0;
}

/* Something was sent to an endpoint of his, or was to be when it was known that it never can. */
static bool is_try(const struct recipient_state *state, const struct event *event)
{
    enum {
        ALWAYS = 1u << DELIVERY_EVENT_ACCEPTED | 1u << DELIVERY_EVENT_DELIVERED |
                 1u << DELIVERY_EVENT_BOUNCED | 1u << DELIVERY_EVENT_HELD |
                 1u << DELIVERY_EVENT_REPEATED | 1u << DELIVERY_EVENT_DEFERRED,
        IF_THERE = 1u << DELIVERY_EVENT_FAILED | 1u << DELIVERY_EVENT_NEXT_ENDPOINT
    };
    bool is_there = event->reason != REASON_NO_ENDPOINT && event->reason != REASON_CHANNEL_DOWN &&
                    event->reason != REASON_PASSED_BY && !reason_is_suppression(event->reason);
    bool may_be =
        (IF_THERE >> event->kind & 1) != 0 ||
        (event->kind == DELIVERY_EVENT_CLIMBED && state->state == DELIVERY_LEASED) ||
        (event->kind == DELIVERY_EVENT_RELEASED &&
         (event->reason == REASON_CONNECT_FAILED || (event->reason >= 100 && event->reason < 600)));
    /* Whose time was over, on a step of a pair or in an earlier round, had an endpoint there. */
    bool is_onward = event->kind == DELIVERY_EVENT_CLIMBED || event->kind == DELIVERY_EVENT_RETRIED;
    bool was_over = is_onward && state->state == DELIVERY_EXPIRED;
    return (ALWAYS >> event->kind & 1) != 0 || (may_be && is_there) || was_over;
}

void sim_control_on_recipient(struct sim *sim, unsigned c, uint32_t ordinal,
                              const struct recipient_state *state, const struct event *event)
{
    struct sim_recipient *recipient = &sim->journal.campaigns[c].recipients[ordinal];
    if (!recipient->was_tried && is_try(state, event)) {
        recipient->was_tried = true;
        sim->control[c].tried_now++;
    }
    sim->control[c].complained_now += event->kind == DELIVERY_EVENT_COMPLAINED;
}

void sim_control_counted(struct sim *sim, unsigned c)
{
    const struct campaign *fold = sim->journal.campaigns[c].fold;
    count_from(&sim->control[c].caused[STOP_FAILED], fold->counts[DELIVERY_FAILED]);
    count_from(&sim->control[c].caused[STOP_COMPLAINED], sim->control[c].complained_now);
    count_from(&sim->control[c].tried, sim->control[c].tried_now);
}

static bool may_be(const struct sim_count *count, uint64_t value)
{
    return value + count->fell >= count->began && value <= count->began + count->rose;
}

void sim_control_foresee(struct sim *sim, unsigned c, const struct event *event)
{
    struct sim_control *control = &sim->control[c];
    control->is_begun_now |=
        event->kind == CAMPAIGN_EVENT_LAUNCHED || event->kind == CAMPAIGN_EVENT_ROUND;
    if (event->kind == CAMPAIGN_EVENT_OVERRIDDEN) {
        control->overrides_now |= event->reason == REASON_QUIET_HOURS     ? SIM_OVERRIDES_QUIET
                                  : event->reason == REASON_FREQUENCY_CAP ? SIM_OVERRIDES_CAP
                                                                          : SIM_OVERRIDES_ELSE;
    }
    if (event->kind == CAMPAIGN_EVENT_SCHEDULED) {
        control->begins_ms = event->due_ms;
    } else if (event->kind == CAMPAIGN_EVENT_LAUNCHED) {
        control->is_launched = true;
        control->not_after_ms = event->due_ms;
    } else if (event->kind == CAMPAIGN_EVENT_ROUND) {
        control->not_after_ms = event->due_ms;
    }
}

void sim_control_on_event(struct sim *sim, unsigned c, const struct event *event)
{
    const struct sim_control *control = &sim->control[c];
    if (event->kind != DELIVERY_EVENT_LEASED) {
        return;
    }
    if (!control->is_launched) {
        sim_fail(sim, "c%u is leased and was not launched", c + 1);
    }
    if (control->not_after_ms != 0 && event->at_ms >= control->not_after_ms) {
        sim_fail(sim, "c%u is leased %" PRIu64 " ms after its not_after", c + 1,
                 event->at_ms - control->not_after_ms);
    }
}

static void check_scheduled(const struct sim *sim, unsigned c, const struct event *event)
{
    const struct sim_control *control = &sim->control[c];
    bool is_known = event->due_ms == sim->settings.campaigns[c].def.control.start_at_ms;
    for (unsigned i = 0; i < control->start_count; i++) {
        is_known = is_known || event->due_ms == control->starts_ms[i];
    }
    if (!is_known) {
        sim_fail(sim, "c%u is to begin when nobody asked for", c + 1);
    }
}

static void check_launched(const struct sim *sim, unsigned c, const struct event *event)
{
    const struct sim_control *control = &sim->control[c];
    const struct campaign_control *def = &sim->settings.campaigns[c].def.control;
    uint64_t limit_ms =
        def->not_after_for_ms != 0 ? event->at_ms + def->not_after_for_ms : def->not_after_ms;
    limit_ms = limit_ms != 0 && limit_ms < event->at_ms ? event->at_ms : limit_ms;
    uint64_t begins_ms = control->begins_ms != 0 ? control->begins_ms : def->start_at_ms;
    if (event->at_ms < begins_ms && !control->is_asked_now) {
        sim_fail(sim, "c%u begins %" PRIu64 " ms early", c + 1, begins_ms - event->at_ms);
    }
    if (event->due_ms != limit_ms) {
        sim_fail(sim, "c%u begins with another not_after than it was made with", c + 1);
    }
}

static bool is_over(const struct stop_rule *rule, uint64_t count, uint64_t of)
{
    bool is_by_count = rule->count > 0 && count > rule->count;
    bool is_by_share = rule->percent > 0 && of > 0 && of >= rule->of_at_least &&
                       (double)count / (double)of > (double)rule->percent / PERCENTAGE;
    return is_by_count || is_by_share;
}

static void check_stopped(const struct sim *sim, unsigned c, const struct event *event)
{
    const struct sim_control *control = &sim->control[c];
    const struct stop_rule *rules = sim->settings.campaigns[c].def.control.stop;
    unsigned cause = event->step;
    if (cause >= STOP_CAUSES || !is_over(&rules[cause], event->lease, event->worker)) {
        sim_fail(sim, "c%u is stopped for %" PRIu64 " of %" PRIu64 ", which no rule forbids", c + 1,
                 event->lease, (uint64_t)event->worker);
    }
    if (!may_be(&control->caused[cause], event->lease + control->before[cause]) ||
        !may_be(&control->tried, event->worker + control->before[cause])) {
        sim_fail(sim, "c%u is stopped for %" PRIu64 " of %" PRIu64 ", and these are not so many",
                 c + 1, event->lease, (uint64_t)event->worker);
    }
}

static void note_resumed(struct sim *sim, unsigned c, const struct event *event)
{
    struct sim_control *control = &sim->control[c];
    const uint64_t counts[STOP_CAUSES] = {
        [STOP_FAILED] = event->worker & UINT32_MAX, [STOP_COMPLAINED] = event->worker >> 32};
    for (unsigned cause = 0; cause < STOP_CAUSES; cause++) {
        if (!may_be(&control->caused[cause], counts[cause]) ||
            !may_be(&control->tried, event->lease)) {
            sim_fail(sim,
                     "c%u measures anew from %" PRIu64 " %s and %" PRIu64
                     " tried, and these are %" PRIu64 " and %" PRIu64,
                     c + 1, counts[cause], stop_cause_name(cause), (uint64_t)event->lease,
                     control->caused[cause].began, control->tried.began);
        }
        control->before[cause] = counts[cause];
    }
}

void sim_control_on_own(struct sim *sim, unsigned c, const struct event *event)
{
    struct sim_control *control = &sim->control[c];
    struct sim_control_totals *totals = &sim->totals->control;
    switch ((enum campaign_event)event->kind) {
    case CAMPAIGN_EVENT_SCHEDULED:
        check_scheduled(sim, c, event);
        totals->scheduled++;
        return;
    case CAMPAIGN_EVENT_LAUNCHED:
        check_launched(sim, c, event);
        control->launched_at = sim->journal.recno;
        control->supersedes = event->worker;
        return;
    case CAMPAIGN_EVENT_SUPERSEDED:
        control->superseded_at = sim->journal.recno;
        control->superseded_by = event->worker;
        totals->superseded++;
        return;
    case CAMPAIGN_EVENT_EXPIRED:
        if (control->not_after_ms == 0 || event->at_ms < control->not_after_ms) {
            sim_fail(sim, "c%u expires before its not_after", c + 1);
        }
        totals->expired++;
        return;
    case CAMPAIGN_EVENT_STOPPED:
        check_stopped(sim, c, event);
        totals->stopped[event->step]++;
        return;
    case CAMPAIGN_EVENT_RESUMED:
        note_resumed(sim, c, event);
        return;
    case CAMPAIGN_EVENT_ROUND:
        control->before[STOP_FAILED] = event->worker & UINT32_MAX; /* less those taken in */
        control->before[STOP_COMPLAINED] = event->worker >> 32;
        return;
    case CAMPAIGN_EVENT_PAUSED:
    case CAMPAIGN_EVENT_CANCELLED:
    case CAMPAIGN_EVENT_FINISHED:
    case CAMPAIGN_EVENT_OVERRIDDEN:
    case CAMPAIGN_EVENT_SCREENED:
    case CAMPAIGN_EVENT_CHANGED:
    case CAMPAIGN_EVENT_ROUND_WHOLE:
    case CAMPAIGN_EVENTS:
        return;
    }
}

static bool has_ended(const struct sim_campaign *campaign)
{
    return campaign->fold->state == CAMPAIGN_FINISHED ||
           campaign->fold->state == CAMPAIGN_CANCELLED;
}

/* In one record the one begins and the other ends. */
static void judge_superseded(const struct sim *sim, unsigned c)
{
    const struct sim_control *control = &sim->control[c];
    uint64_t recno = sim->journal.recno;
    uint64_t wanted = sim->settings.campaigns[c].def.control.supersedes;
    if (control->superseded_at == recno) {
        const struct sim_control *by = &sim->control[control->superseded_by - 1];
        if (by->launched_at != recno || by->supersedes != c + 1) {
            sim_fail(sim, "c%u is superseded by c%u, which does not begin", c + 1,
                     (unsigned)control->superseded_by);
        }
    }
    if (control->launched_at != recno || wanted == 0) {
        return;
    }
    const struct sim_control *former = &sim->control[wanted - 1];
    bool was_made = former->made_at != 0 && former->made_at < recno;
    if (was_made && !has_ended(&sim->journal.campaigns[wanted - 1])) {
        sim_fail(sim, "c%u has begun, and c%u, which it supersedes, has not ended", c + 1,
                 (unsigned)wanted);
    }
}

static uint64_t count_now(const struct sim *sim, unsigned c, enum stop_cause cause)
{
    return cause == STOP_FAILED ? sim->journal.campaigns[c].fold->counts[DELIVERY_FAILED]
                                : sim->control[c].complained_now;
}

static void judge_rule(const struct sim *sim, unsigned c, enum stop_cause cause)
{
    const struct sim_control *control = &sim->control[c];
    const struct campaign *fold = sim->journal.campaigns[c].fold;
    uint64_t before = control->before[cause];
    uint64_t count = count_now(sim, c, cause);
    uint64_t tried = control->tried_now;
    count -= count > before ? before : count;
    tried -= tried > before ? before : tried;
    if (campaign_is_sending(fold) && campaign_left(fold) > 0 && !fold->is_taking_in &&
        is_over(&sim->settings.campaigns[c].def.control.stop[cause], count, tried)) {
        sim_fail(sim, "c%u goes on, and %" PRIu64 " of %" PRIu64 " have %s", c + 1, count, tried,
                 stop_cause_name(cause));
    }
}

/* Whoever is disturbed as he must not be finds in the journal that it was meant so. */
static void judge_overrides(const struct sim *sim, unsigned c)
{
    const struct sim_control *control = &sim->control[c];
    const struct campaign_def *def = &sim->settings.campaigns[c].def;
    unsigned due = 0;
    if (control->is_begun_now && def->priority == PRIORITY_CRITICAL) {
        due |= def->quiet_channels != 0 ? SIM_OVERRIDES_QUIET : 0;
        due |= def->cap_messages != 0 ? SIM_OVERRIDES_CAP : 0;
    }
    if (control->overrides_now != due) {
        sim_fail(sim, "c%u says that it overrides %u, and overrides %u", c + 1,
                 control->overrides_now, due);
    }
}

void sim_control_judge(struct sim *sim)
{
    for (unsigned c = 0; c < sim->settings.campaign_count; c++) {
        struct sim_control *control = &sim->control[c];
        if (sim->journal.campaigns[c].fold == NULL) {
            continue;
        }
        control->made_at = control->made_at == 0 ? sim->journal.recno : control->made_at;
        judge_superseded(sim, c);
        judge_overrides(sim, c);
        control->is_begun_now = false;
        control->overrides_now = 0;
        sim_control_counted(sim, c);
        for (enum stop_cause cause = 0; cause < STOP_CAUSES; cause++) {
            judge_rule(sim, c, cause);
            control->caused[cause] = (struct sim_count){.began = count_now(sim, c, cause)};
        }
        control->tried = (struct sim_count){.began = control->tried_now};
    }
}

/* ---- Starts, and what is due ---- */

/* The worker's own clock: it may be off, and it may have been held up. */
void sim_control_check_start(const struct sim *sim, unsigned worker, unsigned c)
{
    uint64_t at_ms = sim_worker_clock_ms(&sim->workers[worker]);
    uint64_t limit_ms = sim->control[c].not_after_ms;
    if (limit_ms != 0 && at_ms >= limit_ms) {
        sim_fail(sim, "w%u starts c%u %" PRIu64 " ms after its not_after", worker, c + 1,
                 at_ms - limit_ms);
    }
}

void sim_control_check(struct sim *sim, unsigned c)
{
    const struct sim_coordinator *coordinator = &sim->coordinator;
    struct sim_control *control = &sim->control[c];
    struct campaign_view view;
    if (!engine_campaign(coordinator->engine, c + 1, &view)) {
        return;
    }
    bool has_begun = view.state == CAMPAIGN_RUNNING || view.state == CAMPAIGN_PAUSED;
    uint64_t due_ms = view.state == CAMPAIGN_SCHEDULED ? view.starts_ms
                      : has_begun && !view.is_expired  ? view.not_after_ms
                                                       : 0;
    bool is_held_up = sim->now_ms <= coordinator->frozen_until_ms;
    if (control->overdue_in != coordinator->epoch) { /* a coordinator that is down begins nothing */
        control->overdue_in = coordinator->epoch;
        control->overdue_ms = 0;
    }
    if (due_ms == 0 || clock_ms(sim) < due_ms || is_held_up) {
        control->overdue_ms = 0;
        return;
    }
    control->overdue_ms = control->overdue_ms == 0 ? sim->now_ms : control->overdue_ms;
    if (sim->now_ms > control->overdue_ms + LATE_MS + sim->settings.heartbeat_ms) {
        sim_fail(sim, "c%u is %s, and that is overdue", c + 1, campaign_state_name(view.state));
    }
}
