/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/preflight_times.h"

#include <math.h>
#include <string.h>

#include "common/mem.h"
#include "coordinator/report/preflight_room.h"

uint64_t preflight_providers(const struct plan_step *step,
                             const struct preflight_rate rates[WIRE_PROVIDERS_MAX])
{
    uint64_t providers = 0;
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        providers |= (uint64_t)(rates[i].channel == step->channel) << i;
    }
    return providers & step->providers;
}

enum preflight_speed preflight_step_rate(const struct plan_step *step,
                                         const struct preflight_rate rates[WIRE_PROVIDERS_MAX],
                                         double *per_s)
{
    enum preflight_speed speed = PREFLIGHT_NONE;
    uint64_t providers = preflight_providers(step, rates);
    *per_s = 0;
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        if ((providers >> i & 1) == 0 || !rates[i].can_send) {
            continue;
        }
        if (rates[i].per_s <= 0) {
            *per_s = 0;
            return PREFLIGHT_UNLIMITED;
        }
        *per_s += rates[i].per_s;
        speed = PREFLIGHT_LIMITED;
    }
    return speed;
}

uint64_t preflight_begins_after_ms(const struct plan *plan, unsigned step)
{
    return plan_begins_after_ms(plan, step);
}

/* Whole people; the crumbs of sums are no person. */
static uint64_t whole(double people)
{
    return people <= 0 ? 0 : (uint64_t)(people + 0.999);
}

/* ---- People, and time that goes on ---- */

#define YEAR_MS (UINT64_C(366) * 24 * 3600 * 1000) /* nothing is reckoned further ahead */

/* The people of all zones whose quiet hours are at the same times. */
struct group {
    unsigned zone; /* one of them */
    struct quiet_span span;
    double left[PLAN_RUNGS_MAX]; /* not sent to yet */
};

struct flow {
    const struct preflight_case *preflight;
    uint64_t at_ms;
    struct preflight_room room;
    struct group *groups;
    unsigned group_count;
};

static bool is_asleep(const struct flow *flow, const struct group *group, unsigned step)
{
    const struct preflight_case *preflight = flow->preflight;
    return (preflight->quiet.channels >> preflight->plan->steps[step].channel & 1) != 0 &&
           group->span.from_ms <= flow->at_ms;
}

static struct group *group_of(struct flow *flow, unsigned zone)
{
    const struct preflight_quiet *quiet = &flow->preflight->quiet;
    struct quiet_span span = {UINT64_MAX, UINT64_MAX};
    if (quiet->channels != 0) {
        span = quiet->span(quiet->arg, zone, flow->at_ms);
    }
    for (unsigned g = 0; g < flow->group_count; g++) {
        const struct quiet_span *other = &flow->groups[g].span;
        if (other->from_ms == span.from_ms && other->until_ms == span.until_ms) {
            return &flow->groups[g];
        }
    }
    flow->groups = mem_resize(flow->groups, flow->group_count + 1, sizeof(*flow->groups));
    struct group *group = &flow->groups[flow->group_count++];
    *group = (struct group){.zone = zone, .span = span};
    return group;
}

/* is_first: only first messages are to be sent; else each step's to everybody. */
static struct flow flow_of(const struct preflight_case *preflight, uint64_t at_ms, bool is_first)
{
    const struct preflight_counts *counts = preflight->counts;
    struct flow flow = {.preflight = preflight, .at_ms = at_ms};
    preflight_room_begin(&flow.room, preflight, at_ms);
    bool has_zones = preflight->quiet.channels != 0 && counts->zone_count > 0;
    for (unsigned z = 0; z == 0 || (has_zones && z < counts->zone_count); z++) {
        struct group *group = group_of(&flow, z);
        for (unsigned s = 0; s < counts->step_count; s++) {
            uint64_t first = has_zones ? counts->zones[z].first[s] : counts->steps[s].first;
            uint64_t all = has_zones ? counts->zones[z].sendable[s] : counts->steps[s].sendable;
            group->left[s] += (double)(is_first ? first : all);
        }
    }
    return flow;
}

/* Until when nobody falls asleep or wakes up, no provider either, but not beyond `end_ms`. */
static uint64_t flow_cut(const struct flow *flow, uint64_t end_ms)
{
    for (unsigned g = 0; g < flow->group_count; g++) {
        const struct quiet_span *span = &flow->groups[g].span;
        uint64_t next_ms = span->from_ms > flow->at_ms ? span->from_ms : span->until_ms;
        end_ms = next_ms < end_ms ? next_ms : end_ms;
    }
    return preflight_room_cut(&flow->room, end_ms);
}

static void flow_go_on(struct flow *flow, uint64_t at_ms)
{
    const struct preflight_quiet *quiet = &flow->preflight->quiet;
    flow->at_ms = at_ms;
    for (unsigned g = 0; g < flow->group_count; g++) {
        struct group *group = &flow->groups[g];
        if (group->span.until_ms <= at_ms) {
            group->span = quiet->span(quiet->arg, group->zone, at_ms);
        }
    }
    preflight_room_go_on(&flow->room, at_ms);
}

static double awake(const struct flow *flow, unsigned step)
{
    double people = 0;
    for (unsigned g = 0; g < flow->group_count; g++) {
        people += is_asleep(flow, &flow->groups[g], step) ? 0 : flow->groups[g].left[step];
    }
    return people;
}

static double left(const struct flow *flow, unsigned step)
{
    double people = 0;
    for (unsigned g = 0; g < flow->group_count; g++) {
        people += flow->groups[g].left[step];
    }
    return people;
}

/* Of those who are awake only `share` (0 to 1) are left. */
static void leave(struct flow *flow, unsigned step, double share)
{
    for (unsigned g = 0; g < flow->group_count; g++) {
        if (!is_asleep(flow, &flow->groups[g], step)) {
            flow->groups[g].left[step] *= share;
        }
    }
}

/* Sends one step's messages with the room there is; what only this step can use is used first. In
 * how long, after the while began. */
static double send_step(struct flow *flow, unsigned step, uint64_t later)
{
    const struct plan_step *plan_step = &flow->preflight->plan->steps[step];
    uint64_t providers = preflight_providers(plan_step, flow->preflight->rates);
    struct preflight_room *room = &flow->room;
    double people = awake(flow, step);
    double wanted = people < room->own ? people : room->own;
    double took_ms = 0;
    if (people <= 0) {
        return 0;
    }
    double sent = preflight_room_take(room, providers & ~later, wanted, &took_ms);
    if (sent < wanted) {
        double rest_ms;
        sent += preflight_room_take(room, providers & later, wanted - sent, &rest_ms);
        took_ms = rest_ms > took_ms ? rest_ms : took_ms;
    }
    double own_ms = room->own < HUGE_VAL ? sent / flow->preflight->rate_per_s * 1000 : 0;
    room->own -= sent;
    leave(flow, step, (people - sent) / people);
    return own_ms > took_ms ? own_ms : took_ms;
}

/* ---- What is asked ---- */

static uint64_t within_a_year(uint64_t ms)
{
    return ms < YEAR_MS ? ms : YEAR_MS;
}

uint64_t preflight_late(const struct preflight_case *preflight, uint64_t span_ms)
{
    const struct plan *plan = preflight->plan;
    struct flow flow = flow_of(preflight, 0, true);
    uint64_t late = 0;
    span_ms = within_a_year(span_ms);
    while (flow.at_ms < span_ms) {
        uint64_t next_ms = flow_cut(&flow, span_ms);
        preflight_room_open(&flow.room, next_ms);
        for (unsigned s = 0; s < plan->step_count; s++) {
            uint64_t later = 0;
            for (unsigned l = plan_next(plan, s); l < plan->step_count; l = plan_next(plan, l)) {
                later |= preflight_providers(&plan->steps[l], preflight->rates);
            }
            (void)send_step(&flow, s, later);
        }
        flow_go_on(&flow, next_ms);
    }
    for (unsigned s = 0; s < plan->step_count; s++) {
        late += whole(left(&flow, s));
    }
    mem_free(flow.groups);
    return late;
}

/* A step to which everybody climbs, after the steps before it. */
struct climb {
    struct flow flow;
    unsigned step;
    unsigned first; /* of the steps that are sent */
    uint64_t begins_ms[PLAN_RUNGS_MAX];
};

/* The steps before make a difference only by what they use up of a quota. */
static struct climb climb_of(const struct preflight_case *preflight, unsigned step)
{
    uint64_t shared = preflight_providers(&preflight->plan->steps[step], preflight->rates);
    struct climb climb = {.step = step, .first = step};
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        if ((shared >> i & 1) != 0 && preflight->rates[i].day_quota > 0) {
            climb.first = 0;
        }
    }
    for (unsigned s = 0; s <= step; s++) {
        climb.begins_ms[s] = preflight_begins_after_ms(preflight->plan, s);
    }
    climb.flow = flow_of(preflight, climb.begins_ms[climb.first], false);
    return climb;
}

/* To the next cut, at most to `end_ms`. When the step's last message left, if all of them have;
 * UINT64_MAX: not so. */
static uint64_t climb_on(struct climb *climb, uint64_t end_ms)
{
    struct flow *flow = &climb->flow;
    uint64_t at_ms = flow->at_ms;
    double took_ms = 0;
    for (unsigned s = climb->first; s <= climb->step; s++) {
        bool is_ahead = climb->begins_ms[s] > at_ms && climb->begins_ms[s] < end_ms;
        end_ms = is_ahead ? climb->begins_ms[s] : end_ms;
    }
    uint64_t next_ms = flow_cut(flow, end_ms);
    preflight_room_open(&flow->room, next_ms);
    for (unsigned s = climb->step + 1; s-- > climb->first;) {
        if (climb->begins_ms[s] <= at_ms) {
            double ms = send_step(flow, s, 0);
            took_ms = s == climb->step ? ms : took_ms;
        }
    }
    flow_go_on(flow, next_ms);
    bool is_over = climb->begins_ms[climb->step] <= at_ms && whole(left(flow, climb->step)) == 0;
    return is_over ? at_ms + (uint64_t)(took_ms + 0.999) : UINT64_MAX;
}

uint64_t preflight_late_at(const struct preflight_case *preflight, unsigned step, uint64_t span_ms)
{
    struct climb climb = climb_of(preflight, step);
    uint64_t year_ms = climb.begins_ms[step] + YEAR_MS;
    uint64_t end_ms = year_ms < span_ms ? year_ms : span_ms;
    while (climb.flow.at_ms < end_ms && climb_on(&climb, end_ms) == UINT64_MAX) {
    }
    uint64_t late = whole(left(&climb.flow, step));
    mem_free(climb.flow.groups);
    return late;
}

uint64_t preflight_step_takes_ms(const struct preflight_case *preflight, unsigned step)
{
    struct climb climb = climb_of(preflight, step);
    uint64_t begin_ms = climb.begins_ms[step];
    uint64_t end_ms = UINT64_MAX;
    while (climb.flow.at_ms < begin_ms + YEAR_MS && end_ms == UINT64_MAX) {
        end_ms = climb_on(&climb, begin_ms + YEAR_MS);
    }
    mem_free(climb.flow.groups);
    return end_ms == UINT64_MAX ? UINT64_MAX : end_ms - begin_ms;
}

uint64_t preflight_asleep(const struct preflight_case *preflight, uint64_t *until_ms)
{
    struct flow flow = flow_of(preflight, 0, true);
    double people = 0;
    *until_ms = 0;
    for (unsigned g = 0; g < flow.group_count; g++) {
        const struct group *group = &flow.groups[g];
        double held = 0;
        for (unsigned s = 0; s < preflight->plan->step_count; s++) {
            held += is_asleep(&flow, group, s) ? group->left[s] : 0;
        }
        if (held > 0 && group->span.until_ms > *until_ms) {
            *until_ms = group->span.until_ms;
        }
        people += held;
    }
    mem_free(flow.groups);
    return whole(people);
}

/* The people who are late for it, but would not be if the provider were as in `rates`. */
static bool is_stopped(const struct preflight_case *preflight,
                       const struct preflight_rate rates[WIRE_PROVIDERS_MAX],
                       struct preflight_stop *stop)
{
    struct preflight_case other = *preflight;
    other.rates = rates;
    uint64_t late = preflight_late(preflight, stop->until_ms);
    uint64_t otherwise = late == 0 ? 0 : preflight_late(&other, stop->until_ms);
    stop->people = late > otherwise ? late - otherwise : 0;
    return stop->people > 0;
}

bool preflight_stop_by_hours(const struct preflight_case *preflight, unsigned provider,
                             struct preflight_stop *stop)
{
    struct preflight_rate rates[WIRE_PROVIDERS_MAX];
    if (!preflight->rates[provider].has_hours) {
        return false;
    }
    memcpy(rates, preflight->rates, sizeof(rates));
    rates[provider].has_hours = false;
    struct quiet_span span = preflight->calendar.quiet(preflight->calendar.arg, provider, 0);
    *stop = (struct preflight_stop){.from_ms = span.from_ms, .until_ms = span.until_ms};
    return is_stopped(preflight, rates, stop);
}

bool preflight_stop_by_quota(const struct preflight_case *preflight, unsigned provider,
                             struct preflight_stop *stop)
{
    struct preflight_rate rates[WIRE_PROVIDERS_MAX];
    if (preflight->rates[provider].day_quota <= 0) {
        return false;
    }
    memcpy(rates, preflight->rates, sizeof(rates));
    rates[provider].day_quota = 0;
    *stop = (struct preflight_stop){
        .until_ms = preflight->calendar.day_end(preflight->calendar.arg, provider, 0)};
    return is_stopped(preflight, rates, stop);
}
