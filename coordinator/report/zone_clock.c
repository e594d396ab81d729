/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/zone_clock.h"

#include <uthash.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/time_zone.h"
#include "proto/page.h"

#define MODULE "zone_clock"

/* By name. Numbers are the clock's own, from 1 on; 0 is the campaign's own zone. */
struct named_zone {
    char name[RESPECT_ZONE_MAX + 1];
    uint16_t number;
    struct time_zone *zone; /* NULL: there is none of that name */
    UT_hash_handle hh;
};

struct zone_clock {
    struct ledger *ledger;
    const struct audience_registry *audiences;
    const struct campaign_registry *campaigns;
    struct time_zone *utc;
    struct named_zone *by_name;
    struct named_zone **by_number; /* [number - 1] */
    unsigned count;
    struct page_view page; /* memory is reused from page to page */
};

struct zone_clock *zone_clock_new(struct ledger *ledger, const struct audience_registry *audiences,
                                  const struct campaign_registry *campaigns)
{
    struct zone_clock *clock = mem_zalloc(1, sizeof(*clock));
    struct problem problem = {0};
    clock->ledger = ledger;
    clock->audiences = audiences;
    clock->campaigns = campaigns;
    enum err err = time_zone_open("UTC", &clock->utc, &problem);
    if (err != ERR_OK) { /* it needs no file */
        LOG_E(MODULE, "utc_missing", "why=\"%s\"", problem.text);
    }
    return clock;
}

void zone_clock_free(struct zone_clock *clock)
{
    if (clock == NULL) {
        return;
    }
    HASH_CLEAR(hh, clock->by_name);
    for (unsigned i = 0; i < clock->count; i++) {
        time_zone_free(clock->by_number[i]->zone);
        mem_free(clock->by_number[i]);
    }
    mem_free(clock->by_number);
    time_zone_free(clock->utc);
    page_view_release(&clock->page);
    mem_free(clock);
}

static struct named_zone *add_zone(struct zone_clock *clock, struct slice name)
{
    struct problem problem = {0};
    struct named_zone *named = mem_zalloc(1, sizeof(*named));
    memcpy(named->name, name.data, name.len);
    named->number = (uint16_t)++clock->count;
    if (time_zone_open(named->name, &named->zone, &problem) != ERR_OK) {
        LOG_W(MODULE, "zone_unknown", "zone=\"%s\" why=\"%s\"", named->name, problem.text);
        named->zone = NULL;
    }
    clock->by_number = mem_resize(clock->by_number, clock->count, sizeof(*clock->by_number));
    clock->by_number[clock->count - 1] = named;
    HASH_ADD(hh, clock->by_name, name, name.len, named);
    return named;
}

/* NULL: it can be none. */
static struct named_zone *zone_of(struct zone_clock *clock, struct slice name)
{
    struct named_zone *named = NULL;
    if (name.len == 0 || name.len > RESPECT_ZONE_MAX) {
        return NULL;
    }
    HASH_FIND(hh, clock->by_name, name.data, name.len, named);
    return named != NULL || clock->count == UINT16_MAX ? named : add_zone(clock, name);
}

uint16_t zone_clock_number(struct zone_clock *clock, struct slice name)
{
    const struct named_zone *named = zone_of(clock, name);
    return named == NULL || named->zone == NULL ? 0 : named->number;
}

/* ---- What the engine asks ---- */

/* Neighbours are often in one zone. */
static void number_places(struct zone_clock *clock, unsigned column, uint16_t *zones,
                          unsigned count)
{
    struct slice last = slice_of(NULL, 0);
    uint16_t number = 0;
    for (unsigned i = 0; i < count && i < clock->page.count; i++) {
        page_seek(&clock->page, i);
        struct slice name = page_value(&clock->page, column);
        if (!slice_equal(name, last)) {
            number = zone_clock_number(clock, name);
            last = name;
        }
        zones[i] = number;
    }
}

static bool read_zones(void *arg, const struct campaign_def *def, uint32_t page, uint16_t *zones,
                       unsigned count)
{
    struct zone_clock *clock = arg;
    struct store_value value = {0};
    const struct audience_info *audience = audience_registry_find(clock->audiences, def->audience);
    memset(zones, 0, count * sizeof(*zones));
    int column =
        audience == NULL ? -1 : page_schema_endpoint(&audience->schema, PAGE_FIELD_TIMEZONE, 0);
    if (column < 0) {
        return true;
    }
    enum err err = ledger_page(clock->ledger, def->audience, page, &value);
    if (err == ERR_OK) {
        err = page_open(&clock->page, value.bytes, NULL);
    }
    if (err == ERR_OK) {
        number_places(clock, (unsigned)column, zones, count);
    }
    store_value_release(&value);
    return err == ERR_OK;
}

static const struct time_zone *zone_for(struct zone_clock *clock, const struct quiet_hours *hours,
                                        uint16_t number)
{
    if (number > 0 && number <= clock->count) {
        return clock->by_number[number - 1]->zone;
    }
    const struct named_zone *own = zone_of(clock, slice_str(hours->zone));
    return own == NULL || own->zone == NULL ? clock->utc : own->zone;
}

struct quiet_span zone_clock_span(struct zone_clock *clock, const struct quiet_hours *hours,
                                  uint16_t number, uint64_t at_ms)
{
    const struct time_zone *local = zone_for(clock, hours, number);
    const struct day_span span = {(uint16_t)hours->from_min, (uint16_t)hours->to_min};
    struct quiet_span quiet = {at_ms, 0};
    if (!day_span_covers(&span, local, at_ms, &quiet.until_ms)) {
        quiet.from_ms = quiet.until_ms;
        (void)day_span_covers(&span, local, quiet.from_ms, &quiet.until_ms);
    }
    return quiet;
}

static struct quiet_span read_span(void *arg, const struct campaign_def *def, uint16_t zone,
                                   uint64_t now_ms)
{
    struct zone_clock *clock = arg;
    const struct campaign_document *document = campaign_registry_find(clock->campaigns, def->id);
    const struct quiet_hours *hours =
        document == NULL ? NULL : &campaign_document_respect(document)->quiet_hours;
    if (hours == NULL || hours->channels == 0) {
        return (struct quiet_span){UINT64_MAX, UINT64_MAX};
    }
    return zone_clock_span(clock, hours, zone, now_ms);
}

struct quiet_source zone_clock_source(struct zone_clock *clock)
{
    return (struct quiet_source){clock, read_zones, read_span};
}
