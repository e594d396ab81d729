/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who it was sent to: the lines of a recipient's values and of sealed pages, compared with the root
 * that the launch bound. In version 2 that root is over the rows, of which one alone can be shown;
 * in version 1 it is over sealed pages as they are stored.
 */
#include <inttypes.h>
#include <string.h>

#include "common/mem.h"
#include "common/merkle.h"
#include "evidence/bundle_internal.h"
#include "proto/page_rows.h"

struct bundle_pages {
    struct merkle roots;
    struct page_view view;
    struct page_rows rows;
    bool has_secret;
    uint8_t secret[ROWS_SECRET_BYTES];
};

static struct bundle_pages *pages_of(struct bundle_reader *reader)
{
    if (reader->pages == NULL) {
        reader->pages = mem_zalloc(1, sizeof(*reader->pages));
    }
    return reader->pages;
}

void bundle_release_pages(struct bundle_reader *reader)
{
    if (reader->pages != NULL) {
        page_view_release(&reader->pages->view);
        page_rows_release(&reader->pages->rows);
        mem_free(reader->pages);
    }
}

/* ---- one recipient ---- */

static enum err copy_values(struct bundle_reader *reader, const json_t *values)
{
    struct bundle *bundle = reader->bundle;
    bundle->values = mem_zalloc(PAGE_COLUMNS_MAX, sizeof(*bundle->values));
    for (unsigned i = 0; i < bundle->schema.count; i++) {
        const char *value = json_string_value(json_array_get(values, i));
        if (value == NULL) {
            return bundle_fail(reader, "value %u is no text", i + 1);
        }
        bundle->values[i] = mem_copy_str(value);
    }
    return strcmp(bundle->values[0], bundle->recipient) == 0
               ? ERR_OK
               : bundle_fail(reader, "these are the values of another recipient");
}

/* His row by its salt and path leads to the root of his page, and that to the manifest's? */
static enum err prove_values(struct bundle_reader *reader, const char *salt, const char *row_path,
                             const char *page_path)
{
    struct bundle *bundle = reader->bundle;
    struct slice values[PAGE_COLUMNS_MAX];
    uint8_t root[HASH_DIGEST_BYTES];
    uint32_t page = bundle->ordinal / PAGE_RECIPIENTS;
    enum err err = bundle_decode(reader, "salt", salt, &reader->bytes[0]);
    err = err == ERR_OK ? bundle_decode(reader, "row_path", row_path, &reader->bytes[1]) : err;
    err = err == ERR_OK ? bundle_decode(reader, "page_path", page_path, &reader->bytes[2]) : err;
    if (err != ERR_OK) {
        return err;
    }
    for (unsigned i = 0; i < bundle->schema.count; i++) {
        values[i] = slice_str(bundle->values[i]);
    }
    bundle->is_row_proven =
        bundle->ordinal < bundle->manifest.slots &&
        page_row_root(values, bundle->schema.count, buf_view(&reader->bytes[0]),
                      bundle->ordinal % PAGE_RECIPIENTS, buf_view(&reader->bytes[1]), root) &&
        merkle_is_in(root, page, bundle->manifest.pages, buf_view(&reader->bytes[2]),
                     bundle->manifest.root);
    return bundle->is_row_proven
               ? ERR_OK
               : bundle_fail(reader, "the recipient's values are not those that were sealed");
}

enum err bundle_take_values(struct bundle_reader *reader, json_t *json)
{
    struct bundle *bundle = reader->bundle;
    json_t *values;
    const char *salt = NULL;
    const char *row_path = NULL;
    const char *page_path = NULL;
    bool is_read = bundle->version == 1
                       ? json_unpack(json, "{s:s, s:o !}", "type", &(const char *){NULL}, "values",
                                     &values) == 0
                       : json_unpack(json, "{s:s, s:o, s:s, s:s, s:s !}", "type",
                                     &(const char *){NULL}, "values", &values, "salt", &salt,
                                     "row_path", &row_path, "page_path", &page_path) == 0;
    if (!bundle->has_recipient || !is_read || json_array_size(values) != bundle->schema.count) {
        return bundle_fail(reader, "it is not what a recipient of this audience has");
    }
    enum err err = copy_values(reader, values);
    return err == ERR_OK && bundle->version > 1 ? prove_values(reader, salt, row_path, page_path)
                                                : err;
}

/* Version 1: the page holds what the bundle says of the recipient? */
static enum err compare_values(struct bundle_reader *reader, struct slice sealed)
{
    struct bundle *bundle = reader->bundle;
    struct page_view *view = &pages_of(reader)->view;
    unsigned place = bundle->ordinal % PAGE_RECIPIENTS;
    bool is_same = page_open(view, sealed, NULL) == ERR_OK && place < view->count;
    if (is_same) {
        page_seek(view, place);
    }
    for (unsigned i = 0; is_same && i < bundle->schema.count; i++) {
        is_same = slice_is(page_value(view, i), bundle->values[i]);
    }
    bundle->is_row_proven = is_same;
    return is_same ? ERR_OK : bundle_fail(reader, "the page does not hold this recipient's values");
}

/* Version 1 alone has one. */
static enum err take_page_of_recipient(struct bundle_reader *reader, json_int_t page,
                                       const char *path)
{
    struct bundle *bundle = reader->bundle;
    struct buf *bytes = &reader->bytes[1];
    uint8_t digest[HASH_DIGEST_BYTES];
    if (path == NULL || bundle->version > 1 || bundle->pages > 0 || page < 0 ||
        (uint64_t)page != bundle->ordinal / PAGE_RECIPIENTS) {
        return bundle_fail(reader, "this page is not the recipient's");
    }
    hash_digest(digest, buf_view(&reader->bytes[0]));
    enum err err = bundle_decode(reader, "path", path, bytes);
    if (err == ERR_OK && !merkle_is_in(digest, (uint64_t)page, bundle->manifest.pages,
                                       buf_view(bytes), bundle->manifest.root)) {
        err = bundle_fail(reader, "the page is not the one that was sealed");
    }
    return err == ERR_OK ? compare_values(reader, buf_view(&reader->bytes[0])) : err;
}

/* ---- a whole campaign ---- */

enum err bundle_take_secret(struct bundle_reader *reader, json_t *json)
{
    const struct bundle *bundle = reader->bundle;
    struct bundle_pages *pages = pages_of(reader);
    const char *secret;
    if (bundle->version == 1 || bundle->has_recipient ||
        json_unpack(json, "{s:s, s:s !}", "type", &(const char *){NULL}, "secret", &secret) != 0) {
        return bundle_fail(reader, "it is not what the rows of a campaign are salted with");
    }
    enum err err = bundle_decode(reader, "secret", secret, &reader->bytes[0]);
    if (err == ERR_OK && reader->bytes[0].len != ROWS_SECRET_BYTES) {
        err = bundle_fail(reader, "\"secret\" has %zu bytes and must have %d", reader->bytes[0].len,
                          ROWS_SECRET_BYTES);
    }
    if (err == ERR_OK) {
        memcpy(pages->secret, reader->bytes[0].data, ROWS_SECRET_BYTES);
        pages->has_secret = true;
    }
    return err;
}

/* How many rows a page must have: all but the last are full. */
static uint64_t rows_of_page(const struct manifest *manifest, uint64_t page)
{
    uint64_t before = page * PAGE_RECIPIENTS;
    uint64_t left = manifest->slots > before ? manifest->slots - before : 0;
    return left < PAGE_RECIPIENTS ? left : PAGE_RECIPIENTS;
}

static enum err add_page(struct bundle_reader *reader, uint64_t page, struct slice sealed)
{
    const struct bundle *bundle = reader->bundle;
    struct bundle_pages *pages = pages_of(reader);
    uint8_t digest[HASH_DIGEST_BYTES];
    if (bundle->version == 1) {
        hash_digest(digest, sealed);
        merkle_add(&pages->roots, digest);
        return ERR_OK;
    }
    if (!pages->has_secret) {
        return bundle_fail(reader, "what the rows are salted with is missing");
    }
    if (page_open(&pages->view, sealed, NULL) != ERR_OK ||
        pages->view.columns != bundle->schema.count ||
        pages->view.count != rows_of_page(&bundle->manifest, page)) {
        return bundle_fail(reader, "\"sealed\" is no page of this audience");
    }
    page_rows_of_view(&pages->rows, pages->secret, (uint32_t)page, &pages->view);
    page_rows_root(&pages->rows, 0, NULL, digest);
    merkle_add(&pages->roots, digest);
    return ERR_OK;
}

enum err bundle_take_page(struct bundle_reader *reader, json_t *json)
{
    struct bundle *bundle = reader->bundle;
    json_int_t page;
    const char *text;
    const char *path = NULL;
    if (bundle->manifest.root == NULL ||
        json_unpack(json, "{s:s, s:I, s:s, s?s !}", "type", &(const char *){NULL}, "page", &page,
                    "sealed", &text, "path", &path) != 0) {
        return bundle_fail(reader, "it is no line of a sealed page");
    }
    enum err err = bundle_decode(reader, "sealed", text, &reader->bytes[0]);
    if (err != ERR_OK) {
        return err;
    }
    if (bundle->has_recipient) {
        err = take_page_of_recipient(reader, page, path);
    } else if (path != NULL || page != (json_int_t)bundle->pages) {
        err =
            bundle_fail(reader, "page %" JSON_INTEGER_FORMAT " stands where page %" PRIu64 " must",
                        page, bundle->pages);
    } else {
        err = add_page(reader, bundle->pages, buf_view(&reader->bytes[0]));
    }
    bundle->pages++;
    return err;
}

enum err bundle_settle_pages(struct bundle_reader *reader)
{
    const struct bundle *bundle = reader->bundle;
    uint8_t root[HASH_DIGEST_BYTES];
    if (bundle->has_recipient || bundle->manifest.root == NULL) {
        return ERR_OK;
    }
    merkle_root(&pages_of(reader)->roots, root);
    return bundle->pages == bundle->manifest.pages &&
                   memcmp(root, bundle->manifest.root, HASH_DIGEST_BYTES) == 0
               ? ERR_OK
               : bundle_fail(reader, "these are not the pages that were sealed");
}
