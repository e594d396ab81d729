/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/provider_days.h"

#include "common/buf.h"

#define ENTRY   "provider_day/"
#define VERSION 1

static enum err decode(struct provider_day *day, struct slice bytes)
{
    struct reader reader = reader_of(bytes);
    uint8_t version = reader_u8(&reader);
    if (version > VERSION) {
        return ERR_NEWER_VERSION;
    }
    day->day = reader_u64(&reader);
    day->used = reader_u64(&reader);
    return version != VERSION || reader.bad || reader_left(&reader) > 0 ? ERR_CORRUPT : ERR_OK;
}

enum err provider_days_add(struct provider_days *days, const struct provider_def *def,
                           const char *zone, struct ledger *ledger, struct problem *problem)
{
    struct provider_day *day = &days->by_number[def->id];
    struct store_value value = {0};
    struct buf name = {0};
    *day = (struct provider_day){.name = def->name};
    enum err err = time_zone_open(zone, &day->zone, problem);
    if (err != ERR_OK) {
        return err;
    }
    buf_printf(&name, "%s%s", ENTRY, def->name);
    err = ledger_catalogue_get(ledger, CATALOGUE_COUNTERS, buf_view(&name), &value);
    buf_release(&name);
    if (err == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    if (err == ERR_OK) {
        err = decode(day, value.bytes);
        store_value_release(&value);
    }
    return err == ERR_OK ? ERR_OK
                         : problem_set(problem, err,
                                       "the catalogue's count of provider %s cannot be read: %s",
                                       def->name, err_sentence(err));
}

static void put(const struct provider_day *day, struct record *record)
{
    struct buf name = {0};
    struct buf key = {0};
    struct buf value = {0};
    buf_printf(&name, "%s%s", ENTRY, day->name);
    ledger_catalogue_key(&key, CATALOGUE_COUNTERS, buf_view(&name));
    buf_u8(&value, VERSION);
    buf_u64(&value, day->day);
    buf_u64(&value, day->used);
    record_put(record, buf_view(&key), buf_view(&value));
    buf_release(&name);
    buf_release(&key);
    buf_release(&value);
}

enum err provider_days_move(struct provider_days *days, struct engine *engine, uint8_t id,
                            const char *zone, uint64_t now_ms, struct record *record,
                            struct problem *problem)
{
    struct provider_day *day = &days->by_number[id];
    struct time_zone *opened = NULL;
    enum err err = time_zone_open(zone, &opened, problem);
    if (err != ERR_OK) {
        return err;
    }
    time_zone_free(day->zone);
    day->zone = opened;
    day->day = time_zone_day(opened, now_ms);
    day->used = engine_provider_used(engine, id);
    day->until_ms = time_zone_next_day_ms(opened, now_ms);
    engine_provider_day(engine, id, day->used, day->until_ms);
    put(day, record);
    return ERR_OK;
}

void provider_days_release(struct provider_days *days)
{
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        time_zone_free(days->by_number[i].zone);
        days->by_number[i] = (struct provider_day){0};
    }
}

void provider_days_tell(struct provider_days *days, struct engine *engine, uint64_t now_ms)
{
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        struct provider_day *day = &days->by_number[i];
        if (day->zone == NULL || now_ms < day->until_ms) {
            continue;
        }
        uint64_t today = time_zone_day(day->zone, now_ms);
        if (today > day->day) {
            day->day = today;
            day->used = 0;
        }
        day->until_ms = time_zone_next_day_ms(day->zone, now_ms);
        engine_provider_day(engine, (uint8_t)i, day->used, day->until_ms);
    }
}

void provider_days_note(struct provider_days *days, const struct engine *engine,
                        struct record *record)
{
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        struct provider_day *day = &days->by_number[i];
        uint64_t used = day->zone == NULL ? 0 : engine_provider_used(engine, (uint8_t)i);
        if (day->zone != NULL && used != day->used) {
            day->used = used;
            put(day, record);
        }
    }
}
