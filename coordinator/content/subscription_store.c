/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/content/subscription_store.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <utlist.h>

#include "common/mem.h"

#define VERSION        1
#define COUNTERS_ENTRY "subscriptions"

const char *subscription_state_name(enum subscription_state state)
{
    static const char *const names[SUBSCRIPTION_STATES] = {"active", "paused", "disabled"};
    return state < SUBSCRIPTION_STATES ? names[state] : "?";
}

/* ---- writing ---- */

static void put_definition(const struct subscription *subscription, struct record *record)
{
    struct buf key = {0};
    struct buf value = {0};
    ledger_catalogue_key_u64(&key, CATALOGUE_SUBSCRIPTION, subscription->id);
    buf_u8(&value, VERSION);
    buf_u64(&value, subscription->created_ms);
    buf_u32(&value, subscription->kinds);
    buf_u8(&value, (uint8_t)subscription->campaign_count);
    for (unsigned i = 0; i < subscription->campaign_count; i++) {
        buf_u64(&value, subscription->campaigns[i]);
    }
    buf_blob(&value, slice_str(subscription->name));
    buf_blob(&value, slice_str(subscription->url));
    buf_blob(&value, slice_str(subscription->created_by));
    buf_u8(&value, (uint8_t)subscription->key_count);
    for (unsigned i = 0; i < subscription->key_count; i++) {
        buf_blob(&value, slice_of(subscription->keys[i].bytes, subscription->keys[i].len));
        buf_u64(&value, i == 0 ? 0 : subscription->former_until_ms);
    }
    record_put(record, buf_view(&key), buf_view(&value));
    sodium_memzero(value.data, value.len);
    buf_release(&key);
    buf_release(&value);
}

void subscription_note(const struct subscription *subscription, struct record *record)
{
    struct buf key = {0};
    struct buf value = {0};
    ledger_catalogue_key_u64(&key, CATALOGUE_SUBSCRIPTION_STATE, subscription->id);
    buf_u8(&value, VERSION);
    buf_u8(&value, (uint8_t)subscription->state);
    buf_u64(&value, subscription->told);
    buf_u64(&value, subscription->tries);
    buf_u64(&value, subscription->due_ms);
    buf_u64(&value, subscription->delivered);
    buf_u64(&value, subscription->failed);
    buf_u64(&value, subscription->dead);
    buf_u64(&value, subscription->missed);
    buf_u64(&value, subscription->last_status);
    buf_blob(&value, slice_str(subscription->why));
    buf_u64(&value, subscription->refusals);
    buf_u64(&value, subscription->in_a_row);
    record_put(record, buf_view(&key), buf_view(&value));
    buf_release(&key);
    buf_release(&value);
}

static void put_counter(const struct subscription_store *store, struct record *record)
{
    struct buf key = {0};
    struct buf value = {0};
    ledger_catalogue_key(&key, CATALOGUE_COUNTERS, slice_str(COUNTERS_ENTRY));
    buf_u64(&value, store->newest);
    record_put(record, buf_view(&key), buf_view(&value));
    buf_release(&key);
    buf_release(&value);
}

/* ---- reading ---- */

static bool read_text(struct reader *reader, char *out, size_t max)
{
    struct slice text = reader_blob(reader);
    if (reader->bad || text.len > max) {
        return false;
    }
    memcpy(out, text.data, text.len);
    out[text.len] = '\0';
    return true;
}

static bool read_key(struct reader *reader, struct webhook_key *key)
{
    struct slice bytes = reader_blob(reader);
    if (reader->bad || bytes.len > sizeof(key->bytes)) {
        return false;
    }
    memcpy(key->bytes, bytes.data, bytes.len);
    key->len = bytes.len;
    return true;
}

static bool read_definition(struct reader *reader, struct subscription *subscription)
{
    subscription->created_ms = reader_u64(reader);
    subscription->kinds = reader_u32(reader);
    subscription->campaign_count = reader_u8(reader);
    if (reader->bad || subscription->campaign_count > SUBSCRIPTION_CAMPAIGNS_MAX) {
        return false;
    }
    for (unsigned i = 0; i < subscription->campaign_count; i++) {
        subscription->campaigns[i] = reader_u64(reader);
    }
    bool is_good = read_text(reader, subscription->name, SUBSCRIPTION_NAME_MAX) &&
                   read_text(reader, subscription->url, SUBSCRIPTION_URL_MAX) &&
                   read_text(reader, subscription->created_by, SUBSCRIPTION_BY_MAX);
    subscription->key_count = reader_u8(reader);
    is_good = is_good && subscription->key_count >= 1 && subscription->key_count <= 2;
    for (unsigned i = 0; is_good && i < subscription->key_count; i++) {
        is_good = read_key(reader, &subscription->keys[i]);
        subscription->former_until_ms = reader_u64(reader);
    }
    return is_good && !reader->bad;
}

struct loading {
    struct subscription_store *store;
    enum err err;
};

static bool load_definition(void *arg, struct slice id, struct slice value)
{
    struct loading *loading = arg;
    struct reader key = reader_of(id);
    struct reader reader = reader_of(value);
    unsigned version = reader_u8(&reader);
    if (version != VERSION) {
        loading->err = ERR_UNSUPPORTED;
        return false;
    }
    struct subscription *subscription = mem_zalloc(1, sizeof(*subscription));
    subscription->id = reader_be64(&key);
    LL_APPEND(loading->store->list, subscription);
    loading->store->count++;
    if (key.bad || !read_definition(&reader, subscription)) {
        loading->err = ERR_CORRUPT;
    }
    return loading->err == ERR_OK;
}

static bool load_state(void *arg, struct slice id, struct slice value)
{
    struct loading *loading = arg;
    struct reader key = reader_of(id);
    struct reader reader = reader_of(value);
    struct subscription *of = subscription_store_find(loading->store, reader_be64(&key));
    unsigned version = reader_u8(&reader);
    unsigned state = reader_u8(&reader);
    if (of == NULL || version != VERSION || state >= SUBSCRIPTION_STATES) {
        loading->err = of == NULL ? loading->err : ERR_UNSUPPORTED;
        return loading->err == ERR_OK;
    }
    of->state = (enum subscription_state)state;
    of->told = reader_u64(&reader);
    of->tries = reader_u64(&reader);
    of->due_ms = reader_u64(&reader);
    of->delivered = reader_u64(&reader);
    of->failed = reader_u64(&reader);
    of->dead = reader_u64(&reader);
    of->missed = reader_u64(&reader);
    of->last_status = reader_u64(&reader);
    if (!read_text(&reader, of->why, SUBSCRIPTION_WHY_MAX)) {
        loading->err = ERR_CORRUPT;
    } else if (reader_left(&reader) > 0) { /* earlier versions end here */
        of->refusals = reader_u64(&reader);
        of->in_a_row = reader_u64(&reader);
        loading->err = reader.bad ? ERR_CORRUPT : ERR_OK;
    }
    return loading->err == ERR_OK;
}

static bool list_letter(void *arg, struct slice id, struct slice value)
{
    struct loading *loading = arg;
    struct reader key = reader_of(id);
    struct subscription *of = subscription_store_find(loading->store, reader_be64(&key));
    uint64_t number = reader_be64(&key);
    if (key.bad || value.len < 2) {
        loading->err = ERR_CORRUPT;
    } else if (of != NULL) {
        letter_list_put(&of->letters, number, value.data[1] != 0);
    }
    return loading->err == ERR_OK;
}

static enum err load_counter(struct subscription_store *store)
{
    struct store_value value = {0};
    enum err err =
        ledger_catalogue_get(store->ledger, CATALOGUE_COUNTERS, slice_str(COUNTERS_ENTRY), &value);
    if (err == ERR_OK) {
        struct reader reader = reader_of(value.bytes);
        store->newest = reader_u64(&reader);
        store_value_release(&value);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err subscription_store_load(struct subscription_store *store, struct problem *problem)
{
    struct loading loading = {store, ERR_OK};
    enum err err = load_counter(store);
    if (err == ERR_OK) {
        err = ledger_each_entry(store->ledger, CATALOGUE_SUBSCRIPTION, load_definition, &loading);
    }
    if (err == ERR_OK && loading.err == ERR_OK) {
        err = ledger_each_entry(store->ledger, CATALOGUE_SUBSCRIPTION_STATE, load_state, &loading);
    }
    if (err == ERR_OK && loading.err == ERR_OK) {
        err = ledger_each_entry(store->ledger, CATALOGUE_DEAD_LETTER, list_letter, &loading);
    }
    err = err == ERR_OK ? loading.err : err;
    return err == ERR_OK ? ERR_OK
                         : problem_set(problem, err, "the subscriptions cannot be read: %s",
                                       err_sentence(err));
}

static void subscription_free(struct subscription *subscription)
{
    webhook_key_release(&subscription->keys[0]);
    webhook_key_release(&subscription->keys[1]);
    letter_list_release(&subscription->letters);
    mem_free(subscription);
}

void subscription_store_release(struct subscription_store *store)
{
    while (store->list != NULL) {
        struct subscription *subscription = store->list;
        store->list = subscription->next;
        subscription_free(subscription);
    }
    store->count = 0;
}

/* ---- changes ---- */

static void make_key(struct webhook_key *key)
{
    randombytes_buf(key->bytes, SUBSCRIPTION_KEY_BYTES);
    key->len = SUBSCRIPTION_KEY_BYTES;
}

struct subscription *subscription_store_add(struct subscription_store *store,
                                            const struct subscription *subscription,
                                            struct record *record)
{
    struct subscription *added = mem_copy(subscription, sizeof(*subscription));
    added->id = ++store->newest;
    added->key_count = 1;
    added->next = NULL;
    make_key(&added->keys[0]);
    LL_APPEND(store->list, added);
    store->count++;
    put_definition(added, record);
    subscription_note(added, record);
    put_counter(store, record);
    return added;
}

struct subscription *subscription_store_find(const struct subscription_store *store, uint64_t id)
{
    struct subscription *subscription = store->list;
    while (subscription != NULL && subscription->id != id) {
        subscription = subscription->next;
    }
    return subscription;
}

struct subscription *subscription_store_named(const struct subscription_store *store,
                                              const char *name)
{
    struct subscription *subscription = store->list;
    while (subscription != NULL && strcmp(subscription->name, name) != 0) {
        subscription = subscription->next;
    }
    return subscription;
}

static void remove_entry(enum catalogue_kind kind, uint64_t id, struct record *record)
{
    struct buf key = {0};
    ledger_catalogue_key_u64(&key, kind, id);
    record_remove(record, buf_view(&key));
    buf_release(&key);
}

void subscription_store_remove(struct subscription_store *store, struct subscription *subscription,
                               struct record *record)
{
    while (subscription->letters.count > 0) {
        const struct letter_list *letters = &subscription->letters;
        dead_letter_remove(subscription, letters->places[letters->count - 1].number, record);
    }
    remove_entry(CATALOGUE_SUBSCRIPTION, subscription->id, record);
    remove_entry(CATALOGUE_SUBSCRIPTION_STATE, subscription->id, record);
    LL_DELETE(store->list, subscription);
    store->count--;
    subscription_free(subscription);
}

void subscription_rotate(struct subscription *subscription, uint64_t former_until_ms,
                         struct record *record)
{
    subscription->keys[1] = subscription->keys[0];
    subscription->key_count = 2;
    subscription->former_until_ms = former_until_ms;
    make_key(&subscription->keys[0]);
    put_definition(subscription, record);
}

void subscription_secret(const struct subscription *subscription, struct buf *text)
{
    char base64[sodium_base64_ENCODED_LEN(WEBHOOK_KEY_MAX_BYTES, sodium_base64_VARIANT_ORIGINAL)];
    (void)sodium_bin2base64(base64, sizeof(base64), subscription->keys[0].bytes,
                            subscription->keys[0].len, sodium_base64_VARIANT_ORIGINAL);
    buf_printf(text, "whsec_%s", base64);
    sodium_memzero(base64, sizeof(base64));
}

unsigned subscription_keys(const struct subscription *subscription, uint64_t now_ms)
{
    return subscription->key_count == 2 && now_ms < subscription->former_until_ms ? 2 : 1;
}

/* ---- dead letters ---- */

static void letter_key(struct buf *key, uint64_t id, uint64_t number)
{
    struct buf of = {0};
    buf_be64(&of, id);
    buf_be64(&of, number);
    ledger_catalogue_key(key, CATALOGUE_DEAD_LETTER, buf_view(&of));
    buf_release(&of);
}

void dead_letter_put(struct subscription *subscription, const struct dead_letter *letter,
                     struct record *record)
{
    struct buf key = {0};
    struct buf value = {0};
    letter_key(&key, subscription->id, letter->number);
    buf_u8(&value, VERSION);
    buf_u8(&value, letter->is_resent);
    buf_u64(&value, letter->at_ms);
    buf_u64(&value, letter->tries);
    buf_u64(&value, letter->status);
    buf_blob(&value, letter->type);
    buf_blob(&value, letter->body);
    record_put(record, buf_view(&key), buf_view(&value));
    buf_release(&key);
    buf_release(&value);
    letter_list_put(&subscription->letters, letter->number, letter->is_resent);
    while (subscription->letters.count > DEAD_LETTERS_MAX) {
        dead_letter_remove(subscription, subscription->letters.places[0].number, record);
    }
}

void dead_letter_remove(struct subscription *subscription, uint64_t number, struct record *record)
{
    struct buf key = {0};
    if (!letter_list_remove(&subscription->letters, number)) {
        return;
    }
    letter_key(&key, subscription->id, number);
    record_remove(record, buf_view(&key));
    buf_release(&key);
}

struct letter_walk {
    uint64_t id;
    dead_letter_fn each;
    void *arg;
    enum err err;
};

static bool walk_letter(void *arg, struct slice id, struct slice value)
{
    struct letter_walk *walk = arg;
    struct reader key = reader_of(id);
    struct reader reader = reader_of(value);
    struct dead_letter letter = {0};
    if (reader_be64(&key) != walk->id) {
        return false;
    }
    letter.number = reader_be64(&key);
    unsigned version = reader_u8(&reader);
    letter.is_resent = reader_u8(&reader) != 0;
    letter.at_ms = reader_u64(&reader);
    letter.tries = reader_u64(&reader);
    letter.status = reader_u64(&reader);
    letter.type = reader_blob(&reader);
    letter.body = reader_blob(&reader);
    if (version != VERSION || key.bad || reader.bad) {
        walk->err = version != VERSION ? ERR_UNSUPPORTED : ERR_CORRUPT;
        return false;
    }
    return walk->each(walk->arg, &letter);
}

enum err dead_letter_each(const struct subscription_store *store, uint64_t id, uint64_t from,
                          dead_letter_fn each, void *arg)
{
    struct letter_walk walk = {id, each, arg, ERR_OK};
    struct buf key = {0};
    buf_be64(&key, id);
    buf_be64(&key, from);
    enum err err = ledger_each_entry_from(store->ledger, CATALOGUE_DEAD_LETTER, buf_view(&key),
                                          walk_letter, &walk);
    buf_release(&key);
    return err == ERR_OK ? walk.err : err;
}
