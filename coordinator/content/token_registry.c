/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries stand in the order of their numbers; a table with open addressing finds them by the
 * first bytes of their hash. Whoever does not know the ledger's key cannot choose where in the
 * table a guess is looked for, and the whole hash is compared in constant time, so that the time of
 * an answer says nothing of the tokens that there are.
 *
 * The newest entry is never forgotten, so that no number is given twice.
 */
#include "coordinator/content/token_registry.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "common/buf.h"
#include "common/hash.h"
#include "common/mem.h"
#include "common/text.h"

#define VERSION      1
#define SECRET_BYTES 32
#define SLOTS        (2u * TOKEN_REGISTRY_MAX) /* a power of two; half of them stay free */

struct slot_entry {
    struct token_entry entry;
    uint8_t digest[HASH_DIGEST_BYTES];
    bool is_used; /* since the last use was written */
};

struct token_registry {
    uint8_t key[HASH_KEY_BYTES];
    uint64_t noted_ms;
    unsigned count;
    struct slot_entry *entries[TOKEN_REGISTRY_MAX];
    uint16_t slots[SLOTS]; /* 1 + the place in `entries`; 0: free */
};
_Static_assert((SLOTS & (SLOTS - 1)) == 0 && TOKEN_REGISTRY_MAX < UINT16_MAX,
               "a place fits a slot");

struct load {
    struct token_registry *registry;
    struct problem *problem;
    enum err err;
};

struct token_registry *token_registry_new(void)
{
    return mem_zalloc(1, sizeof(struct token_registry));
}

void token_registry_free(struct token_registry *registry)
{
    for (unsigned i = 0; registry != NULL && i < registry->count; i++) {
        mem_free(registry->entries[i]);
    }
    mem_free(registry);
}

/* ---- the table ---- */

static void digest_of(const struct token_registry *registry, struct slice text,
                      uint8_t digest[HASH_DIGEST_BYTES])
{
    crypto_generichash_blake2b(digest, HASH_DIGEST_BYTES, text.data, text.len, registry->key,
                               HASH_KEY_BYTES);
}

static unsigned first_slot(const uint8_t digest[HASH_DIGEST_BYTES])
{
    return (digest[0] | (unsigned)digest[1] << 8) & (SLOTS - 1);
}

static void put_slot(struct token_registry *registry, unsigned place)
{
    unsigned at = first_slot(registry->entries[place]->digest);
    while (registry->slots[at] != 0) {
        at = (at + 1) & (SLOTS - 1);
    }
    registry->slots[at] = (uint16_t)(place + 1);
}

static struct slot_entry *find_digest(const struct token_registry *registry,
                                      const uint8_t digest[HASH_DIGEST_BYTES])
{
    struct slot_entry *found = NULL;
    for (unsigned at = first_slot(digest); registry->slots[at] != 0; at = (at + 1) & (SLOTS - 1)) {
        struct slot_entry *there = registry->entries[registry->slots[at] - 1];
        if (sodium_memcmp(there->digest, digest, HASH_DIGEST_BYTES) == 0) {
            found = there;
        }
    }
    return found;
}

static void append(struct token_registry *registry, struct slot_entry *take_entry)
{
    assert(registry->count < TOKEN_REGISTRY_MAX);
    registry->entries[registry->count] = take_entry;
    put_slot(registry, registry->count++);
}

/* ---- catalogue ---- */

static void encode(const struct slot_entry *slot, struct buf *buf)
{
    const struct token_entry *entry = &slot->entry;
    buf_u8(buf, VERSION);
    buf_append(buf, slot->digest, HASH_DIGEST_BYTES);
    buf_u64(buf, entry->created_ms);
    buf_u64(buf, entry->expires_ms);
    buf_u64(buf, entry->used_ms);
    buf_u64(buf, entry->revoked_ms);
    buf_blob(buf, slice_str(entry->name));
    buf_blob(buf, slice_str(entry->role));
    buf_blob(buf, slice_str(entry->created_by));
}

static bool copy_text(char *out, size_t max, struct slice text)
{
    if (text.len > max || memchr(text.data, '\0', text.len) != NULL) {
        return false;
    }
    memcpy(out, text.data, text.len);
    out[text.len] = '\0';
    return true;
}

static enum err decode(struct slot_entry *slot, struct slice bytes)
{
    struct token_entry *entry = &slot->entry;
    struct reader reader = reader_of(bytes);
    uint8_t version = reader_u8(&reader);
    if (version > VERSION) {
        return ERR_NEWER_VERSION;
    }
    struct slice digest = reader_bytes(&reader, HASH_DIGEST_BYTES);
    entry->created_ms = reader_u64(&reader);
    entry->expires_ms = reader_u64(&reader);
    entry->used_ms = reader_u64(&reader);
    entry->revoked_ms = reader_u64(&reader);
    struct slice name = reader_blob(&reader);
    struct slice role = reader_blob(&reader);
    struct slice by = reader_blob(&reader);
    if (version != VERSION || reader.bad || reader_left(&reader) > 0 ||
        !text_is_name(name, ACCESS_TOKEN_NAME_MAX) || !text_is_name(role, ACCESS_TOKEN_ROLE_MAX) ||
        !copy_text(entry->name, ACCESS_TOKEN_NAME_MAX, name) ||
        !copy_text(entry->role, ACCESS_TOKEN_ROLE_MAX, role) ||
        !copy_text(entry->created_by, ACCESS_TOKEN_BY_MAX, by)) {
        return ERR_CORRUPT;
    }
    memcpy(slot->digest, digest.data, HASH_DIGEST_BYTES);
    return ERR_OK;
}

static void write_entry(const struct slot_entry *slot, struct record *record)
{
    struct buf key = {0};
    struct buf value = {0};
    ledger_catalogue_key_u64(&key, CATALOGUE_TOKEN, slot->entry.id);
    encode(slot, &value);
    record_put(record, buf_view(&key), buf_view(&value));
    buf_release(&key);
    buf_release(&value);
}

static bool load_entry(void *arg, struct slice id, struct slice value)
{
    struct load *load = arg;
    struct token_registry *registry = load->registry;
    struct slot_entry *slot = mem_zalloc(1, sizeof(*slot));
    struct reader reader = reader_of(id);
    slot->entry.id = reader_be64(&reader);
    bool is_id = !reader.bad && reader_left(&reader) == 0 && slot->entry.id > 0;
    load->err = !is_id                                  ? ERR_CORRUPT
                : registry->count == TOKEN_REGISTRY_MAX ? ERR_LIMIT
                                                        : decode(slot, value);
    if (load->err == ERR_OK) {
        append(registry, slot);
        return true;
    }
    (void)problem_set(load->problem, load->err,
                      "the catalogue's token t%" PRIu64 " cannot be used: %s", slot->entry.id,
                      err_sentence(load->err));
    mem_free(slot);
    return false;
}

enum err token_registry_load(struct token_registry *registry, struct ledger *ledger,
                             struct problem *problem)
{
    struct load load = {registry, problem, ERR_OK};
    memcpy(registry->key, ledger_lookup_key(ledger), HASH_KEY_BYTES);
    enum err err = ledger_each_entry(ledger, CATALOGUE_TOKEN, load_entry, &load);
    if (err != ERR_OK) {
        return problem_set(problem, err, "the catalogue's tokens cannot be read: %s",
                           err_sentence(err));
    }
    return load.err;
}

/* ---- which there are ---- */

/* The first place with a number from `id` on. */
static unsigned position(const struct token_registry *registry, uint64_t id)
{
    unsigned low = 0;
    unsigned high = registry->count;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (registry->entries[middle]->entry.id < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct slot_entry *find(const struct token_registry *registry, uint64_t id)
{
    unsigned at = position(registry, id);
    bool is_there = at < registry->count && registry->entries[at]->entry.id == id;
    return is_there ? registry->entries[at] : NULL;
}

const struct token_entry *token_registry_find(const struct token_registry *registry, uint64_t id)
{
    const struct slot_entry *slot = find(registry, id);
    return slot == NULL ? NULL : &slot->entry;
}

const struct token_entry *token_registry_from(const struct token_registry *registry, uint64_t id)
{
    unsigned at = position(registry, id);
    return at == registry->count ? NULL : &registry->entries[at]->entry;
}

unsigned token_registry_count(const struct token_registry *registry)
{
    return registry->count;
}

struct token_tally token_registry_tally(const struct token_registry *registry, uint64_t now_ms)
{
    struct token_tally tally = {0};
    for (unsigned i = 0; i < registry->count; i++) {
        const struct token_entry *entry = &registry->entries[i]->entry;
        if (token_registry_state(entry, now_ms) != ACCESS_TOKEN_GOOD) {
            continue;
        }
        tally.good++;
        bool is_in_use = entry->used_ms != 0 && entry->used_ms + ACCESS_TOKEN_IN_USE_MS > now_ms;
        if (is_in_use && (tally.next_end_ms == 0 || entry->expires_ms < tally.next_end_ms)) {
            tally.next_end_ms = entry->expires_ms;
        }
    }
    return tally;
}

enum token_state token_registry_state(const struct token_entry *entry, uint64_t now_ms)
{
    return entry->revoked_ms != 0        ? ACCESS_TOKEN_REVOKED
           : entry->expires_ms <= now_ms ? ACCESS_TOKEN_EXPIRED
                                         : ACCESS_TOKEN_GOOD;
}

enum token_state token_registry_check(struct token_registry *registry, struct slice text,
                                      uint64_t now_ms, const struct token_entry **entry)
{
    uint8_t digest[HASH_DIGEST_BYTES];
    digest_of(registry, text, digest);
    struct slot_entry *slot = find_digest(registry, digest);
    *entry = slot == NULL ? NULL : &slot->entry;
    if (slot == NULL) {
        return ACCESS_TOKEN_UNKNOWN;
    }
    enum token_state state = token_registry_state(&slot->entry, now_ms);
    if (state == ACCESS_TOKEN_GOOD && now_ms >= slot->entry.used_ms + ACCESS_TOKEN_USE_MS) {
        slot->entry.used_ms = now_ms;
        slot->is_used = true;
    }
    return state;
}

/* ---- changes ---- */

static uint64_t ended_ms(const struct token_entry *entry)
{
    bool is_revoked = entry->revoked_ms != 0 && entry->revoked_ms < entry->expires_ms;
    return is_revoked ? entry->revoked_ms : entry->expires_ms;
}

static void forget(struct token_registry *registry, unsigned place, struct record *record)
{
    struct buf key = {0};
    ledger_catalogue_key_u64(&key, CATALOGUE_TOKEN, registry->entries[place]->entry.id);
    record_remove(record, buf_view(&key));
    buf_release(&key);
    mem_free(registry->entries[place]);
    registry->count--;
    memmove(&registry->entries[place], &registry->entries[place + 1],
            (registry->count - place) * sizeof(struct slot_entry *));
    memset(registry->slots, 0, sizeof(registry->slots));
    for (unsigned i = 0; i < registry->count; i++) {
        put_slot(registry, i);
    }
}

/* Of those that ended by `now_ms`, but for the newest, the one that ended first; count if there is
 * none. */
static unsigned longest_ended(const struct token_registry *registry, uint64_t now_ms)
{
    unsigned found = registry->count;
    for (unsigned i = 0; i + 1 < registry->count; i++) {
        uint64_t ms = ended_ms(&registry->entries[i]->entry);
        if (ms <= now_ms &&
            (found == registry->count || ms < ended_ms(&registry->entries[found]->entry))) {
            found = i;
        }
    }
    return found;
}

static bool has_name(const struct token_registry *registry, const char *name, uint64_t now_ms)
{
    for (unsigned i = 0; i < registry->count; i++) {
        const struct token_entry *entry = &registry->entries[i]->entry;
        if (token_registry_state(entry, now_ms) == ACCESS_TOKEN_GOOD &&
            strcmp(entry->name, name) == 0) {
            return true;
        }
    }
    return false;
}

static void make_token(char text[ACCESS_TOKEN_CHARS + 1])
{
    uint8_t bytes[SECRET_BYTES];
    struct buf token = {0};
    randombytes_buf(bytes, sizeof(bytes));
    buf_str(&token, ACCESS_TOKEN_PREFIX);
    text_base64url(&token, slice_of(bytes, sizeof(bytes)));
    assert(token.len == ACCESS_TOKEN_CHARS);
    memcpy(text, buf_cstr(&token), ACCESS_TOKEN_CHARS + 1);
    sodium_memzero(bytes, sizeof(bytes));
    sodium_memzero(token.data, token.len);
    buf_release(&token);
}

enum err token_registry_add(struct token_registry *registry, struct token_entry *entry,
                            char text[ACCESS_TOKEN_CHARS + 1], struct record *record)
{
    uint64_t now_ms = entry->created_ms;
    if (has_name(registry, entry->name, now_ms)) {
        return ERR_EXISTS;
    }
    if (registry->count == TOKEN_REGISTRY_MAX) {
        unsigned place = longest_ended(registry, now_ms);
        if (place == registry->count) {
            return ERR_LIMIT;
        }
        forget(registry, place, record);
    }
    struct slot_entry *slot = mem_zalloc(1, sizeof(*slot));
    make_token(text);
    digest_of(registry, slice_str(text), slot->digest);
    entry->id = registry->count == 0 ? 1 : registry->entries[registry->count - 1]->entry.id + 1;
    slot->entry = *entry;
    append(registry, slot);
    write_entry(slot, record);
    return ERR_OK;
}

bool token_registry_revoke(struct token_registry *registry, uint64_t id, uint64_t now_ms,
                           struct record *record)
{
    struct slot_entry *slot = find(registry, id);
    if (slot == NULL || token_registry_state(&slot->entry, now_ms) != ACCESS_TOKEN_GOOD) {
        return false;
    }
    slot->entry.revoked_ms = now_ms;
    slot->is_used = false; /* it is written with this */
    write_entry(slot, record);
    return true;
}

void token_registry_note(struct token_registry *registry, uint64_t now_ms, bool is_closing,
                         struct record *record)
{
    if (!is_closing && now_ms < registry->noted_ms + ACCESS_TOKEN_USE_MS) {
        return;
    }
    registry->noted_ms = now_ms;
    for (unsigned i = 0; i < registry->count; i++) {
        struct slot_entry *slot = registry->entries[i];
        if (slot->is_used) {
            slot->is_used = false;
            write_entry(slot, record);
        }
    }
    unsigned place = now_ms < ACCESS_TOKEN_KEPT_MS
                         ? registry->count
                         : longest_ended(registry, now_ms - ACCESS_TOKEN_KEPT_MS);
    if (place < registry->count) {
        forget(registry, place, record); /* the next one a minute later */
    }
}
