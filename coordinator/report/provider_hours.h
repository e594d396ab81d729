/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provider_hours: the quiet hours that providers have of their own, told to the engine day by day
 * as the zone clock has them.
 */
#ifndef TOCSIN_REPORT_PROVIDER_HOURS_H
#define TOCSIN_REPORT_PROVIDER_HOURS_H

#include <stdint.h>

#include "coordinator/content/respect_document.h"
#include "coordinator/engine/engine.h"
#include "coordinator/report/zone_clock.h"
#include "proto/wire.h"

/* Begins zeroed but for the hours. */
struct provider_hours {
    struct quiet_hours by_number[WIRE_PROVIDERS_MAX]; /* in `zone`; none if `channels` is 0 */
    uint64_t told_until_ms[WIRE_PROVIDERS_MAX];
};

/* Others of one provider, from now on: the engine is told at once. */
void provider_hours_set(struct provider_hours *hours, struct zone_clock *clock,
                        struct engine *engine, uint8_t id, const struct quiet_hours *own,
                        uint64_t now_ms);
/* Before the engine runs: of each provider with quiet hours those that go on, or else the next,
 * unless the engine knows them. Providers with hours are there. */
void provider_hours_tell(struct provider_hours *hours, struct zone_clock *clock,
                         struct engine *engine, uint64_t now_ms);

#endif
