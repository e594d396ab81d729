/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/ledger/catalogue_check.h"

#include <inttypes.h>
#include <string.h>
#include <uthash.h>

#include "common/mem.h"
#include "common/text.h"

/* What the chain says last about one key. */
struct catalogue_word {
    UT_hash_handle hh;
    uint64_t recno;
    uint16_t partition;
    bool is_put;
    bool was_seen; /* in the catalogue */
    uint8_t digest[HASH_DIGEST_BYTES];
    size_t key_len;
    uint8_t *key;
};

struct catalogue_check {
    struct catalogue_word *words;
    struct buf scratch;
};

struct catalogue_check *catalogue_check_new(void)
{
    return mem_zalloc(1, sizeof(struct catalogue_check));
}

/* NOLINTBEGIN(readability-function-*): uthash's macros are counted */
void catalogue_check_free(struct catalogue_check *check)
{
    if (check == NULL) {
        return;
    }
    struct catalogue_word *word;
    struct catalogue_word *next;
    HASH_ITER(hh, check->words, word, next)
    {
        HASH_DEL(check->words, word);
        mem_free(word->key);
        mem_free(word);
    }
    buf_release(&check->scratch);
    mem_free(check);
}

static struct catalogue_word *word_find(struct catalogue_check *check, struct slice key)
{
    struct catalogue_word *word = NULL;
    HASH_FIND(hh, check->words, key.data, key.len, word);
    return word;
}

static struct catalogue_word *word_add(struct catalogue_check *check, struct slice key)
{
    struct catalogue_word *word = mem_zalloc(1, sizeof(*word));
    word->key_len = key.len;
    word->key = mem_copy(key.data, key.len);
    HASH_ADD_KEYPTR(hh, check->words, word->key, word->key_len, word);
    return word;
}

/* NOLINTEND(readability-function-*) */

void catalogue_check_note(struct catalogue_check *check, const struct chain_header *header)
{
    struct chain_cursor cursor = chain_cursor_of(header);
    struct chain_entry entry;
    while (chain_next(&cursor, &entry)) {
        if (entry.kind == RECORD_BLOCK) {
            continue;
        }
        struct catalogue_word *word = word_find(check, entry.key);
        if (word == NULL) {
            word = word_add(check, entry.key);
        }
        word->recno = header->recno;
        word->partition = header->partition;
        word->is_put = entry.kind == RECORD_PUT;
        if (word->is_put) {
            memcpy(word->digest, entry.digest, HASH_DIGEST_BYTES);
        }
    }
}

/* A key as a person can read it: "kind 1, 00000007". */
static const char *key_text(struct buf *buf, struct slice key)
{
    struct reader reader = reader_of(key);
    reader_be16(&reader);
    unsigned kind = reader_u8(&reader);
    struct slice id = reader_bytes(&reader, reader_left(&reader));
    buf_clear(buf);
    buf_printf(buf, "kind %u, id ", kind);
    text_hex(buf, slice_of(id.data, id.len > 32 ? 32 : id.len));
    return buf_cstr(buf);
}

static void compare_entry(struct catalogue_check *check, struct slice key, struct slice value,
                          struct damages *damages, struct buf *text)
{
    struct catalogue_word *word = word_find(check, key);
    if (word == NULL) {
        damages_report(damages, "catalogue entry (%s) was written by no record",
                       key_text(text, key));
        return;
    }
    word->was_seen = true;
    if (!word->is_put) {
        damages_report(damages,
                       "catalogue entry (%s) is there although record %" PRIu64
                       " of partition %u removed it",
                       key_text(text, key), word->recno, (unsigned)word->partition);
        return;
    }
    uint8_t digest[HASH_DIGEST_BYTES];
    chain_digest(digest, RECORD_PUT, key, value, &check->scratch);
    if (memcmp(digest, word->digest, HASH_DIGEST_BYTES) != 0) {
        damages_report(damages,
                       "catalogue entry (%s) is not the one that record %" PRIu64
                       " of partition %u put",
                       key_text(text, key), word->recno, (unsigned)word->partition);
    }
}

static void compare_missing(struct catalogue_check *check, struct damages *damages,
                            struct buf *text)
{
    struct catalogue_word *word;
    struct catalogue_word *next;
    HASH_ITER(hh, check->words, word, next)
    {
        if (word->is_put && !word->was_seen) {
            damages_report(damages,
                           "catalogue entry (%s) that record %" PRIu64
                           " of partition %u put is missing",
                           key_text(text, slice_of(word->key, word->key_len)), word->recno,
                           (unsigned)word->partition);
        }
    }
}

void catalogue_check_compare(struct catalogue_check *check, struct ledger *ledger,
                             struct damages *damages)
{
    struct store *store = ledger->store;
    struct store_scan *scan =
        store->ops->scan(store, STORE_CATALOGUE, slice_of(NULL, 0), slice_of(NULL, 0));
    struct slice key;
    struct slice value;
    struct buf text = {0};
    while (store->ops->scan_next(scan, &key, &value)) {
        compare_entry(check, key, value, damages, &text);
    }
    enum err err = store->ops->scan_free(scan);
    if (err != ERR_OK) {
        damages_report(damages, "the catalogue cannot be read to its end: %s", err_sentence(err));
    } else {
        compare_missing(check, damages, &text);
    }
    buf_release(&text);
}
