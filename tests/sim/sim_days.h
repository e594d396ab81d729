/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_days: providers with a quota for days of seconds. The coordinator keeps the count of a day in
 * the ledger, as it does for days of the calendar, and a new life goes on with it. Judged by what
 * is durable: on no day is more leased of a provider than its quota. A day that has begun does not
 * end because a clock is set back.
 */
#ifndef TOCSIN_TESTS_SIM_DAYS_H
#define TOCSIN_TESTS_SIM_DAYS_H

#include <stdint.h>

#include "coordinator/engine/event.h"
#include "coordinator/ledger/ledger.h"
#include "coordinator/report/provider_days.h"

struct sim;
struct sim_settings;

/* Of one provider, durable. */
struct sim_day {
    uint64_t day; /* since SIM_START_MS */
    uint64_t used;
    uint64_t noted; /* as the ledger has it */
};

struct sim_day_totals {
    uint64_t days;    /* on which something was leased of a provider with a quota */
    uint64_t used_up; /* of them: all of the quota */
};

/* Of their own dice. */
void sim_days_draw(struct sim_settings *settings);
/* A life of the coordinator begins. */
void sim_days_open(struct sim *sim, struct ledger *ledger);
/* As the coordinator does before the engine runs, and after it. */
void sim_days_tell(struct sim *sim);
void sim_days_note(struct sim *sim);
/* A lease that became durable, in the order of time. */
void sim_days_charge(struct sim *sim, const struct event *event);
/* A record, when all its leases are charged: the ledger counts no more and no less. */
void sim_days_judge(struct sim *sim, const struct record *record);

#endif
