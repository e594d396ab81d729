/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Eight rows are gathered, then hashed at once (common/hash_lanes.h). Levels lie in an array each,
 * in which the four children of a node follow one another: they are its message as they stand.
 */
#include "proto/page_rows.h"

#include <assert.h>
#include <string.h>

#define CHILDREN         4
#define NODE_BYTES       (CHILDREN * HASH_DIGEST_BYTES)
#define LENGTH_BYTES_MAX 3 /* a varint of up to PAGE_VALUE_MAX */

_Static_assert(NODE_BYTES == HASH_BLOCK_BYTES, "a node is hashed in one block");
_Static_assert(PAGE_RECIPIENTS == 1 << 2 * ROWS_LEVELS, "each level has a quarter");
_Static_assert(PAGE_VALUE_MAX < 1 << 7 * LENGTH_BYTES_MAX, "three bytes hold a length");

static const uint8_t of_row[HASH_PERSONAL_BYTES] = "tocsin row";
static const uint8_t of_node[HASH_PERSONAL_BYTES] = "tocsin rows";

void page_rows_release(struct page_rows *rows)
{
    for (unsigned lane = 0; lane < HASH_LANES; lane++) {
        buf_release(&rows->messages[lane]);
    }
}

/* ---- rows ---- */

/* Most are short, and a call for each would cost more than the copying. */
static inline void copy_value(uint8_t *to, const uint8_t *from, size_t len)
{
    if (len >= 16) {
        size_t at = 0;
        for (; at + 16 <= len; at += 16) {
            memcpy(to + at, from + at, 16);
        }
        memcpy(to + len - 16, from + len - 16, 16);
    } else if (len >= 8) {
        memcpy(to, from, 8);
        memcpy(to + len - 8, from + len - 8, 8);
    } else if (len >= 4) {
        memcpy(to, from, 4);
        memcpy(to + len - 4, from + len - 4, 4);
    } else {
        for (size_t at = 0; at < len; at++) {
            to[at] = from[at];
        }
    }
}

static uint8_t *put_value(uint8_t *at, struct slice value)
{
    size_t left = value.len;
    for (; left >= 0x80; left >>= 7) {
        *at++ = (uint8_t)(left | 0x80);
    }
    *at++ = (uint8_t)left;
    copy_value(at, value.data, value.len);
    return at + value.len;
}

/* The message of a row, with zeros up to the end of its last block. */
static void put_row(struct buf *message, const uint8_t salt[ROWS_SALT_BYTES],
                    const struct slice *values, unsigned columns)
{
    size_t most = ROWS_SALT_BYTES + HASH_BLOCK_BYTES;
    for (unsigned c = 0; c < columns; c++) {
        most += LENGTH_BYTES_MAX + values[c].len;
    }
    buf_clear(message);
    uint8_t *begin = buf_reserve(message, most);
    memcpy(begin, salt, ROWS_SALT_BYTES);
    uint8_t *at = begin + ROWS_SALT_BYTES;
    for (unsigned c = 0; c < columns; c++) {
        at = put_value(at, values[c]);
    }
    message->len = (size_t)(at - begin);
    memset(at, 0, HASH_BLOCK_BYTES);
}

static void hash_waiting(struct page_rows *rows)
{
    unsigned waiting = (rows->count - 1) % HASH_LANES + 1;
    uint8_t digests[HASH_LANES][HASH_DIGEST_BYTES];
    struct hash_message messages[HASH_LANES];
    for (unsigned lane = 0; lane < HASH_LANES; lane++) {
        const struct buf *message = &rows->messages[lane < waiting ? lane : 0];
        messages[lane] = (struct hash_message){message->data, message->len};
    }
    hash_lanes(digests, messages, of_row);
    memcpy(rows->digests[rows->count - waiting], digests, (size_t)waiting * HASH_DIGEST_BYTES);
}

static void add_row(struct page_rows *rows, const struct slice *values, unsigned columns)
{
    const uint8_t *salt = rows->salts + (size_t)rows->count * ROWS_SALT_BYTES;
    put_row(&rows->messages[rows->count % HASH_LANES], salt, values, columns);
    rows->count++;
    if (rows->count % HASH_LANES == 0) {
        hash_waiting(rows);
    }
}

static void begin(struct page_rows *rows, const uint8_t secret[ROWS_SECRET_BYTES], uint32_t page,
                  unsigned count)
{
    rows->count = 0;
    hash_stream(rows->salts, (size_t)count * ROWS_SALT_BYTES, secret, page);
}

static void end(struct page_rows *rows)
{
    if (rows->count % HASH_LANES != 0) {
        hash_waiting(rows);
    }
}

void page_rows_of_builder(struct page_rows *rows, const uint8_t secret[ROWS_SECRET_BYTES],
                          uint32_t page, const struct page_builder *builder)
{
    const uint8_t *at[PAGE_COLUMNS_MAX];
    struct slice values[PAGE_COLUMNS_MAX];
    begin(rows, secret, page, builder->count);
    for (unsigned c = 0; c < builder->columns; c++) {
        at[c] = builder->column[c].blob.data;
    }
    for (unsigned i = 0; i < builder->count; i++) {
        for (unsigned c = 0; c < builder->columns; c++) {
            values[c] = slice_of(at[c], builder->column[c].lengths[i]);
            at[c] += values[c].len;
        }
        add_row(rows, values, builder->columns);
    }
    end(rows);
}

void page_rows_of_view(struct page_rows *rows, const uint8_t secret[ROWS_SECRET_BYTES],
                       uint32_t page, struct page_view *view)
{
    struct slice values[PAGE_COLUMNS_MAX];
    begin(rows, secret, page, view->count);
    for (unsigned i = 0; i < view->count; i++) {
        page_seek(view, i);
        for (unsigned c = 0; c < view->columns; c++) {
            values[c] = page_value(view, c);
        }
        add_row(rows, values, view->columns);
    }
    end(rows);
}

/* ---- nodes ---- */

/* The level above `digests`, which has zeros behind its end as far as a node reads. */
static void hash_level(const uint8_t *digests, unsigned nodes, uint8_t *above)
{
    for (unsigned from = 0; from < nodes; from += HASH_LANES) {
        struct hash_message messages[HASH_LANES];
        uint8_t hashed[HASH_LANES][HASH_DIGEST_BYTES];
        unsigned count = nodes - from < HASH_LANES ? nodes - from : HASH_LANES;
        for (unsigned lane = 0; lane < HASH_LANES; lane++) {
            size_t node = from + (lane < count ? lane : 0);
            messages[lane] = (struct hash_message){digests + node * NODE_BYTES, NODE_BYTES};
        }
        hash_lanes(hashed, messages, of_node);
        memcpy(above + (size_t)from * HASH_DIGEST_BYTES, hashed, (size_t)count * HASH_DIGEST_BYTES);
    }
}

static void put_beside(const uint8_t *digests, unsigned place, struct buf *path)
{
    unsigned first = place - place % CHILDREN;
    for (unsigned i = first; i < first + CHILDREN; i++) {
        if (i != place) {
            buf_append(path, digests + (size_t)i * HASH_DIGEST_BYTES, HASH_DIGEST_BYTES);
        }
    }
}

void page_rows_root(struct page_rows *rows, unsigned place, struct buf *path,
                    uint8_t root[HASH_DIGEST_BYTES])
{
    uint8_t *level = rows->digests[0];
    unsigned count = rows->count;
    assert(count >= 1 && (path == NULL || place < count));
    for (unsigned up = 0; up < ROWS_LEVELS; up++) {
        unsigned nodes = (count + CHILDREN - 1) / CHILDREN;
        memset(level + (size_t)count * HASH_DIGEST_BYTES, 0,
               (size_t)(nodes * CHILDREN - count) * HASH_DIGEST_BYTES);
        if (path != NULL) {
            put_beside(level, place, path);
        }
        hash_level(level, nodes, rows->above[0]);
        /* In place from here on: a node's children are read before it is written over them. */
        level = rows->above[0];
        count = nodes;
        place /= CHILDREN;
    }
    memcpy(root, level, HASH_DIGEST_BYTES);
}

/* ---- one row ---- */

static void hash_one(uint8_t digest[HASH_DIGEST_BYTES], struct hash_message message,
                     const uint8_t personal[HASH_PERSONAL_BYTES])
{
    uint8_t digests[HASH_LANES][HASH_DIGEST_BYTES];
    struct hash_message messages[HASH_LANES];
    for (unsigned lane = 0; lane < HASH_LANES; lane++) {
        messages[lane] = message;
    }
    hash_lanes(digests, messages, personal);
    memcpy(digest, digests[0], HASH_DIGEST_BYTES);
}

bool page_row_root(const struct slice *values, unsigned columns, struct slice salt, unsigned place,
                   struct slice path, uint8_t root[HASH_DIGEST_BYTES])
{
    struct buf message = {0};
    if (salt.len != ROWS_SALT_BYTES || path.len != ROWS_PATH_BYTES || place >= PAGE_RECIPIENTS) {
        return false;
    }
    put_row(&message, salt.data, values, columns);
    hash_one(root, (struct hash_message){message.data, message.len}, of_row);
    buf_release(&message);
    const uint8_t *beside = path.data;
    for (unsigned up = 0; up < ROWS_LEVELS; up++) {
        uint8_t node[CHILDREN][HASH_DIGEST_BYTES];
        for (unsigned i = 0; i < CHILDREN; i++) {
            bool is_ours = i == place % CHILDREN;
            memcpy(node[i], is_ours ? root : beside, HASH_DIGEST_BYTES);
            beside += is_ours ? 0 : HASH_DIGEST_BYTES;
        }
        hash_one(root, (struct hash_message){node[0], NODE_BYTES}, of_node);
        place /= CHILDREN;
    }
    return true;
}
