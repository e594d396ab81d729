/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker_metrics: what a worker process counts, as Prometheus text. Each loop fills in a part of
 * its own; parts are added up by the providers' names, so that the number of series depends on
 * providers, outcomes and channels alone, never on loops, campaigns or recipients.
 */
#ifndef TOCSIN_WORKER_WORKER_METRICS_H
#define TOCSIN_WORKER_WORKER_METRICS_H

#include "common/buf.h"
#include "net/transfer_tally.h"
#include "worker/delivery.h"

struct worker_provider_metrics {
    struct delivery_provider_stats stats;
    struct transfer_tally tally;
};

/* Of one loop at one moment. */
struct worker_metrics {
    struct delivery_stats delivery;
    unsigned provider_count;
    struct worker_provider_metrics providers[WIRE_PROVIDERS_MAX];
};

struct worker_metrics_sum;

struct worker_metrics_sum *worker_metrics_sum_new(void);
void worker_metrics_sum_free(struct worker_metrics_sum *sum);
/* Adds a loop. Of more than WIRE_PROVIDERS_MAX names over all loops, which can only be while loops
 * hear of new settings, the last are left out. */
void worker_metrics_sum_add(struct worker_metrics_sum *sum, const struct worker_metrics *metrics);
void worker_metrics_sum_write(const struct worker_metrics_sum *sum, const char *version,
                              uint64_t started_ms, struct buf *text);

#endif
