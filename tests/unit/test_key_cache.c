/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "coordinator/audience/key_cache.h"
#include "tests/unit/unit.h"

/* A page of `count` people; the keys are `prefix` and the place. */
struct page {
    struct buf sealed;
    struct page_view view;
};

static void make_page(struct page *page, const char *prefix, unsigned count)
{
    struct page_builder builder;
    struct buf scratch = {0};
    *page = (struct page){0};
    page_builder_init(&builder, 2);
    for (unsigned i = 0; i < count; i++) {
        char key[256];
        (void)snprintf(key, sizeof(key), "%s%u", prefix, i);
        struct slice values[2] = {slice_str(key), slice_str("other")};
        assert_true(page_builder_add(&builder, values));
    }
    page_seal(&builder, PAGE_ZSTD, NULL, &scratch, &page->sealed);
    assert_int_equal(page_open(&page->view, buf_view(&page->sealed), NULL), ERR_OK);
    page_builder_release(&builder);
    buf_release(&scratch);
}

static void release_page(struct page *page)
{
    page_view_release(&page->view);
    buf_release(&page->sealed);
}

static void put(struct key_cache *cache, uint64_t audience, uint32_t number, const char *prefix,
                unsigned count)
{
    struct page page;
    make_page(&page, prefix, count);
    key_cache_put(cache, audience, number, &page.view);
    release_page(&page);
}

static bool has(const struct key_cache *cache, uint64_t audience, uint32_t page, unsigned place,
                const char *expected)
{
    struct slice key;
    return key_cache_get(cache, audience, page, place, &key) &&
           slice_equal(key, slice_str(expected));
}

static void keys_are_found_by_audience_page_and_place(void **state)
{
    (void)state;
    struct key_cache *cache = key_cache_new(1 << 20);
    struct slice key;
    put(cache, 7, 3, "a", PAGE_RECIPIENTS);
    put(cache, 8, 3, "b", 10);
    put(cache, 7, 4, "c", 1);
    assert_true(has(cache, 7, 3, 0, "a0"));
    assert_true(has(cache, 7, 3, 1023, "a1023"));
    assert_true(has(cache, 8, 3, 9, "b9"));
    assert_true(has(cache, 7, 4, 0, "c0"));
    assert_true(has(cache, 8, 3, 10, "")); /* such a place it does not have */
    assert_false(key_cache_get(cache, 8, 4, 0, &key));
    assert_false(key_cache_get(cache, 9, 3, 0, &key));
    put(cache, 8, 3, "b", 10); /* once more: nothing is kept twice */
    assert_int_equal(key_cache_bytes(cache), PAGE_RECIPIENTS * 2 + 10 + 2 * 90 + 3 * 900 + 4 * 24 +
                                                 PAGE_RECIPIENTS + 10 * 2 + 20 + 2 + 2);
    key_cache_free(cache);
}

static void it_never_holds_more_than_it_may(void **state)
{
    (void)state;
    struct key_cache *cache = key_cache_new(20000);
    struct slice key;
    for (uint32_t page = 0; page < 500; page++) {
        char prefix[16];
        (void)snprintf(prefix, sizeof(prefix), "p%u.", (unsigned)page);
        put(cache, page % 3, page, prefix, 100 + page % 50);
        assert_true(key_cache_bytes(cache) <= 20000);
        assert_true(key_cache_get(cache, page % 3, page, 5, &key)); /* the newest is there */
    }
    unsigned kept = 0;
    for (uint32_t page = 0; page < 500; page++) {
        char expected[16];
        (void)snprintf(expected, sizeof(expected), "p%u.5", (unsigned)page);
        bool is_there = key_cache_get(cache, page % 3, page, 5, &key);
        assert_int_equal(is_there, has(cache, page % 3, page, 5, expected));
        kept += is_there;
    }
    assert_true(kept >= 10 && kept < 30);
    key_cache_free(cache);
}

/* More pages than there are places in its table. */
static void the_later_page_takes_the_place_of_the_earlier(void **state)
{
    (void)state;
    struct key_cache *cache = key_cache_new(1 << 20);
    for (uint32_t page = 0; page < 5000; page++) {
        put(cache, 1, page, "k", 2);
        assert_true(has(cache, 1, page, 1, "k1"));
    }
    assert_true(key_cache_bytes(cache) < (size_t)5000 * 8);
    key_cache_free(cache);
}

static void keys_that_are_too_long_are_not_kept(void **state)
{
    (void)state;
    char prefix[101];
    struct slice key;
    struct key_cache *cache = key_cache_new(1 << 20);
    memset(prefix, 'x', 100);
    prefix[100] = '\0';
    put(cache, 1, 1, prefix, PAGE_RECIPIENTS);
    assert_false(key_cache_get(cache, 1, 1, 0, &key));
    assert_int_equal(key_cache_bytes(cache), 0);
    put(cache, 1, 1, prefix, 600);
    assert_true(key_cache_get(cache, 1, 1, 599, &key));
    assert_int_equal(key.len, 103);
    key_cache_free(cache);
    key_cache_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_found_by_audience_page_and_place),
        cmocka_unit_test(it_never_holds_more_than_it_may),
        cmocka_unit_test(the_later_page_takes_the_place_of_the_earlier),
        cmocka_unit_test(keys_that_are_too_long_are_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
