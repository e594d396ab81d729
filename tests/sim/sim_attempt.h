/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_attempt: what became of each attempt: what the journal says of it beside what the providers
 * saw.
 *
 * An attempt is a recipient and the number in its token. Of each is counted:
 *     leased      durable leases: each gives the right to one start
 *     unstarted   leases that came back with the word that nothing was started
 *     answered    leases that ended with a provider's answer
 *     untaken     of these, answers that say for sure that nothing was taken and the same number
 *                 goes again
 *     marks       times that the journal says that it is not known (repeated, held)
 *     starts      as the provider saw them
 *     accepts     of these, the ones that the provider took, whether it could say so or not
 */
#ifndef TOCSIN_TESTS_SIM_ATTEMPT_H
#define TOCSIN_TESTS_SIM_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "coordinator/engine/event.h"

struct sim;
struct sim_campaign;

struct sim_attempt {
    uint8_t number;
    uint32_t leased;
    uint32_t unstarted;
    uint32_t answered;
    uint32_t untaken;
    uint32_t marks;
    uint32_t starts;
    uint32_t accepts;
    uint32_t refs; /* accepts that the provider gave a name */
    struct sim_attempt *next;
};

/* A recipient's event that became durable and is about to be applied. */
void sim_attempt_on_event(struct sim *sim, unsigned campaign, uint32_t ordinal,
                          const struct event *event);
/* A provider sees a start; is_taken: it takes the message; has_ref: and says what it calls it. */
void sim_attempt_on_start(struct sim *sim, unsigned campaign, uint32_t ordinal, uint8_t number,
                          bool is_taken, bool has_ref);
/* Everything has ended: what the providers saw is what the journal says. */
void sim_attempt_check_end(struct sim *sim, unsigned campaign, uint32_t ordinal);
void sim_attempt_free_all(struct sim_campaign *campaign);

#endif
