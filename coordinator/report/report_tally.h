/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_tally: everything that a campaign's report counts, in memory whose size does not depend on
 * how many people there are: counters, histograms, and groups of which there are at most
 * REPORT_GROUPS_MAX. What each figure means is said in report_words.c.
 */
#ifndef TOCSIN_REPORT_REPORT_TALLY_H
#define TOCSIN_REPORT_REPORT_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/slice.h"
#include "coordinator/engine/delivery_state.h"
#include "coordinator/engine/plan.h"
#include "coordinator/report/rate_bins.h"
#include "coordinator/report/time_spread.h"
#include "proto/channel_kind.h"
#include "proto/wire.h"

#define REPORT_GROUPS_MAX  1000 /* values of one column that are counted for themselves */
#define REPORT_REASONS_MAX 2048 /* reasons are below */
#define REPORT_KEYS_MAX    20   /* people who are named */

/* Attempts by what came of them, and people; of a channel, of a provider, or of all. */
struct report_way {
    uint64_t attempts; /* handed to a worker and not given back: what follows adds up to it, but for
                          what is under way */
    uint64_t accepted;
    uint64_t deferred;
    uint64_t refused;
    uint64_t uncertain;
    uint64_t overtaken;     /* by an acknowledgement: what became of it is not known */
    uint64_t retries;       /* attempts that followed a deferred one */
    uint64_t repeated;      /* attempts that followed an uncertain one, with the same token */
    uint64_t handed_back;   /* no attempts: the worker did not begin */
    uint64_t turned_away;   /* no attempts: throttled, or no connection to the provider */
    uint64_t nothing_there; /* no attempts: no endpoint, or it must not be used */
    uint64_t bounced;       /* accepted, and a receipt said that it did not arrive */
    uint64_t people_accepted;
    uint64_t people_delivered;
    uint64_t people_acknowledged;
};

/* How somebody said that he knows (REASON_BY_LINK and so on, proto/outcome.h). */
enum report_means {
    REPORT_BY_LINK,
    REPORT_BY_REPLY,
    REPORT_BY_KEY,
    REPORT_BY_OTHERS,
    REPORT_BY_UNKNOWN, /* the journal of that time did not say */
    REPORT_MEANS
};

struct report_rung {
    uint64_t entered;
    uint64_t tried;
    uint64_t accepted;
    uint64_t acknowledged;
    uint64_t climbed;
};

struct report_reason {
    uint64_t times;  /* attempts that ended so, and receipts */
    uint64_t people; /* who ended so without being reached */
};

struct report_group {
    char *name; /* "": no value */
    uint64_t people;
    uint64_t reached;
    uint64_t delivered;
    uint64_t acknowledged;
    uint64_t not_reached;
};

struct report_groups; /* by value of a column */

struct report_key {
    char *key;
    uint8_t state;
    uint16_t reason;
};

struct report_tally {
    uint32_t people;
    uint32_t states[DELIVERY_STATES];
    uint32_t open;
    uint32_t complained;
    uint32_t reached;
    uint32_t delivered;
    uint32_t acknowledged;
    uint32_t acknowledged_by[REPORT_MEANS]; /* add up to it */
    uint32_t not_reached; /* it is over for them, and nothing was accepted for sure */
    uint32_t ever_uncertain;
    uint32_t repeated_people;
    uint32_t retried_people; /* in a further round */
    struct report_way all;
    struct report_way channels[CHANNEL_KINDS];
    struct report_way providers[WIRE_PROVIDERS_MAX];
    struct report_rung rungs[PLAN_RUNGS_MAX];
    struct report_reason reasons[REPORT_REASONS_MAX];
    struct time_spread first_word;      /* from the launch */
    struct time_spread receipt;         /* likewise */
    struct time_spread acknowledgement; /* likewise */
    struct time_spread answer;          /* from the first word to the acknowledgement */
    struct rate_bins accepted_bins;     /* messages */
    struct report_groups *locales;      /* NULL: the audience has none */
    struct report_groups *groups;       /* NULL: nobody asked */
    struct report_key keys[REPORT_KEYS_MAX];
    unsigned key_count;
};

struct report_tally *report_tally_new(bool has_locales, bool has_groups);
void report_tally_free(struct report_tally *tally); /* NULL is fine */

/* The group of a value; the one of the others if there are too many. Valid until the tally is
 * freed. */
struct report_group *report_groups_take(struct report_groups *groups, struct slice value);
/* Sorts by people, the most first, then by name. Then index 0, 1, ... until NULL. */
void report_groups_sort(struct report_groups *groups);
const struct report_group *report_groups_at(const struct report_groups *groups, unsigned index);
/* Those whose value is not counted for itself; NULL: there are none. */
const struct report_group *report_groups_others(const struct report_groups *groups);
void report_tally_name(struct report_tally *tally, struct slice key, uint8_t state,
                       uint16_t reason);

#endif
