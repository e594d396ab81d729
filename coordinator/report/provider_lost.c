/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/provider_lost.h"

#include "common/buf.h"

#define ENTRY   "provider_lost"
#define VERSION 1

static enum err decode(struct provider_lost *lost, struct slice bytes)
{
    struct reader reader = reader_of(bytes);
    uint8_t version = reader_u8(&reader);
    if (version > VERSION) {
        return ERR_NEWER_VERSION;
    }
    unsigned count = reader_u8(&reader);
    for (unsigned i = 0; i < count && !reader.bad; i++) {
        uint8_t number = reader_u8(&reader);
        if (number >= WIRE_PROVIDERS_MAX) {
            return ERR_CORRUPT;
        }
        lost->by_number[number] = reader_u32(&reader);
    }
    return version != VERSION || reader.bad || reader_left(&reader) > 0 ? ERR_CORRUPT : ERR_OK;
}

enum err provider_lost_load(struct provider_lost *lost, struct engine *engine,
                            struct ledger *ledger, struct problem *problem)
{
    struct store_value value = {0};
    enum err err = ledger_catalogue_get(ledger, CATALOGUE_COUNTERS, slice_str(ENTRY), &value);
    if (err == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    if (err == ERR_OK) {
        err = decode(lost, value.bytes);
        store_value_release(&value);
    }
    for (unsigned i = 0; err == ERR_OK && i < WIRE_PROVIDERS_MAX; i++) {
        if (lost->by_number[i] > 0) {
            engine_provider_lose(engine, (uint8_t)i, lost->by_number[i]);
        }
    }
    return err == ERR_OK
               ? ERR_OK
               : problem_set(problem, err,
                             "the catalogue's count of lost recipients cannot be read: %s",
                             err_sentence(err));
}

static void put(const struct provider_lost *lost, struct record *record)
{
    struct buf key = {0};
    struct buf value = {0};
    unsigned count = 0;
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        count += lost->by_number[i] > 0;
    }
    ledger_catalogue_key(&key, CATALOGUE_COUNTERS, slice_str(ENTRY));
    buf_u8(&value, VERSION);
    buf_u8(&value, (uint8_t)count);
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        if (lost->by_number[i] > 0) {
            buf_u8(&value, (uint8_t)i);
            buf_u32(&value, lost->by_number[i]);
        }
    }
    record_put(record, buf_view(&key), buf_view(&value));
    buf_release(&key);
    buf_release(&value);
}

void provider_lost_note(struct provider_lost *lost, struct engine *engine, struct record *record)
{
    bool is_changed = false;
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        uint32_t count = engine_provider_lost(engine, (uint8_t)i);
        is_changed |= count != lost->by_number[i];
        lost->by_number[i] = count;
    }
    if (is_changed) {
        put(lost, record);
    }
}
