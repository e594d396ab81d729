/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/preflight_times.h"

#include <math.h>

#include "common/mem.h"

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
    uint64_t after_ms = 0;
    uint64_t last_ms = 0; /* how long the step, or the pair, before lasts */
    for (unsigned s = 0; s <= step; s++) {
        uint64_t within_ms = plan_is_left_out(plan, s) ? 0 : plan->steps[s].within_ms;
        if (plan_is_beside(plan, s)) {
            last_ms = within_ms > last_ms ? within_ms : last_ms;
        } else {
            after_ms += last_ms;
            last_ms = within_ms;
        }
    }
    return after_ms;
}

/* Takes up to `wanted` from the room of these providers; what is left of it. */
static double take(uint64_t providers, double room[WIRE_PROVIDERS_MAX], double wanted)
{
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX && wanted > 0; i++) {
        if ((providers >> i & 1) != 0) {
            double taken = room[i] < wanted ? room[i] : wanted;
            room[i] -= taken;
            wanted -= taken;
        }
    }
    return wanted;
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

/* Until when nobody falls asleep or wakes up, but not beyond `end_ms`. */
static uint64_t flow_cut(const struct flow *flow, uint64_t end_ms)
{
    for (unsigned g = 0; g < flow->group_count; g++) {
        const struct quiet_span *span = &flow->groups[g].span;
        uint64_t next_ms = span->from_ms > flow->at_ms ? span->from_ms : span->until_ms;
        end_ms = next_ms < end_ms ? next_ms : end_ms;
    }
    return end_ms;
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

/* What can be sent in a while: by each provider that has a limit, and by the campaign. */
struct room {
    double providers[WIRE_PROVIDERS_MAX];
    double own;
};

static struct room room_for(const struct flow *flow, uint64_t ms)
{
    const struct preflight_rate *rates = flow->preflight->rates;
    double own_per_s = flow->preflight->rate_per_s;
    struct room room = {.own = own_per_s > 0 ? own_per_s * (double)ms / 1000 : HUGE_VAL};
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        room.providers[i] = rates[i].can_send ? rates[i].per_s * (double)ms / 1000 : 0;
    }
    return room;
}

/* Sends one step's messages with the room there is; what only this step can use is used first. */
static void send_step(struct flow *flow, unsigned step, uint64_t later, struct room *room)
{
    const struct plan_step *plan_step = &flow->preflight->plan->steps[step];
    uint64_t providers = preflight_providers(plan_step, flow->preflight->rates);
    double people = awake(flow, step);
    double sent = people < room->own ? people : room->own;
    double per_s;
    if (people <= 0) {
        return;
    }
    if (preflight_step_rate(plan_step, flow->preflight->rates, &per_s) != PREFLIGHT_UNLIMITED) {
        double rest = take(providers & ~later, room->providers, sent);
        sent -= take(providers, room->providers, rest);
    }
    room->own -= sent;
    leave(flow, step, (people - sent) / people);
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
        struct room room = room_for(&flow, next_ms - flow.at_ms);
        for (unsigned s = 0; s < plan->step_count; s++) {
            uint64_t later = 0;
            for (unsigned l = plan_next(plan, s); l < plan->step_count; l = plan_next(plan, l)) {
                later |= preflight_providers(&plan->steps[l], preflight->rates);
            }
            send_step(&flow, s, later, &room);
        }
        flow_go_on(&flow, next_ms);
    }
    for (unsigned s = 0; s < plan->step_count; s++) {
        late += whole(left(&flow, s));
    }
    mem_free(flow.groups);
    return late;
}

uint64_t preflight_late_at(const struct preflight_case *preflight, unsigned step, uint64_t span_ms)
{
    struct flow flow = flow_of(preflight, preflight_begins_after_ms(preflight->plan, step), false);
    uint64_t end_ms = flow.at_ms + YEAR_MS < span_ms ? flow.at_ms + YEAR_MS : span_ms;
    while (flow.at_ms < end_ms) {
        uint64_t next_ms = flow_cut(&flow, end_ms);
        struct room room = room_for(&flow, next_ms - flow.at_ms);
        send_step(&flow, step, 0, &room);
        flow_go_on(&flow, next_ms);
    }
    uint64_t late = whole(left(&flow, step));
    mem_free(flow.groups);
    return late;
}

/* In how long the step's messages are all sent if everybody stays awake; less than 0: not so. */
static double rest_ms(const struct flow *flow, unsigned step)
{
    double people = awake(flow, step);
    double per_s;
    enum preflight_speed speed =
        preflight_step_rate(&flow->preflight->plan->steps[step], flow->preflight->rates, &per_s);
    if (whole(left(flow, step) - people) > 0 || (whole(people) > 0 && speed == PREFLIGHT_NONE)) {
        return -1;
    }
    double own_per_s = flow->preflight->rate_per_s;
    per_s = speed == PREFLIGHT_UNLIMITED ? HUGE_VAL : per_s;
    per_s = own_per_s > 0 && own_per_s < per_s ? own_per_s : per_s;
    return people > 0 ? people / per_s * 1000 : 0;
}

uint64_t preflight_step_takes_ms(const struct preflight_case *preflight, unsigned step)
{
    struct flow flow = flow_of(preflight, preflight_begins_after_ms(preflight->plan, step), false);
    uint64_t begin_ms = flow.at_ms;
    uint64_t takes_ms = UINT64_MAX;
    while (takes_ms == UINT64_MAX && flow.at_ms < begin_ms + YEAR_MS) {
        uint64_t next_ms = flow_cut(&flow, begin_ms + YEAR_MS);
        struct room room = room_for(&flow, next_ms - flow.at_ms);
        double rest = rest_ms(&flow, step);
        if (rest >= 0 && rest <= (double)(next_ms - flow.at_ms)) {
            takes_ms = flow.at_ms - begin_ms + (uint64_t)(rest + 0.999);
        }
        send_step(&flow, step, 0, &room);
        flow_go_on(&flow, next_ms);
    }
    mem_free(flow.groups);
    return takes_ms;
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
