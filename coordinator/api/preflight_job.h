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
    struct preflight_case times; /* of these rates; quiet hours where they hold */
    const struct quiet_hours *hours;
    struct zone_clock *clock;
    bool has_worker;
};
json_t *preflight_json(struct preflight_result *result);

#endif
