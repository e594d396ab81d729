/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decisions: many receipts and acknowledgements of one request, told to the engine. Those of a
 * campaign that has ended need its page from the journal, which takes a while: so a few pages are
 * woken, what can be decided is decided, and the rest goes on when that is durable.
 */
#ifndef TOCSIN_API_DECISIONS_H
#define TOCSIN_API_DECISIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "coordinator/api/exchange.h"
#include "coordinator/engine/engine.h"

struct decision {
    struct receipt receipt;
    bool is_acknowledgement; /* only campaign and ordinal of the receipt count */
    bool is_newest;  /* of the receipt's attempt only the rank is known (receipts_find_newest) */
    bool is_settled; /* set before: refused already, with err */
    enum err err;    /* ERR_OK: taken */
};

struct decisions {
    struct decision *list;
    unsigned count;
    unsigned next;        /* to be decided */
    unsigned taken;       /* in this request */
    void *arg;            /* the caller's */
    route_fn all_decided; /* called once, from the loop or at once */
};

/* Takes exchange->decisions. What was refused is counted as its provider's. */
void decisions_make(struct exchange *exchange, struct decisions *decisions);
/* Why it was not taken, for whoever sent it; NULL for one that was. */
const char *decision_sentence(enum err err);
/* 204; 403, 404, 410 or 503. */
unsigned decision_status(enum err err);

#endif
