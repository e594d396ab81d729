/* SPDX-License-Identifier: Apache-2.0 */
/*
 * preflight_times: how long the steps of a plan take at today's limits, and who is too late for a
 * deadline. Pure.
 *
 * Time is cut where quiet hours begin or end for somebody; in between, as many are sent to as the
 * providers let through, of all who are awake alike. All times are counted from the beginning of
 * the campaign, in milliseconds.
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

/* Quiet hours. */
struct preflight_quiet {
    unsigned channels; /* bit c: they hold on channel c; 0: nowhere */
    void *arg;
    /* The quiet hours in the zone (an index of the counts' zones) that go on at this time, or else
     * the next ones. */
    struct quiet_span (*span)(void *arg, unsigned zone, uint64_t at_ms);
};

/* What times are reckoned from. All is borrowed. */
struct preflight_case {
    const struct plan *plan;
    const struct preflight_counts *counts;
    const struct preflight_rate *rates; /* [WIRE_PROVIDERS_MAX] */
    double rate_per_s;                  /* the campaign's own, of all steps together; 0: none */
    struct preflight_quiet quiet;
};

/* Bit i: the step may use provider i, and it is of the step's channel. */
uint64_t preflight_providers(const struct plan_step *step,
                             const struct preflight_rate rates[WIRE_PROVIDERS_MAX]);
/* Of all providers of a step together. */
enum preflight_speed preflight_step_rate(const struct plan_step *step,
                                         const struct preflight_rate rates[WIRE_PROVIDERS_MAX],
                                         double *per_s);
/* The step's last recipient may come to it then: what the steps before may take. */
uint64_t preflight_begins_after_ms(const struct plan *plan, unsigned step);

/* How many people's first message does not leave before span_ms. Where steps share a provider, the
 * earlier step has it first. */
uint64_t preflight_late(const struct preflight_case *preflight, uint64_t span_ms);
/* How many of a step's messages do not leave before span_ms if everybody climbs to it, and takes
 * all the time that the steps before may. */
uint64_t preflight_late_at(const struct preflight_case *preflight, unsigned step, uint64_t span_ms);
/* How long such a step takes from its begin on; UINT64_MAX: it does not end within a year. */
uint64_t preflight_step_takes_ms(const struct preflight_case *preflight, unsigned step);
/* How many people's first message quiet hours hold back as the campaign begins. *until_ms: the last
 * of them wakes then. */
uint64_t preflight_asleep(const struct preflight_case *preflight, uint64_t *until_ms);

#endif
