/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_ladder: who climbs when. Each durable event of a recipient is judged by the plan: steps are
 * climbed one by one and not early, nothing happens to anybody after he acknowledged, and nobody
 * ends before the plan has ended for him.
 *
 * A step that waits for an acknowledgement lasts `within` from when it was accepted, or held. What
 * a provider's temporary trouble took of it before is left out, as the recipient keeps it: in
 * 255ths, each wait rounded up or down.
 */
#ifndef TOCSIN_TESTS_SIM_LADDER_H
#define TOCSIN_TESTS_SIM_LADDER_H

#include <stdbool.h>
#include <stdint.h>

#include "coordinator/engine/delivery_state.h"
#include "coordinator/engine/event.h"

struct sim;

struct sim_ladder {
    bool is_acknowledged;
    uint64_t acknowledged_ms; /* when that became durable, by the simulation's clock */
    uint16_t accepted;        /* bit s: step s was, as the journal says */
    uint16_t bounced;         /* bit s: on step s something came back */
    bool is_held;             /* on this step: it may have been taken, and is not sent again */
    bool is_heard;            /* receipts have moved him */
    bool was_delivered;
    bool was_down; /* he passed by a step whose channel was down, with or without an endpoint */
    bool is_back;  /* he went back to it, and waits now */
    bool is_done;  /* delivered, and nothing more is waited for */
    bool is_late_bounce; /* it came back after the campaign's end: nothing follows */
    uint64_t ends_ms;    /* the step lasts at least until then; 0: it is not open */
};

/* Held after the ladder's end: what comes late settles how it ended. */
bool sim_ladder_is_over(const struct recipient_state *state);
/* A recipient's event that became durable and is about to be applied to his state; sim_plan knows
 * of it. */
void sim_ladder_on_event(struct sim *sim, unsigned campaign, uint32_t ordinal,
                         const struct recipient_state *state, const struct event *event);

#endif
