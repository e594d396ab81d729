/* SPDX-License-Identifier: Apache-2.0 */
/*
 * preflight_times: how long the steps of a plan take at today's limits, and who is too late for a
 * deadline. Pure.
 */
#ifndef TOCSIN_REPORT_PREFLIGHT_TIMES_H
#define TOCSIN_REPORT_PREFLIGHT_TIMES_H

#include "coordinator/report/preflight.h"

/* What a provider lets us send now. */
struct preflight_rate {
    enum channel_kind channel;
    bool can_send;
    double per_s; /* 0: no limit but the workers' */
};

enum preflight_speed { PREFLIGHT_NONE, PREFLIGHT_LIMITED, PREFLIGHT_UNLIMITED };

/* Bit i: the step may use provider i, and it is of the step's channel. */
uint64_t preflight_providers(const struct plan_step *step,
                             const struct preflight_rate rates[WIRE_PROVIDERS_MAX]);
/* Of all providers of a step together. */
enum preflight_speed preflight_step_rate(const struct plan_step *step,
                                         const struct preflight_rate rates[WIRE_PROVIDERS_MAX],
                                         double *per_s);
/* So long after the beginning the step's last recipient may come to it: what the steps before may
 * take. */
uint64_t preflight_begins_after_ms(const struct plan *plan, unsigned step);

/* How many people's first message does not leave within span_ms. Where steps share a provider, the
 * earlier step has it first. */
uint64_t preflight_late(const struct plan *plan, const struct preflight_counts *counts,
                        const struct preflight_rate rates[WIRE_PROVIDERS_MAX], uint64_t span_ms);
/* How many of a step's messages do not leave within span_ms if everybody climbs to it, and takes
 * all the time that the steps before may. */
uint64_t preflight_late_at(const struct plan *plan, const struct preflight_counts *counts,
                           unsigned step, const struct preflight_rate rates[WIRE_PROVIDERS_MAX],
                           uint64_t span_ms);

#endif
