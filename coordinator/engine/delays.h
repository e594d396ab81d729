/* SPDX-License-Identifier: Apache-2.0 */
/*
 * delays: how long recipients waited on their way, as histograms by what bounds their number:
 * providers (at most WIRE_PROVIDERS_MAX), channels and priority classes, never campaigns or
 * recipients. Of this life of the engine only. Values in milliseconds (HISTOGRAM_MS), weighted by
 * recipients: one addition serves all who waited equally long.
 */
#ifndef TOCSIN_ENGINE_DELAYS_H
#define TOCSIN_ENGINE_DELAYS_H

#include "common/histogram.h"
#include "coordinator/engine/engine.h"

struct delays {
    /* From when somebody could be leased (he was due, and his campaign had begun, gone on or begun
     * its round) until he was. Quiet hours and what limits hold back are in it. */
    struct histogram due_to_lease[WIRE_PROVIDERS_MAX][PRIORITIES];
    /* From the lease until a worker said what became of an attempt; the lease's pace is in it. What
     * it returned unsent is not, nor what was leased in a former life. */
    struct histogram lease_to_outcome[WIRE_PROVIDERS_MAX][PRIORITIES];
    /* From the outcome that accepted (or left in doubt) the message of the step that somebody
     * stands on until he acknowledged. Only where the step waited for that: of others it is not
     * known when they were sent to. */
    struct histogram sent_to_acknowledged[CHANNEL_KINDS][PRIORITIES];
    uint64_t acknowledged[PRIORITIES]; /* recipients, all of them, each once */
};

#endif
