/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_retry: further rounds of campaigns that have finished. The operator reopens one, at random
 * for some of the states; while its pages are woken everything else goes on (acknowledgements,
 * receipts, suppressions, crashes), and then it begins, or is given up.
 *
 * A small round is there as a whole, in one record, a larger one in several: it takes in all who
 * are in its states and nobody else, whatever crashes, and in it nobody is leased whom it did not
 * take in.
 */
#ifndef TOCSIN_TESTS_SIM_RETRY_H
#define TOCSIN_TESTS_SIM_RETRY_H

#include <stdint.h>

#include "coordinator/engine/delivery_state.h"
#include "coordinator/engine/event.h"

struct sim;
struct sim_settings;

struct sim_retry {
    unsigned begun; /* reopened so often */
    unsigned refused;
    unsigned states; /* reopened for these; 0: it is not */
    uint64_t epoch;  /* of the coordinator that knows so */
};

struct sim_retry_totals {
    uint64_t rounds;
    uint64_t recipients;
    uint64_t beside;   /* of them: by a plan that has a pair */
    uint64_t refused;  /* nobody was in the states, or it had expired */
    uint64_t too_late; /* reopened, and then there was nobody left, or no time */
    uint64_t given_up;
    uint64_t forgotten; /* by a crash in between */
    uint64_t ended;     /* at once: all were suppressed */
    uint64_t spread;    /* taken in over several records */
};

/* Of their own dice. */
void sim_retry_draw(struct sim_settings *settings);
void sim_retry_print(const struct sim_retry_totals *totals);

/* The operator looks at the campaign. */
void sim_retry_act(struct sim *sim, unsigned campaign);

/* A record: its campaign events before everything else, each recipient's event before it is
 * applied, that it removes closing counts, and when all of it is applied. */
void sim_retry_foresee(struct sim *sim, unsigned campaign, const struct event *event);
void sim_retry_on_event(struct sim *sim, unsigned campaign, uint32_t ordinal,
                        const struct event *event);
void sim_retry_on_removed(struct sim *sim, unsigned campaign);
void sim_retry_judge(struct sim *sim);

#endif
