/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page_rows: one digest over the rows of a page, of which any one row can be shown to be in it, at
 * its place, without the others. H is BLAKE2b-256 with the "personal" that is named:
 *
 *     row     H("tocsin row", salt of the row · per column varint length, value)
 *     node    H("tocsin rows", four digests from below; 32 zeros for each that there is not)
 *     root    the node of the fifth level: 4^5 = 1,024, however few rows there are
 *
 * The salts keep whoever knows a row and its path from finding out the rows beside it by trying
 * telephone numbers. Those of a page are 16 bytes each, from place 0 on, of the ChaCha20 stream
 * (D. J. Bernstein, 2008) under the audience's secret, 32 random bytes, with the page's number as
 * the nonce of 8 bytes, little-endian. Who has the secret can check whole pages; who shall see one
 * row alone is given its salt.
 *
 * Stored digests depend on all of this: it cannot be changed but by another form of the manifest
 * (evidence/manifest.h).
 */
#ifndef TOCSIN_PROTO_PAGE_ROWS_H
#define TOCSIN_PROTO_PAGE_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/hash.h"
#include "common/hash_lanes.h"
#include "proto/page.h"

#define ROWS_SECRET_BYTES 32
#define ROWS_SALT_BYTES   16
#define ROWS_LEVELS       5
#define ROWS_PATH_BYTES   (ROWS_LEVELS * 3 * HASH_DIGEST_BYTES)

/* The rows of one page, in working memory that is used from page to page. Zeroed memory is valid.
 */
struct page_rows {
    unsigned count;
    uint8_t salts[PAGE_RECIPIENTS * ROWS_SALT_BYTES];
    uint8_t digests[PAGE_RECIPIENTS][HASH_DIGEST_BYTES];
    uint8_t above[PAGE_RECIPIENTS / 4 + HASH_LANES][HASH_DIGEST_BYTES];
    struct buf messages[HASH_LANES];
};
/* Gives back what long rows took; it may be used again. */
void page_rows_release(struct page_rows *rows);

/* The digests of a page's rows: of one that is being sealed, or of one that was opened (its cursor
 * is moved). */
void page_rows_of_builder(struct page_rows *rows, const uint8_t secret[ROWS_SECRET_BYTES],
                          uint32_t page, const struct page_builder *builder);
void page_rows_of_view(struct page_rows *rows, const uint8_t secret[ROWS_SECRET_BYTES],
                       uint32_t page, struct page_view *view);
/* Of these: the root and, where `path` is not NULL, the path of the row at `place`: the three
 * digests beside it, in their order, from below. */
void page_rows_root(struct page_rows *rows, unsigned place, struct buf *path,
                    uint8_t root[HASH_DIGEST_BYTES]);
static inline struct slice page_rows_salt(const struct page_rows *rows, unsigned place)
{
    return slice_of(rows->salts + (size_t)place * ROWS_SALT_BYTES, ROWS_SALT_BYTES);
}

/* The root that a row leads to by its salt and its path. False if salt or path have another size.
 */
bool page_row_root(const struct slice *values, unsigned columns, struct slice salt, unsigned place,
                   struct slice path, uint8_t root[HASH_DIGEST_BYTES]);

#endif
