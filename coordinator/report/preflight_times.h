/* SPDX-License-Identifier: Apache-2.0 */
/*
 * preflight_times: how long the steps of a plan take at today's limits, and who is too late for a
 * deadline. Pure.
 *
 * Time is cut where quiet hours begin or end for somebody, where a provider falls silent or wakes,
 * and where a new day of its quota begins; in between, as many are sent to as the providers let
 * through, of all who are awake alike. All times are counted from the beginning of the campaign, in
 * milliseconds.
 */
#ifndef TOCSIN_REPORT_PREFLIGHT_TIMES_H
#define TOCSIN_REPORT_PREFLIGHT_TIMES_H

#include "coordinator/report/preflight.h"

/* What a provider lets us send. */
struct preflight_rate {
    enum channel_kind channel;
    bool can_send;
    double per_s;        /* of now; 0: no limit but the workers' */
    double share;        /* of its channel, among those without a limit; 0 counts as 1 */
    double day_quota;    /* 0: none */
    double day_left;     /* of it, on the day on which the campaign begins */
    bool has_hours;      /* quiet hours of its own */
    uint64_t resumes_ms; /* it is paused until then; 0: it is not */
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

/* When providers are silent, by their number. */
struct preflight_calendar {
    void *arg;
    /* The quiet hours of its own that go on at this time, or else the next ones. */
    struct quiet_span (*quiet)(void *arg, unsigned provider, uint64_t at_ms);
    /* When the day of its quota ends that goes on at this time. */
    uint64_t (*day_end)(void *arg, unsigned provider, uint64_t at_ms);
};

/* What times are reckoned from. All is borrowed. */
struct preflight_case {
    const struct plan *plan;
    const struct preflight_counts *counts;
    const struct preflight_rate *rates; /* [WIRE_PROVIDERS_MAX] */
    double rate_per_s;                  /* the campaign's own, of all steps together; 0: none */
    struct preflight_quiet quiet;
    struct preflight_calendar calendar; /* of providers with a quota or quiet hours */
};

/* Bit i: the step may use provider i, and it is of the step's channel. */
uint64_t preflight_providers(const struct plan_step *step,
                             const struct preflight_rate rates[WIRE_PROVIDERS_MAX]);
/* Of all providers of a step together, while none of them is silent. */
enum preflight_speed preflight_step_rate(const struct plan_step *step,
                                         const struct preflight_rate rates[WIRE_PROVIDERS_MAX],
                                         double *per_s);
/* The step's last recipient may come to it then: what the steps before may take. */
uint64_t preflight_begins_after_ms(const struct plan *plan, unsigned step);

/* How many people's first message does not leave before span_ms. Where steps share a provider, the
 * earlier step has it first. */
uint64_t preflight_late(const struct preflight_case *preflight, uint64_t span_ms);
/* How many of a step's messages do not leave before span_ms if everybody climbs to it, and takes
 * all the time that the steps before may. What these send counts for the providers' quotas; else
 * the higher step goes first, as it does when the campaign runs. */
uint64_t preflight_late_at(const struct preflight_case *preflight, unsigned step, uint64_t span_ms);
/* How long such a step takes from its begin on; UINT64_MAX: it does not end within a year. */
uint64_t preflight_step_takes_ms(const struct preflight_case *preflight, unsigned step);
/* How many people's first message quiet hours hold back as the campaign begins. *until_ms: the last
 * of them wakes then. */
uint64_t preflight_asleep(const struct preflight_case *preflight, uint64_t *until_ms);

/* Something that keeps a provider from sending for a while. */
struct preflight_stop {
    uint64_t from_ms;
    uint64_t until_ms;
    uint64_t people; /* whose first message leaves only after `until_ms` because of it */
};
/* Its quiet hours that go on as the campaign begins, or the next ones; false: it has none, or they
 * delay nobody. */
bool preflight_stop_by_hours(const struct preflight_case *preflight, unsigned provider,
                             struct preflight_stop *stop);
/* The same of its quota on the day on which the campaign begins; from_ms is 0. */
bool preflight_stop_by_quota(const struct preflight_case *preflight, unsigned provider,
                             struct preflight_stop *stop);

#endif
