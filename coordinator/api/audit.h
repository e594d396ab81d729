/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit: puts who did what into the record of the change (content/audit_log.h). exchange_commit and
 * its kin call it, so a route has its entries without a line of its own; what it has to add is a
 * few words (exchange_note).
 *
 * Not noted are routes for recipients and providers, and those of ROUTE_MACHINE: what comes by them
 * is in the journal. Refused changes are noted, but no more than a few a minute, and how many were
 * left out.
 */
#ifndef TOCSIN_API_AUDIT_H
#define TOCSIN_API_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "coordinator/api/route.h"

struct exchange;

#define AUDIT_REFUSED_BURST   20   /* that may be noted at once, */
#define AUDIT_REFUSED_EACH_MS 6000 /* and then one each so often */

/* Of 401 and of 403 each. */
struct audit_gate {
    uint64_t full_ms;  /* by when all of the burst may be noted again */
    uint64_t left_out; /* since the last that was noted */
    uint64_t count;
};

/* The change is in the turn's record: so is this then. location: of what was made, or NULL. */
void audit_change(struct exchange *exchange, unsigned status, const char *location);
/* Whoever asked may not: the request was answered so. */
void audit_refused(struct exchange *exchange);

/* "campaigns.launch", "plans.set": from the pattern, and where that says no verb, from the method.
 */
void audit_action(const struct route *route, struct buf *action);

#endif
