/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_control: campaigns that begin, end and stop by themselves. The operator schedules them, moves
 * them and begins them early; the clock is set by up to an hour. Judged by what is durable: nobody
 * is leased before the start or from not_after on, nothing is started past not_after by the clock
 * of the worker, a launch ends what it supersedes in its own record, and a campaign is stopped if,
 * and only if, it is over its rule.
 */
#ifndef TOCSIN_TESTS_SIM_CONTROL_H
#define TOCSIN_TESTS_SIM_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "coordinator/engine/campaign.h"
#include "coordinator/engine/event.h"
#include "tests/sim/sim_settings.h"
#include "worker/delivery.h"

struct sim;

#define SIM_MOVES_MAX 8 /* of one campaign's start */

/* What a critical campaign overrides. */
enum sim_override { SIM_OVERRIDES_QUIET = 1, SIM_OVERRIDES_CAP = 2, SIM_OVERRIDES_ELSE = 4 };

/* A number of recipients at the start of a record, and how often it rose and fell in it. */
struct sim_count {
    uint64_t began;
    uint64_t rose;
    uint64_t fell;
};

struct sim_control {
    /* Asked for, heard or not: */
    uint64_t starts_ms[SIM_MOVES_MAX];
    unsigned start_count;
    bool is_asked_now;
    /* Durable: */
    uint64_t begins_ms; /* it is not launched before */
    uint64_t not_after_ms;
    bool is_launched;     /* in the record that is being applied, or before */
    uint64_t made_at;     /* the record of its definition */
    uint64_t launched_at; /* of its launch; 0: none */
    uint64_t supersedes;  /* what its launch says */
    uint64_t superseded_at;
    uint64_t superseded_by;
    struct sim_count caused[STOP_CAUSES];
    struct sim_count tried;
    uint64_t tried_now;
    uint64_t complained_now;
    uint64_t before[STOP_CAUSES]; /* when it was resumed last */
    /* Since when is what it has to do by itself overdue? 0: it is not. */
    uint64_t overdue_ms; /* since then something is, in this life of the coordinator */
    uint64_t overdue_in; /* its epoch */
    /* In the record that is being applied: */
    bool is_begun_now;      /* it is launched, or begins a round */
    unsigned overrides_now; /* enum sim_override */
};

struct sim_control_totals {
    uint64_t scheduled;
    uint64_t moved;
    uint64_t begun_early;
    uint64_t refused; /* past its not_after before it began */
    uint64_t expired;
    uint64_t superseded;
    uint64_t stopped[STOP_CAUSES];
    uint64_t set_ahead;
    uint64_t set_back;
};

/* Of their own dice. */
void sim_control_draw(struct sim_settings *settings);
void sim_control_print_settings(const struct sim_campaign_settings *settings);
void sim_control_print(const struct sim_control_totals *totals);

/* The operator. A draft that can reach nobody any more is cancelled. */
void sim_control_launch(struct sim *sim, unsigned campaign);
void sim_control_move(struct sim *sim, unsigned campaign);

/* The clock of the coordinator's machine: one set ahead is followed, one set back when the
 * coordinator begins anew. */
void sim_control_set_clock(struct sim *sim);

/* A record: before, for each event of a page before (also for each recipient that it is of) and
 * after it is applied, for each event of the campaign itself before it is applied, and when all
 * are. */
void sim_control_foresee(struct sim *sim, unsigned campaign, const struct event *event);
void sim_control_on_event(struct sim *sim, unsigned campaign, const struct event *event);
void sim_control_on_recipient(struct sim *sim, unsigned campaign, uint32_t ordinal,
                              const struct recipient_state *state, const struct event *event);
void sim_control_counted(struct sim *sim, unsigned campaign);
void sim_control_on_own(struct sim *sim, unsigned campaign, const struct event *event);
void sim_control_judge(struct sim *sim);

/* The worker starts an attempt. */
void sim_control_check_start(const struct sim *sim, unsigned worker, unsigned campaign);
/* After each step: what is due by itself is done. */
void sim_control_check(struct sim *sim, unsigned campaign);

#endif
