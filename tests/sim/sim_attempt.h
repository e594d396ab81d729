/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_attempt: what became of each attempt: what the journal says of it beside what the providers
 * saw.
 *
 * An attempt is a recipient, and the round, the step and the number in its token. Of each is
 * counted: leased      durable leases: each gives the right to one start unstarted   leases that
 * came back with the word that nothing was started answered    leases that ended with a provider's
 * answer untaken     of these, answers that say for sure that nothing was taken and the same number
 *                 goes again
 *     marks       times that the journal says that it is not known (repeated, held)
 *     starts      as the provider saw them
 *     accepts     of these, the ones that the provider took, whether it could say so or not
 *     bounces     1: a receipt says that it came back, and the ladder has gone on or ended for that
 */
#ifndef TOCSIN_TESTS_SIM_ATTEMPT_H
#define TOCSIN_TESTS_SIM_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "coordinator/engine/delivery_state.h"
#include "coordinator/engine/engine.h"
#include "coordinator/engine/event.h"
#include "proto/token.h"

struct sim;
struct sim_recipient;

struct sim_attempt {
    uint8_t round;
    uint8_t step;
    uint8_t number;
    uint32_t leased;
    uint32_t unstarted;
    uint32_t answered;
    uint32_t untaken;
    uint32_t marks;
    uint32_t starts;
    uint32_t accepts;
    uint32_t refs; /* accepts that the provider gave a name */
    uint32_t bounces;
    uint8_t heard; /* bit k: its receipt of kind k was taken, durable or not */
    struct sim_attempt *next;
};

/* Reasons that say that the attempt may have been taken. Whoever is held for another one was in
 * doubt before, and the mark is there. */
bool sim_attempt_is_doubt(uint16_t reason);
/* A recipient's event that became durable and is about to be applied to his state. */
void sim_attempt_on_event(struct sim *sim, unsigned campaign, uint32_t ordinal,
                          const struct recipient_state *state, const struct event *event);
/* A provider sees a start; is_taken: it takes the message; has_ref: and says what it calls it. */
void sim_attempt_on_start(struct sim *sim, const struct token *token, bool is_taken, bool has_ref);
/* A receipt is taken; there was such an attempt. */
void sim_attempt_on_receipt(struct sim *sim, const struct receipt *receipt);
/* Whether receipts of the kind were taken of an attempt in the round that he is in; step -1: of
 * any, in any round. */
bool sim_attempt_is_heard(const struct sim_recipient *recipient, int step, unsigned number,
                          enum receipt_kind kind);
/* Marks, starts, accepts, refs and bounces of a step's attempts in the round that he is in,
 * together; step -1: of all, in all rounds. What bounced was neither taken nor is in doubt. */
struct sim_attempt sim_attempt_sum(const struct sim_recipient *recipient, int step);
/* Everything has ended: what the providers saw is what the journal says. */
void sim_attempt_check_end(struct sim *sim, unsigned campaign, uint32_t ordinal);
void sim_attempt_free_all(struct sim_recipient *recipient);

#endif
