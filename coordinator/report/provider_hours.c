/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/provider_hours.h"

static void tell(struct provider_hours *hours, struct zone_clock *clock, struct engine *engine,
                 uint8_t id, uint64_t now_ms)
{
    struct quiet_span span = zone_clock_span(clock, &hours->by_number[id], 0, now_ms);
    hours->told_until_ms[id] = span.until_ms;
    engine_provider_quiet(engine, id, &span);
}

void provider_hours_set(struct provider_hours *hours, struct zone_clock *clock,
                        struct engine *engine, uint8_t id, const struct quiet_hours *own,
                        uint64_t now_ms)
{
    hours->by_number[id] = *own;
    if (own->channels != 0) {
        tell(hours, clock, engine, id, now_ms);
    } else {
        engine_provider_quiet(engine, id, &(struct quiet_span){UINT64_MAX, UINT64_MAX});
    }
}

void provider_hours_tell(struct provider_hours *hours, struct zone_clock *clock,
                         struct engine *engine, uint64_t now_ms)
{
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        if (hours->by_number[i].channels != 0 && now_ms >= hours->told_until_ms[i]) {
            tell(hours, clock, engine, (uint8_t)i, now_ms);
        }
    }
}
