/* SPDX-License-Identifier: Apache-2.0 */
/*
 * preflight_room: how many messages providers and a campaign's own rate let through while time goes
 * on, as the engine would lease them: nothing of a provider that is silent, and of one with a daily
 * quota no more than its day has left. A value; for preflight_times alone.
 *
 * A room is opened for a while in which no provider falls silent, wakes, or begins a new day, and
 * messages are taken from it.
 */
#ifndef TOCSIN_REPORT_PREFLIGHT_ROOM_H
#define TOCSIN_REPORT_PREFLIGHT_ROOM_H

#include "coordinator/report/preflight_times.h"

struct preflight_room_provider {
    double per_s;    /* HUGE_VAL: no limit; 0: it cannot send */
    double day_left; /* HUGE_VAL: it has no quota */
    double left;     /* in this while */
    uint64_t day_end_ms;
    struct quiet_span quiet;
};

struct preflight_room {
    const struct preflight_case *preflight;
    uint64_t used; /* bit i: a step of the plan may use provider i */
    uint64_t at_ms;
    double own; /* by the campaign's rate, in this while */
    struct preflight_room_provider providers[WIRE_PROVIDERS_MAX];
};

/* As it is `at_ms` after the beginning of the campaign, with the day's quota of then whole unless
 * it is the first. */
void preflight_room_begin(struct preflight_room *room, const struct preflight_case *preflight,
                          uint64_t at_ms);
/* Until when nothing of it changes, but not beyond `end_ms`. */
uint64_t preflight_room_cut(const struct preflight_room *room, uint64_t end_ms);
/* From now to `until_ms`, at most to the next cut. */
void preflight_room_open(struct preflight_room *room, uint64_t until_ms);
/* Time goes on to where it was opened to. */
void preflight_room_go_on(struct preflight_room *room, uint64_t at_ms);
/* Up to `wanted` of these providers: so many there are. What is in excess is divided as the
 * providers would have divided it: by their rates, and by their shares where they have no limit.
 * *took_ms: the last is sent so long after the room was opened, if nobody took before. */
double preflight_room_take(struct preflight_room *room, uint64_t providers, double wanted,
                           double *took_ms);

#endif
