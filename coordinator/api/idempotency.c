/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/idempotency.h"

#include <assert.h>
#include <string.h>
#include <uthash.h>

#include "common/buf.h"
#include "common/mem.h"

#define VALUE_VERSION 1

struct kept {
    UT_hash_handle hh;
    uint64_t created_ms;
    bool is_under_way;
    char key[]; /* zero-terminated */
};

struct idempotency {
    struct ledger *ledger;
    struct kept *keys; /* the oldest first, but for those under way */
};

struct value {
    uint64_t created_ms;
    struct slice fingerprint;
    struct idempotency_answer answer;
};

static bool value_decode(struct slice bytes, struct value *value)
{
    struct reader reader = reader_of(bytes);
    bool is_known = reader_u8(&reader) == VALUE_VERSION;
    value->created_ms = reader_u64(&reader);
    value->fingerprint = reader_bytes(&reader, HASH_DIGEST_BYTES);
    value->answer.status = reader_u16(&reader);
    value->answer.location = reader_blob(&reader);
    value->answer.body = reader_blob(&reader);
    return is_known && !reader.bad && reader_left(&reader) == 0;
}

/* What uthash's macros hide would count as the complexity of these functions. */
/* NOLINTBEGIN(readability-function-*, clang-analyzer-core.NullDereference) */

static struct kept *find(const struct idempotency *idempotency, const char *key)
{
    struct kept *kept;
    HASH_FIND_STR(idempotency->keys, key, kept);
    return kept;
}

static struct kept *add(struct idempotency *idempotency, struct slice key)
{
    struct kept *kept = mem_zalloc(1, sizeof(*kept) + key.len + 1);
    memcpy(kept->key, key.data, key.len);
    HASH_ADD_KEYPTR(hh, idempotency->keys, kept->key, key.len, kept);
    return kept;
}

static void drop(struct idempotency *idempotency, struct kept *kept)
{
    HASH_DEL(idempotency->keys, kept);
    mem_free(kept);
}

static bool load_entry(void *arg, struct slice id, struct slice bytes)
{
    struct idempotency *idempotency = arg;
    struct value value;
    if (id.len <= IDEMPOTENCY_KEY_MAX && value_decode(bytes, &value)) {
        add(idempotency, id)->created_ms = value.created_ms;
    }
    return true;
}

static int by_age(const struct kept *a, const struct kept *b)
{
    return (a->created_ms > b->created_ms) - (a->created_ms < b->created_ms);
}

enum err idempotency_open(struct idempotency **out, struct ledger *ledger, struct problem *problem)
{
    struct idempotency *idempotency = mem_zalloc(1, sizeof(*idempotency));
    idempotency->ledger = ledger;
    enum err err = ledger_each_entry(ledger, CATALOGUE_IDEMPOTENCY, load_entry, idempotency);
    if (err != ERR_OK) {
        idempotency_close(idempotency);
        *out = NULL;
        return problem_set(problem, err, "the kept answers cannot be read: %s", err_sentence(err));
    }
    HASH_SORT(idempotency->keys, by_age);
    *out = idempotency;
    return ERR_OK;
}

void idempotency_close(struct idempotency *idempotency)
{
    if (idempotency == NULL) {
        return;
    }
    struct kept *kept;
    struct kept *next;
    HASH_ITER(hh, idempotency->keys, kept, next)
    {
        drop(idempotency, kept);
    }
    mem_free(idempotency);
}

/* NOLINTEND(readability-function-*, clang-analyzer-core.NullDereference) */

bool idempotency_is_key(const char *key)
{
    size_t len = 0;
    for (; key[len] != '\0'; len++) {
        if (key[len] < 0x21 || key[len] > 0x7e) {
            return false;
        }
    }
    return len >= 1 && len <= IDEMPOTENCY_KEY_MAX;
}

static bool is_old(const struct kept *kept, uint64_t now_ms)
{
    return !kept->is_under_way && now_ms > kept->created_ms &&
           now_ms - kept->created_ms > IDEMPOTENCY_KEPT_MS;
}

enum idempotency_claim idempotency_claim(struct idempotency *idempotency, const char *key,
                                         uint64_t now_ms)
{
    struct kept *kept = find(idempotency, key);
    if (kept != NULL && !is_old(kept, now_ms)) {
        return kept->is_under_way ? IDEMPOTENCY_UNDER_WAY : IDEMPOTENCY_KEPT;
    }
    if (kept != NULL) {
        drop(idempotency, kept); /* what the catalogue keeps of it is replaced */
    }
    kept = add(idempotency, slice_str(key));
    kept->created_ms = now_ms;
    kept->is_under_way = true;
    return IDEMPOTENCY_NEW;
}

void idempotency_release(struct idempotency *idempotency, const char *key)
{
    struct kept *kept = find(idempotency, key);
    assert(kept != NULL && kept->is_under_way);
    drop(idempotency, kept);
}

static void catalogue_key(struct buf *buf, const char *key)
{
    ledger_catalogue_key(buf, CATALOGUE_IDEMPOTENCY, slice_str(key));
}

void idempotency_keep(struct idempotency *idempotency, const char *key,
                      const uint8_t fingerprint[HASH_DIGEST_BYTES],
                      const struct idempotency_answer *answer, uint64_t now_ms,
                      struct record *record)
{
    struct kept *kept = find(idempotency, key);
    struct buf id = {0};
    struct buf value = {0};
    assert(kept != NULL && kept->is_under_way);
    kept->created_ms = now_ms;
    buf_u8(&value, VALUE_VERSION);
    buf_u64(&value, now_ms);
    buf_append(&value, fingerprint, HASH_DIGEST_BYTES);
    buf_u16(&value, answer->status);
    buf_blob(&value, answer->location);
    buf_blob(&value, answer->body);
    catalogue_key(&id, key);
    record_put(record, buf_view(&id), buf_view(&value));
    buf_release(&id);
    buf_release(&value);
}

void idempotency_settle(struct idempotency *idempotency, const char *key)
{
    struct kept *kept = find(idempotency, key);
    assert(kept != NULL && kept->is_under_way);
    kept->is_under_way = false;
}

static struct slice copy(struct arena *arena, struct slice slice)
{
    return slice_of(arena_copy(arena, slice.data, slice.len), slice.len);
}

enum err idempotency_answer(struct idempotency *idempotency, const char *key,
                            const uint8_t fingerprint[HASH_DIGEST_BYTES], struct arena *arena,
                            struct idempotency_answer *answer)
{
    struct store_value stored = {0};
    struct value value;
    enum err err =
        ledger_catalogue_get(idempotency->ledger, CATALOGUE_IDEMPOTENCY, slice_str(key), &stored);
    if (err != ERR_OK) {
        return err;
    }
    if (!value_decode(stored.bytes, &value)) {
        err = ERR_CORRUPT;
    } else if (memcmp(value.fingerprint.data, fingerprint, HASH_DIGEST_BYTES) != 0) {
        err = ERR_CONFLICT;
    } else {
        answer->status = value.answer.status;
        answer->location = copy(arena, value.answer.location);
        answer->body = copy(arena, value.answer.body);
    }
    store_value_release(&stored);
    return err;
}

unsigned idempotency_expire(struct idempotency *idempotency, uint64_t now_ms, unsigned max,
                            struct record *record)
{
    unsigned removed = 0;
    struct kept *kept;
    struct kept *next;
    HASH_ITER(hh, idempotency->keys, kept, next)
    {
        if (removed == max || (!kept->is_under_way && !is_old(kept, now_ms))) {
            break;
        }
        if (!kept->is_under_way) {
            struct buf id = {0};
            catalogue_key(&id, kept->key);
            record_remove(record, buf_view(&id));
            buf_release(&id);
            drop(idempotency, kept);
            removed++;
        }
    }
    return removed;
}

unsigned idempotency_count(const struct idempotency *idempotency)
{
    return HASH_COUNT(idempotency->keys);
}
