/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provider_controls: what holds of each provider now: what the settings say of it, but for what was
 * set while we ran (content/provider_limits.h). It tells the engine, at the start and at every
 * change; a change is felt by running campaigns at once.
 *
 * On the loop's thread, like the engine.
 */
#ifndef TOCSIN_REPORT_PROVIDER_CONTROLS_H
#define TOCSIN_REPORT_PROVIDER_CONTROLS_H

#include "common/err.h"
#include "coordinator/content/provider_limits.h"
#include "coordinator/engine/engine.h"
#include "coordinator/ledger/ledger.h"
#include "coordinator/report/provider_days.h"
#include "coordinator/report/provider_hours.h"
#include "coordinator/report/zone_clock.h"
#include "proto/wire.h"

/* What the settings say. */
struct provider_terms {
    const struct provider_def
        *def; /* rate, burst, concurrency, quota; borrowed, under its number */
    char quota_zone[RESPECT_ZONE_MAX + 1];
    struct quiet_hours quiet_hours; /* none if `channels` is 0 */
};

/* Begins zeroed but for the first two, which are borrowed. All by the providers' numbers. */
struct provider_controls {
    struct engine *engine;
    struct zone_clock *clock;
    struct provider_terms terms[WIRE_PROVIDERS_MAX];
    struct provider_limit limits[WIRE_PROVIDERS_MAX]; /* set while we ran */
    struct provider_hours hours;
    struct provider_days days;
};

/* Before the engine has recovered: a provider that it knows, and what the ledger has of it.
 * ERR_IO, ERR_CORRUPT, ERR_NEWER_VERSION, and as time_zone_open of the settings' zone. */
enum err provider_controls_add(struct provider_controls *controls,
                               const struct provider_terms *terms, struct ledger *ledger,
                               struct problem *problem) WARN_UNUSED;
void provider_controls_release(struct provider_controls *controls);
/* Another limit, as provider_limit_read made it of the one that holds, from now on; it goes into
 * the record. As time_zone_open of its zone: then nothing is changed. */
enum err provider_controls_set(struct provider_controls *controls, uint8_t id,
                               const struct provider_limit *limit, uint64_t now_ms,
                               struct record *record, struct problem *problem) WARN_UNUSED;
/* The quiet hours that hold; none if `channels` is 0. */
const struct quiet_hours *provider_controls_hours(const struct provider_controls *controls,
                                                  uint8_t id);
/* Before the engine runs, and after it ran: what provider_hours.h and provider_days.h say. */
void provider_controls_tell(struct provider_controls *controls, uint64_t now_ms);
void provider_controls_note(struct provider_controls *controls, struct record *record);

#endif
