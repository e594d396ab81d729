/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hard_failures: remembers endpoints that a provider refused for good, at once or by a receipt, so
 * that the next campaigns pass them by. What was refused is known by its place; its address must be
 * read from the page, so it waits in a queue that is worked off a few pages at a time beside
 * everything else.
 *
 * Nothing is promised of what waits: when the queue is full, or the process dies, it is forgotten
 * and counted, and the next campaign finds out anew. The journal has every refusal.
 */
#ifndef TOCSIN_CONTENT_HARD_FAILURES_H
#define TOCSIN_CONTENT_HARD_FAILURES_H

#include <stdbool.h>
#include <stdint.h>

#include "coordinator/audience/audience_registry.h"
#include "coordinator/content/suppression_list.h"

struct hard_failure {
    uint64_t campaign;
    uint64_t audience;
    uint32_t ordinal;
    uint8_t channel;
    uint8_t rank;
    uint16_t reason; /* the provider's */
};

/* The answer is about the address itself and not about this message: what an adapter understood as
 * that (reason_is_of_address); SMTP 550, 551 and 553; 404 and 410 for push
 * tokens and webhooks; or a receipt is a complaint. Complaints, and opt-outs at the provider, are
 * remembered for good, whatever kept_ms says. */
bool hard_failure_is_of_address(unsigned channel, uint16_t reason);

struct hard_failures;
/* What is remembered is remembered for kept_ms: an address may belong to somebody else by then. 0:
 * nothing is remembered. */
struct hard_failures *hard_failures_new(struct ledger *ledger, struct audience_registry *audiences,
                                        struct suppression_list *list, uint64_t kept_ms);
void hard_failures_free(struct hard_failures *failures); /* NULL is fine */
void hard_failures_add(struct hard_failures *failures, const struct hard_failure *failure);
/* Works some of them off, into the record; true if there are more. */
bool hard_failures_run(struct hard_failures *failures, uint64_t now_ms, struct record *record);

struct hard_failures_tally {
    uint64_t remembered; /* endpoints put on the list in this life */
    uint64_t forgotten;  /* refusals that could not be kept, in this life */
    unsigned waiting;
};
struct hard_failures_tally hard_failures_tally(const struct hard_failures *failures);

#endif
