/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/content/provider_numbers.h"

#include <assert.h>
#include <string.h>

#include "common/buf.h"

#define ENTRY   "provider_numbers"
#define VERSION 1

static enum err decode(struct provider_numbers *numbers, struct slice bytes)
{
    struct reader reader = reader_of(bytes);
    uint8_t version = reader_u8(&reader);
    unsigned count = reader_u8(&reader);
    if (version > VERSION) {
        return ERR_NEWER_VERSION;
    }
    if (version != VERSION || count > WIRE_PROVIDERS_MAX) {
        return ERR_CORRUPT;
    }
    for (unsigned i = 0; i < count; i++) {
        struct slice name = reader_blob(&reader);
        if (name.len > WIRE_NAME_MAX) {
            return ERR_CORRUPT;
        }
        if (name.len > 0) {
            memcpy(numbers->names[i], name.data, name.len);
        }
    }
    return reader.bad || reader_left(&reader) > 0 ? ERR_CORRUPT : ERR_OK;
}

enum err provider_numbers_load(struct provider_numbers *numbers, struct ledger *ledger,
                               struct problem *problem)
{
    struct store_value value = {0};
    memset(numbers, 0, sizeof(*numbers));
    enum err err = ledger_catalogue_get(ledger, CATALOGUE_COUNTERS, slice_str(ENTRY), &value);
    if (err == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    if (err == ERR_OK) {
        err = decode(numbers, value.bytes);
        store_value_release(&value);
    }
    return err == ERR_OK ? ERR_OK
                         : problem_set(problem, err,
                                       "the catalogue's numbers of providers cannot be read: %s",
                                       err_sentence(err));
}

static bool is_among(const char *name, const char *const *names, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* The number of a name, or of the first free place for it, or of the first whose name is not wanted
 * any more. */
static uint8_t find_place(const struct provider_numbers *numbers, const char *name,
                          const char *const *names, unsigned count)
{
    unsigned free_place = WIRE_PROVIDERS_MAX;
    unsigned unused = WIRE_PROVIDERS_MAX;
    for (unsigned i = WIRE_PROVIDERS_MAX; i-- > 0;) {
        const char *there = numbers->names[i];
        if (strcmp(there, name) == 0) {
            return (uint8_t)i;
        }
        if (there[0] == '\0') {
            free_place = i;
        } else if (!is_among(there, names, count)) {
            unused = i;
        }
    }
    unsigned place = free_place < WIRE_PROVIDERS_MAX ? free_place : unused;
    assert(place < WIRE_PROVIDERS_MAX);
    return (uint8_t)place;
}

bool provider_numbers_give(struct provider_numbers *numbers, const char *const *names,
                           unsigned count, uint8_t *given)
{
    bool is_changed = false;
    assert(count <= WIRE_PROVIDERS_MAX);
    for (unsigned i = 0; i < count; i++) {
        given[i] = find_place(numbers, names[i], names, count);
        char *there = numbers->names[given[i]];
        if (strcmp(there, names[i]) != 0) {
            memcpy(there, names[i], strlen(names[i]) + 1);
            is_changed = true;
        }
    }
    return is_changed;
}

void provider_numbers_put(const struct provider_numbers *numbers, struct record *record)
{
    struct buf key = {0};
    struct buf value = {0};
    ledger_catalogue_key(&key, CATALOGUE_COUNTERS, slice_str(ENTRY));
    buf_u8(&value, VERSION);
    buf_u8(&value, WIRE_PROVIDERS_MAX);
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        buf_blob(&value, slice_str(numbers->names[i]));
    }
    record_put(record, buf_view(&key), buf_view(&value));
    buf_release(&key);
    buf_release(&value);
}

const char *provider_numbers_name(const struct provider_numbers *numbers, uint8_t number)
{
    return number < WIRE_PROVIDERS_MAX ? numbers->names[number] : "";
}
