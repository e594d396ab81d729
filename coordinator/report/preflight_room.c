/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/preflight_room.h"

#include <math.h>

static bool is_used(const struct preflight_room *room, unsigned i)
{
    return (room->used >> i & 1) != 0;
}

/* ---- Time ---- */

static void look_at_hours(struct preflight_room *room, unsigned i)
{
    const struct preflight_case *preflight = room->preflight;
    room->providers[i].quiet =
        preflight->rates[i].has_hours
            ? preflight->calendar.quiet(preflight->calendar.arg, i, room->at_ms)
            : (struct quiet_span){UINT64_MAX, UINT64_MAX};
}

/* On the first day a part of the quota is used up already. */
static void look_at_day(struct preflight_room *room, unsigned i, bool is_first)
{
    const struct preflight_case *preflight = room->preflight;
    const struct preflight_rate *rate = &preflight->rates[i];
    struct preflight_room_provider *provider = &room->providers[i];
    provider->day_left = HUGE_VAL;
    provider->day_end_ms = UINT64_MAX;
    if (rate->day_quota > 0) {
        provider->day_left = is_first ? rate->day_left : rate->day_quota;
        provider->day_end_ms = preflight->calendar.day_end(preflight->calendar.arg, i, room->at_ms);
    }
}

void preflight_room_begin(struct preflight_room *room, const struct preflight_case *preflight,
                          uint64_t at_ms)
{
    *room = (struct preflight_room){.preflight = preflight, .at_ms = at_ms};
    for (unsigned s = 0; s < preflight->plan->step_count; s++) {
        room->used |= plan_is_left_out(preflight->plan, s)
                          ? 0
                          : preflight_providers(&preflight->plan->steps[s], preflight->rates);
    }
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        if (is_used(room, i)) {
            const struct preflight_rate *rate = &preflight->rates[i];
            room->providers[i].per_s = !rate->can_send   ? 0
                                       : rate->per_s > 0 ? rate->per_s
                                                         : HUGE_VAL;
            look_at_hours(room, i);
            look_at_day(room, i, at_ms == 0);
        }
    }
}

static void cut_at(const struct preflight_room *room, uint64_t at_ms, uint64_t *end_ms)
{
    if (at_ms > room->at_ms && at_ms < *end_ms) {
        *end_ms = at_ms;
    }
}

uint64_t preflight_room_cut(const struct preflight_room *room, uint64_t end_ms)
{
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        const struct preflight_room_provider *provider = &room->providers[i];
        if (is_used(room, i) && provider->per_s > 0) {
            cut_at(room, provider->quiet.from_ms, &end_ms);
            cut_at(room, provider->quiet.until_ms, &end_ms);
            cut_at(room, provider->day_end_ms, &end_ms);
            cut_at(room, room->preflight->rates[i].resumes_ms, &end_ms);
        }
    }
    return end_ms;
}

static bool is_silent(const struct preflight_room *room, unsigned i)
{
    return room->providers[i].quiet.from_ms <= room->at_ms ||
           room->preflight->rates[i].resumes_ms > room->at_ms;
}

void preflight_room_open(struct preflight_room *room, uint64_t until_ms)
{
    double seconds = (double)(until_ms - room->at_ms) / 1000;
    double own_per_s = room->preflight->rate_per_s;
    room->own = own_per_s > 0 ? own_per_s * seconds : HUGE_VAL;
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        struct preflight_room_provider *provider = &room->providers[i];
        if (is_used(room, i)) {
            double most =
                is_silent(room, i) || provider->per_s <= 0 ? 0 : provider->per_s * seconds;
            provider->left = most < provider->day_left ? most : provider->day_left;
        }
    }
}

void preflight_room_go_on(struct preflight_room *room, uint64_t at_ms)
{
    room->at_ms = at_ms;
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        if (!is_used(room, i)) {
            continue;
        }
        if (room->providers[i].quiet.until_ms <= at_ms) {
            look_at_hours(room, i);
        }
        if (room->providers[i].day_end_ms <= at_ms) {
            look_at_day(room, i, false);
        }
    }
}

/* ---- Who sends how much ---- */

/* All of one kind, with a limit or without, that still have something left. */
struct pour {
    struct preflight_room *room;
    bool is_unlimited;
    uint64_t open;
    double wanted; /* still */
    double level;  /* how long each of them has sent */
};

static double speed_of(const struct pour *pour, unsigned i)
{
    double share = pour->room->preflight->rates[i].share;
    return !pour->is_unlimited ? pour->room->providers[i].per_s : share > 0 ? share : 1;
}

static struct pour pour_of(struct preflight_room *room, uint64_t providers, bool is_unlimited,
                           double wanted)
{
    struct pour pour = {.room = room, .is_unlimited = is_unlimited, .wanted = wanted};
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        bool has_limit = room->providers[i].per_s < HUGE_VAL;
        bool is_in = (providers >> i & 1) != 0 && room->providers[i].left > 0;
        pour.open |= (uint64_t)(is_in && has_limit != is_unlimited) << i;
    }
    return pour;
}

static void take(struct pour *pour, unsigned i, double messages)
{
    struct preflight_room_provider *provider = &pour->room->providers[i];
    provider->left -= messages;
    provider->day_left -= messages;
    pour->wanted -= messages;
    pour->open &= ~(UINT64_C(1) << i);
}

/* Those that have nothing left before all are at the level; false: there are none. */
static bool empty_some(struct pour *pour, double level)
{
    bool is_any = false;
    for (uint64_t rest = pour->open; rest != 0; rest &= rest - 1) {
        unsigned i = (unsigned)__builtin_ctzll(rest);
        double left = pour->room->providers[i].left;
        double speed = speed_of(pour, i);
        if (left <= level * speed) {
            pour->level = left / speed > pour->level ? left / speed : pour->level;
            take(pour, i, left);
            is_any = true;
        }
    }
    return is_any;
}

/* All send at once, each at its speed and up to what it has left, until nothing is wanted. */
static void pour_out(struct pour *pour)
{
    while (pour->open != 0 && pour->wanted > 0) {
        double speed = 0;
        for (uint64_t rest = pour->open; rest != 0; rest &= rest - 1) {
            speed += speed_of(pour, (unsigned)__builtin_ctzll(rest));
        }
        double level = pour->wanted / speed;
        if (empty_some(pour, level)) {
            continue;
        }
        pour->level = level;
        for (uint64_t rest = pour->open; rest != 0; rest &= rest - 1) {
            unsigned i = (unsigned)__builtin_ctzll(rest);
            take(pour, i, level * speed_of(pour, i));
        }
        pour->wanted = 0;
    }
}

double preflight_room_take(struct preflight_room *room, uint64_t providers, double wanted,
                           double *took_ms)
{
    struct pour unlimited = pour_of(room, providers, true, wanted); /* in no time */
    pour_out(&unlimited);
    struct pour limited = pour_of(room, providers, false, unlimited.wanted);
    pour_out(&limited);
    *took_ms = limited.level * 1000;
    return wanted - limited.wanted;
}
