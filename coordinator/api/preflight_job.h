/* SPDX-License-Identifier: Apache-2.0 */
/*
 * preflight_job: a preflight of one campaign, which reads its audience on a thread of the pool, and
 * what can be said of a campaign without reading anything.
 */
#ifndef TOCSIN_API_PREFLIGHT_JOB_H
#define TOCSIN_API_PREFLIGHT_JOB_H

#include <jansson.h>

#include "coordinator/api/api_state.h"
#include "coordinator/report/preflight.h"
#include "coordinator/report/preflight_times.h"

/* What can never work, however long one waits; the problem says what to change. A launch is refused
 * for it. ERR_CONFLICT. */
enum err preflight_check(const struct api *api, const struct campaign_view *view,
                         struct problem *problem) WARN_UNUSED;

/* Everything that the answer tells of. */
struct preflight_result {
    const struct api *api;
    const struct campaign_view *view;
    const struct preflight *preflight;
    uint64_t now_ms;
    uint64_t starts_ms;
    uint64_t by_ms; /* 0: none */
    struct preflight_rate rates[WIRE_PROVIDERS_MAX];
    uint64_t day_until_ms[WIRE_PROVIDERS_MAX]; /* of a quota: the day that goes on now */
    struct preflight_case times;               /* of these rates; quiet hours where they hold */
    const struct quiet_hours *hours;           /* NULL: they hold for nobody */
    struct zone_clock *clock;
    struct sms_rule sms_rule;
    bool has_worker;
};
/* What the engine knows of the providers and workers now, and when providers are silent. The result
 * stays where it is: the calendar points to it. */
void preflight_limits(struct preflight_result *result);
/* By the clock of the result. Of the beginning on, so long earlier as nobody is leased any more. */
struct quiet_span preflight_limits_span(const struct preflight_result *result,
                                        const struct quiet_hours *hours, unsigned zone,
                                        uint64_t at_ms);
/* How the plan's providers send texts on sms. */
struct sms_rule preflight_sms_rule(const struct api *api, const struct plan *plan);
json_t *preflight_json(struct preflight_result *result);
/* What its operator should know before the launch, but for the deadlines. */
json_t *preflight_warnings(const struct preflight_result *result);
/* One more; the text is emptied. */
void preflight_warn(json_t *warnings, const char *warning, uint64_t people, struct buf *text);

#endif
