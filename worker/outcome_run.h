/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outcome_run: results of attempts, gathered by batch into runs: neighbours of the page that met
 * the same fate become one struct outcome_run. One thread.
 */
#ifndef TOCSIN_WORKER_OUTCOME_RUN_H
#define TOCSIN_WORKER_OUTCOME_RUN_H

#include <stdbool.h>

#include "common/arena.h"
#include "common/bitmap.h"
#include "proto/outcome.h"

/* Outcomes that became known within so long of each other may share a run; it keeps the time of
 * its first. */
#define OUTCOME_JOIN_MS 20

/* Zeroed memory is an empty list. */
struct outcome_list {
    struct outcome_run *runs;
    struct arena refs; /* of the runs; set up with the first */
    bool has_refs;
    unsigned count;
    unsigned cap;
    unsigned recipients; /* the sum of all spans */
    bool is_unordered;
};

void outcome_list_release(struct outcome_list *list);
/* Forgets the runs but keeps the room. */
void outcome_list_clear(struct outcome_list *list);
/* Takes a copy of the run and of its ref; a ref longer than OUTCOME_REF_MAX is cut off. No place
 * may be added twice before the next clear. */
void outcome_list_add(struct outcome_list *list, const struct outcome_run *run);
/* One run (without a ref) for each stretch of set bits; `fate` says all but offset and span. */
void outcome_list_add_places(struct outcome_list *list, const struct bitmap *places,
                             const struct outcome_run *fate);
/* Puts the runs into the order of places and joins neighbours. */
void outcome_list_settle(struct outcome_list *list);

#endif
