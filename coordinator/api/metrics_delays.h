/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics_delays: of the metrics, the histograms, what is told of priority classes, and the link.
 * Series of a histogram by provider or channel and by class are there once something fell into
 * them, so at most WIRE_PROVIDERS_MAX times PRIORITIES of each.
 */
#ifndef TOCSIN_API_METRICS_DELAYS_H
#define TOCSIN_API_METRICS_DELAYS_H

#include "coordinator/api/metrics.h"

void metrics_write_delays(const struct metrics *metrics, struct buf *text);
/* Adds a campaign to what is told of its class. */
void metrics_class_add(struct metrics_class *of, const struct campaign_view *campaign,
                       uint64_t now_ms);

#endif
