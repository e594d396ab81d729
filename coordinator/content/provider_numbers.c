/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/content/provider_numbers.h"

#include <assert.h>
#include <string.h>

#include "common/buf.h"

#define ENTRY_PREFIX "provider."

struct load {
    struct provider_numbers *numbers;
    bool is_sound;
};

static bool load_entry(void *arg, struct slice id, struct slice value)
{
    struct load *load = arg;
    size_t prefix = strlen(ENTRY_PREFIX);
    if (id.len <= prefix || memcmp(id.data, ENTRY_PREFIX, prefix) != 0) {
        return true; /* another counter */
    }
    struct reader reader = reader_of(value);
    uint64_t number = reader_u64(&reader);
    size_t len = id.len - prefix;
    load->is_sound = !reader.bad && number < WIRE_PROVIDERS_MAX && len <= WIRE_NAME_MAX;
    if (load->is_sound) {
        memcpy(load->numbers->names[number], id.data + prefix, len);
        load->numbers->names[number][len] = '\0';
    }
    return load->is_sound;
}

enum err provider_numbers_load(struct provider_numbers *numbers, struct ledger *ledger,
                               struct problem *problem)
{
    struct load load = {numbers, true};
    memset(numbers, 0, sizeof(*numbers));
    enum err err = ledger_each_entry(ledger, CATALOGUE_COUNTERS, load_entry, &load);
    if (err == ERR_OK && !load.is_sound) {
        err = ERR_CORRUPT;
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

static void put_entry(struct record *record, const char *name, const uint8_t *number)
{
    struct buf id = {0};
    struct buf key = {0};
    struct buf value = {0};
    buf_printf(&id, "%s%s", ENTRY_PREFIX, name);
    ledger_catalogue_key(&key, CATALOGUE_COUNTERS, buf_view(&id));
    if (number == NULL) {
        record_remove(record, buf_view(&key));
    } else {
        buf_u64(&value, *number);
        record_put(record, buf_view(&key), buf_view(&value));
    }
    buf_release(&id);
    buf_release(&key);
    buf_release(&value);
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

void provider_numbers_give(struct provider_numbers *numbers, const char *const *names,
                           unsigned count, uint8_t *given, struct record *record)
{
    assert(count <= WIRE_PROVIDERS_MAX);
    for (unsigned i = 0; i < count; i++) {
        uint8_t number = find_place(numbers, names[i], names, count);
        char *there = numbers->names[number];
        given[i] = number;
        if (strcmp(there, names[i]) == 0) {
            continue;
        }
        if (there[0] != '\0') {
            put_entry(record, there, NULL);
        }
        memcpy(there, names[i], strlen(names[i]) + 1);
        put_entry(record, names[i], &number);
    }
}

const char *provider_numbers_name(const struct provider_numbers *numbers, uint8_t number)
{
    return number < WIRE_PROVIDERS_MAX ? numbers->names[number] : "";
}
