/* SPDX-License-Identifier: Apache-2.0 */
/* The tree over a page's rows, against one that is built here as the header says it, by libsodium.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "proto/page_rows.h"
#include "tests/unit/unit.h"

enum { COLUMNS = 3 };

static const uint8_t secret[ROWS_SECRET_BYTES] = "of the audience";

struct page {
    struct page_builder builder;
    struct page_rows rows;
    char text[PAGE_RECIPIENTS][COLUMNS][400];
};

/* Now and then a row takes several blocks, and a value a length of two bytes. */
static struct page *page_of(unsigned count)
{
    struct page *page = mem_zalloc(1, sizeof(*page));
    page_builder_init(&page->builder, COLUMNS);
    for (unsigned i = 0; i < count; i++) {
        struct slice values[COLUMNS];
        (void)snprintf(page->text[i][0], 400, "r%u", i);
        (void)snprintf(page->text[i][1], 400, "+47%08u", i * 7919);
        (void)snprintf(page->text[i][2], 400, "%*u", (int)(i % 10 == 3 ? i % 399 : i % 2), i);
        for (unsigned c = 0; c < COLUMNS; c++) {
            values[c] = slice_str(page->text[i][c]);
        }
        assert_true(page_builder_add(&page->builder, values));
    }
    page_rows_of_builder(&page->rows, secret, 5, &page->builder);
    return page;
}

static void page_free(struct page *page)
{
    page_builder_release(&page->builder);
    page_rows_release(&page->rows);
    mem_free(page);
}

static void digest_of(uint8_t digest[HASH_DIGEST_BYTES], const void *bytes, size_t len,
                      const char *word)
{
    static const uint8_t salt[crypto_generichash_blake2b_SALTBYTES];
    uint8_t personal[crypto_generichash_blake2b_PERSONALBYTES] = {0};
    memcpy(personal, word, strlen(word));
    crypto_generichash_blake2b_salt_personal(digest, HASH_DIGEST_BYTES, bytes, len, NULL, 0, salt,
                                             personal);
}

/* Row by row, level by level. */
static void expected_root(const struct page *page, uint8_t root[HASH_DIGEST_BYTES])
{
    static uint8_t level[PAGE_RECIPIENTS][HASH_DIGEST_BYTES];
    uint8_t salts[PAGE_RECIPIENTS * 16];
    static const uint8_t nonce[8] = {5};
    struct buf message = {0};
    crypto_stream_chacha20(salts, sizeof(salts), nonce, secret);
    memset(level, 0, sizeof(level));
    for (unsigned i = 0; i < page->builder.count; i++) {
        buf_clear(&message);
        buf_append(&message, salts + (size_t)i * 16, 16);
        for (unsigned c = 0; c < COLUMNS; c++) {
            buf_blob(&message, slice_str(page->text[i][c]));
        }
        digest_of(level[i], message.data, message.len, "tocsin row");
    }
    unsigned count = page->builder.count;
    for (unsigned up = 0; up < 5; up++) {
        unsigned nodes = (count + 3) / 4;
        for (unsigned i = 0; i < nodes; i++) {
            digest_of(level[i], level[4 * (size_t)i], 128, "tocsin rows");
        }
        memset(level[nodes], 0, (PAGE_RECIPIENTS - nodes) * sizeof(level[0]));
        count = nodes;
    }
    memcpy(root, level[0], HASH_DIGEST_BYTES);
    buf_release(&message);
}

static void the_root_is_the_one_of_the_definition(void **state)
{
    (void)state;
    static const unsigned counts[] = {1,  2,  3,  4,   5,   7,   8,   9,   15,   16,   17,
                                      63, 64, 65, 255, 256, 257, 511, 512, 1000, 1023, 1024};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct page *page = page_of(counts[i]);
        uint8_t root[HASH_DIGEST_BYTES];
        uint8_t expected[HASH_DIGEST_BYTES];
        page_rows_root(&page->rows, 0, NULL, root);
        expected_root(page, expected);
        assert_memory_equal(root, expected, sizeof(root));
        page_free(page);
    }
}

static void a_page_that_was_sealed_and_opened_has_the_same(void **state)
{
    (void)state;
    struct page *page = page_of(700);
    struct page_view view = {0};
    struct buf scratch = {0};
    struct buf sealed = {0};
    uint8_t root[HASH_DIGEST_BYTES];
    uint8_t again[HASH_DIGEST_BYTES];
    page_rows_root(&page->rows, 0, NULL, root);
    page_seal(&page->builder, PAGE_ZSTD, NULL, &scratch, &sealed);
    assert_int_equal(page_open(&view, buf_view(&sealed), NULL), ERR_OK);
    page_seek(&view, 99);
    page_rows_of_view(&page->rows, secret, 5, &view);
    page_rows_root(&page->rows, 0, NULL, again);
    assert_memory_equal(root, again, sizeof(root));
    page_rows_of_view(&page->rows, secret, 6, &view); /* another page has other salts */
    page_rows_root(&page->rows, 0, NULL, again);
    assert_memory_not_equal(root, again, sizeof(root));
    page_view_release(&view);
    buf_release(&scratch);
    buf_release(&sealed);
    page_free(page);
}

static bool leads_to(const struct page *page, const char *key, unsigned row, unsigned place,
                     struct slice salt, struct slice path, const uint8_t root[HASH_DIGEST_BYTES])
{
    const struct slice values[COLUMNS] = {slice_str(key), slice_str(page->text[row][1]),
                                          slice_str(page->text[row][2])};
    uint8_t got[HASH_DIGEST_BYTES];
    return page_row_root(values, COLUMNS, salt, place, path, got) &&
           memcmp(got, root, HASH_DIGEST_BYTES) == 0;
}

static void each_row_alone_leads_to_the_root(void **state)
{
    (void)state;
    static const unsigned counts[] = {1, 6, 300, 1024};
    for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
        struct page *page = page_of(counts[c]);
        uint8_t root[HASH_DIGEST_BYTES];
        struct buf path = {0};
        for (unsigned i = 0; i < counts[c]; i++) {
            struct slice salt = page_rows_salt(&page->rows, i);
            const char *key = page->text[i][0];
            buf_clear(&path);
            page_rows_root(&page->rows, i, &path, root);
            assert_int_equal(path.len, ROWS_PATH_BYTES);
            assert_true(leads_to(page, key, i, i, salt, buf_view(&path), root));
            assert_false(leads_to(page, "r", i, i, salt, buf_view(&path), root));
            assert_false(leads_to(page, key, i, i ^ 1, salt, buf_view(&path), root));
            assert_false(leads_to(page, key, i, i, slice_of(salt.data, 15), buf_view(&path), root));
            assert_false(leads_to(page, key, i, i, salt, slice_of(path.data, path.len - 1), root));
            path.data[i % path.len] ^= 1;
            assert_false(leads_to(page, key, i, i, salt, buf_view(&path), root));
        }
        buf_release(&path);
        page_free(page);
    }
}

/* What moves from one value to the next makes another row. */
static void values_keep_their_bounds(void **state)
{
    (void)state;
    static const uint8_t salt[ROWS_SALT_BYTES];
    static const uint8_t path[ROWS_PATH_BYTES];
    const struct slice first[] = {slice_str("ab"), slice_str("c")};
    const struct slice second[] = {slice_str("a"), slice_str("bc")};
    uint8_t roots[2][HASH_DIGEST_BYTES];
    assert_true(page_row_root(first, 2, slice_of(salt, sizeof(salt)), 0,
                              slice_of(path, sizeof(path)), roots[0]));
    assert_true(page_row_root(second, 2, slice_of(salt, sizeof(salt)), 0,
                              slice_of(path, sizeof(path)), roots[1]));
    assert_memory_not_equal(roots[0], roots[1], HASH_DIGEST_BYTES);
    assert_false(page_row_root(first, 2, slice_of(salt, sizeof(salt)), PAGE_RECIPIENTS,
                               slice_of(path, sizeof(path)), roots[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_root_is_the_one_of_the_definition),
        cmocka_unit_test(a_page_that_was_sealed_and_opened_has_the_same),
        cmocka_unit_test(each_row_alone_leads_to_the_root),
        cmocka_unit_test(values_keep_their_bounds),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
