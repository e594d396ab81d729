/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of the time zone database: whatever is taken for one must answer every question, and a
 * day, a change and the end of a span always lie ahead.
 */
#include <assert.h>

#include "common/time_zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DAY_MS UINT64_C(86400000)

static void ask(const struct time_zone *zone, uint64_t unix_ms)
{
    const struct day_span span = {1320, 420};
    uint64_t until_ms = 0;
    assert(time_zone_change_ms(zone, unix_ms) > unix_ms);
    assert(time_zone_next_day_ms(zone, unix_ms) > unix_ms);
    (void)time_zone_day(zone, unix_ms);
    (void)day_span_covers(&span, zone, unix_ms, &until_ms);
    assert(until_ms > unix_ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct time_zone *zone = NULL;
    if (time_zone_parse(slice_of(data, size), &zone) == ERR_OK) {
        for (uint64_t day = 0; day < 60; day++) {
            ask(zone, UINT64_C(1767225600123) + day * 37 * DAY_MS / 4);
        }
        ask(zone, 0);
        ask(zone, UINT64_C(253402300799999));
        time_zone_free(zone);
    }
    struct day_span span;
    (void)day_span_parse(slice_of(data, size), &span);
    return 0;
}
