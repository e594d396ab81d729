/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/provider_hours.h"

void provider_hours_tell(struct provider_hours *hours, struct zone_clock *clock,
                         struct engine *engine, uint64_t now_ms)
{
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        const struct quiet_hours *own = &hours->by_number[i];
        if (own->channels == 0 || now_ms < hours->told_until_ms[i]) {
            continue;
        }
        struct quiet_span span = zone_clock_span(clock, own, 0, now_ms);
        hours->told_until_ms[i] = span.until_ms;
        engine_provider_quiet(engine, (uint8_t)i, &span);
    }
}
