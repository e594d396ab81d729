/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provider_log: tells the operator by the log when a provider's breaker opens or closes, and when
 * its share of the channel moves. A value; zeroed memory has seen nothing yet.
 */
#ifndef TOCSIN_REPORT_PROVIDER_LOG_H
#define TOCSIN_REPORT_PROVIDER_LOG_H

#include "coordinator/engine/engine.h"

struct provider_log {
    uint64_t next_ms; /* it is looked at again then, by the monotonic clock */
    bool is_open[WIRE_PROVIDERS_MAX];
    double share[WIRE_PROVIDERS_MAX]; /* 0: not seen yet */
};

/* What changed since the last time; a few times a second at most. now_ms: of the monotonic clock.
 */
void provider_log_look(struct provider_log *log, struct engine *engine, uint64_t now_ms);

#endif
