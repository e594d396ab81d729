/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_receipts: what providers say later of what they took. Receipts come in any order, before the
 * outcome or long after it, several times, and contradict each other; a provider that has no answer
 * from the coordinator says the same again. Some are of attempts that never were. Each is judged as
 * it is taken (applied once, never a step back), as its answer comes (durable), and by what the
 * journal makes of it (sim_ladder).
 */
#ifndef TOCSIN_TESTS_SIM_RECEIPTS_H
#define TOCSIN_TESTS_SIM_RECEIPTS_H

#include <stdbool.h>
#include <stdint.h>

#include "coordinator/engine/engine.h"
#include "coordinator/engine/event.h"
#include "proto/token.h"
#include "tests/sim/sim_queue.h"
#include "tests/sim/sim_settings.h"

struct sim;

/* A provider's own words in a receipt, which no outcome has. */
#define SIM_REASON_ARRIVED 250
#define SIM_REASON_LOST    550

/* One receipt: in the queue until it is said, then in the list until it is answered. */
struct sim_receipt {
    struct sim *sim;
    struct receipt receipt;
    unsigned repeats; /* it will be said so often again after its answer */
    struct sim_receipt *prev;
    struct sim_receipt *next;
};

struct sim_receipts {
    struct sim_queue queue;
    struct sim_receipt *said;
};

struct sim_receipt_totals {
    uint64_t said[RECEIPT_KINDS];
    uint64_t met[DELIVERY_STATES]; /* where the recipient stood */
    uint64_t moved;                /* something was decided */
    uint64_t earlier;              /* of attempts before the present one */
    uint64_t overtaking;           /* before the outcome */
    uint64_t closed;               /* of campaigns that had ended */
    uint64_t forged;
    uint64_t woken; /* pages */
};

/* Which providers send receipts, and which steps wait for them; of their own dice. */
void sim_receipts_draw(struct sim_settings *settings);
void sim_receipts_print(const struct sim_receipt_totals *totals);
void sim_receipts_release(struct sim *sim);

/* A provider saw a start, and takes the message or not. */
void sim_receipts_on_start(struct sim *sim, unsigned provider, const struct token *token,
                           bool is_taken);
/* Nobody who waited for an answer gets one. */
void sim_receipts_on_crash(struct sim *sim);
uint64_t sim_receipts_next_ms(const struct sim_receipts *receipts);
void sim_receipts_act(struct sim *sim);

/* Takes a page of a campaign that has ended back into the engine, as the API does; false if that
 * must wait until its journal is durable. */
bool sim_receipts_wake(struct sim *sim, unsigned campaign, uint32_t ordinal);
/* The event is what became of a receipt, and of no outcome. */
bool sim_receipts_is_of_receipt(const struct event *event);

#endif
