/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_journal: what is durable, and what really happened, side by side. Every record is applied
 * here when it is on disk, as a standby would; every start of an attempt is noted here when the
 * provider sees it. The promises are checked as soon as either changes.
 */
#ifndef TOCSIN_TESTS_SIM_JOURNAL_H
#define TOCSIN_TESTS_SIM_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

#include "coordinator/engine/campaign.h"
#include "coordinator/engine/record.h"
#include "tests/sim/sim_attempt.h"
#include "tests/sim/sim_days.h"
#include "tests/sim/sim_ladder.h"
#include "tests/sim/sim_plan.h"
#include "tests/sim/sim_settings.h"
#include "tests/sim/sim_suppress.h"

struct sim;
struct sim_report;

struct sim_recipient {
    struct sim_attempt *attempts;
    struct sim_course course;
    struct sim_ladder ladder;
    uint8_t round; /* that he last began in */
    bool was_tried;
    struct sim_course side_course; /* beside the ladder: of steps with_previous */
    struct sim_ladder side;        /* of it only what is of a step */
    uint8_t side_round;            /* that he last began beside it in */
    bool has_spoken;               /* said that he knows; it may have been lost */
    struct sim_bars bars;
    uint64_t
        told_in; /* the life of the coordinator in which workers were told that he is called back */
    unsigned told; /* bit w: worker w was */
};

/* Whoever acknowledged in the record that has just become durable, and of whom a lease was given up
 * in this life. */
struct sim_lost {
    unsigned campaign;
    uint32_t ordinal;
};

struct sim_bucket {
    double level;
    uint64_t at_ms;
    double rate_per_s; /* 0: not known yet */
    double burst;
    unsigned changes;      /* of its limit that are behind */
    uint64_t throttled_ms; /* in this life of the coordinator */
};

struct sim_campaign {
    bool is_created; /* its definition is durable */
    struct campaign_def def;
    struct campaign *fold;
    struct sim_recipient *recipients; /* by ordinal */
    unsigned events[CAMPAIGN_EVENTS];
    bool is_screened; /* in the record that is being applied, or before */
    bool
        is_cancelled; /* or superseded or expired, in the record that is being applied, or before */
    bool is_ending;   /* or it has finished, likewise */
    bool was_cancelled;  /* likewise, before this record */
    bool is_paused;      /* before this record, and all through it */
    uint64_t leased_ms;  /* the newest lease of the record */
    uint64_t halted_ms;  /* when it last ceased to be sent */
    uint64_t stopped_ms; /* since when it is durable that it is stopped; 0: it is not */
    bool is_ended;
    unsigned round; /* in the record that is being applied, or before */
    unsigned round_states;
    uint32_t to_retry;        /* as the round says */
    uint32_t retried;         /* in this record */
    bool is_round_now;        /* it begins in this record */
    bool is_taking_in;        /* it has not taken in all, before this record or all through it */
    bool is_whole_now;        /* in this record it has */
    bool is_end_removed;      /* in this record */
    struct sim_bucket bucket; /* of its own rate */
    bool is_changed;          /* since its end was noted: what was heard later counts */
};

/* A lease that was ever durable. */
struct sim_lease {
    uint64_t id;
    unsigned campaign;
    uint32_t page;
    uint64_t instance;
    UT_hash_handle hh;
};

struct sim_journal {
    struct sim_campaign campaigns[SIM_CAMPAIGNS_MAX];
    struct lease_table leases; /* open */
    struct sim_lease *seen;
    struct sim_bucket buckets[WIRE_PROVIDERS_MAX];
    struct sim_day days[SIM_PROVIDERS_MAX];
    struct sim_lost *lost;
    unsigned lost_count;
    uint64_t recno;
    uint64_t epoch;
};

void sim_journal_init(struct sim *sim);
void sim_journal_release(struct sim_journal *journal);
/* The record is on disk. */
void sim_journal_apply(struct sim *sim, const struct record *record);
/* One that was ever durable. */
const struct sim_lease *sim_journal_lease(const struct sim_journal *journal, uint64_t lease);
/* Is any place of the lease in this bitmap still leased, as far as the disk knows? */
bool sim_journal_is_open(const struct sim_journal *journal, uint64_t lease,
                         const struct bitmap *places);
/* Who was reported accepted, and was not leased again since, was accepted on the disk, or has
 * acknowledged. */
void sim_journal_check_accepted(const struct sim *sim, const struct sim_report *report);
/* Where he stands on the track that a step is on. */
struct recipient_state sim_journal_track(const struct sim_journal *journal, unsigned campaign,
                                         uint32_t ordinal, unsigned step);
struct sim_course *sim_journal_course(const struct sim_campaign *campaign, uint32_t ordinal,
                                      unsigned step);
/* What he comes to on both. */
struct recipient_state sim_journal_state(const struct sim_journal *journal, unsigned campaign,
                                         uint32_t ordinal);
/* Everything has ended: what the providers saw is what the journal says. */
void sim_journal_check_end(struct sim *sim);

#endif
