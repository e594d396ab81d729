/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/content/delivery_keys.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "common/buf.h"
#include "common/mem.h"

#define VERSION 1

struct load {
    struct delivery_keys *keys;
    enum err err;
};

static struct delivery_key *append(struct delivery_keys *keys)
{
    keys->keys = mem_resize(keys->keys, (size_t)keys->count + 1, sizeof(*keys->keys));
    struct delivery_key *key = &keys->keys[keys->count++];
    *key = (struct delivery_key){0};
    return key;
}

static enum err decode(struct delivery_key *key, struct slice bytes)
{
    struct reader reader = reader_of(bytes);
    uint8_t version = reader_u8(&reader);
    struct slice secret = reader_bytes(&reader, HASH_KEY_BYTES);
    key->since_ms = reader_u64(&reader);
    if (version > VERSION) {
        return ERR_NEWER_VERSION;
    }
    if (version != VERSION || reader.bad || reader_left(&reader) > 0 || key->since_ms == 0) {
        return ERR_CORRUPT;
    }
    memcpy(key->bytes, secret.data, HASH_KEY_BYTES);
    return ERR_OK;
}

static bool load_entry(void *arg, struct slice id, struct slice value)
{
    struct load *load = arg;
    struct reader reader = reader_of(id);
    uint64_t number = reader_be64(&reader);
    bool is_next = !reader.bad && reader_left(&reader) == 0 &&
                   number == (uint64_t)load->keys->count + 1 && number <= DELIVERY_KEYS_MAX;
    load->err = is_next ? decode(append(load->keys), value) : ERR_CORRUPT;
    return load->err == ERR_OK;
}

enum err delivery_keys_load(struct delivery_keys *keys, struct ledger *ledger,
                            struct problem *problem)
{
    struct load load = {.keys = keys};
    *keys = (struct delivery_keys){0};
    memcpy(append(keys)->bytes, ledger_token_key(ledger), HASH_KEY_BYTES);
    enum err err = ledger_each_entry(ledger, CATALOGUE_DELIVERY_KEY, load_entry, &load);
    err = err == ERR_OK ? load.err : err;
    if (err != ERR_OK) {
        (void)problem_set(problem, err,
                          "the catalogue's delivery key behind number %" PRIu32
                          " cannot be read: %s",
                          keys->count, err_sentence(err));
        delivery_keys_release(keys);
    }
    return err;
}

void delivery_keys_release(struct delivery_keys *keys)
{
    if (keys->keys != NULL) {
        sodium_memzero(keys->keys, keys->count * sizeof(*keys->keys));
    }
    mem_free(keys->keys);
    *keys = (struct delivery_keys){0};
}

const struct delivery_key *delivery_keys_at(const struct delivery_keys *keys, uint32_t number)
{
    return number >= 1 && number <= keys->count ? &keys->keys[number - 1] : NULL;
}

enum err delivery_keys_rotate(struct delivery_keys *keys, uint64_t now_ms, struct record *record)
{
    if (keys->count >= DELIVERY_KEYS_MAX) {
        return ERR_LIMIT;
    }
    struct delivery_key *key = append(keys);
    randombytes_buf(key->bytes, HASH_KEY_BYTES);
    key->since_ms = now_ms;
    struct buf id = {0};
    struct buf value = {0};
    ledger_catalogue_key_u64(&id, CATALOGUE_DELIVERY_KEY, keys->count);
    buf_u8(&value, VERSION);
    buf_append(&value, key->bytes, HASH_KEY_BYTES);
    buf_u64(&value, now_ms);
    record_put(record, buf_view(&id), buf_view(&value));
    buf_release(&id);
    buf_release(&value);
    return ERR_OK;
}
