/* SPDX-License-Identifier: Apache-2.0 */
#include "common/arena.h"
#include "tests/unit/unit.h"

static void every_allocation_is_aligned_and_its_own(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 512);
    uint8_t *all[500];
    for (size_t i = 0; i < 500; i++) {
        all[i] = arena_alloc(&arena, i);
        assert_int_equal((uintptr_t)all[i] % 16, 0);
        memset(all[i], (int)(i & 0xff), i);
    }
    for (size_t i = 0; i < 500; i++) {
        for (size_t at = 0; at < i; at++) {
            assert_int_equal(all[i][at], i & 0xff);
        }
    }
    arena_release(&arena);
}

static void a_large_allocation_leaves_the_open_chunk_in_use(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1024);
    uint8_t *before = arena_alloc(&arena, 16);
    memset(arena_alloc(&arena, 1000000), 1, 1000000);
    uint8_t *after = arena_alloc(&arena, 16);
    assert_ptr_equal(after, before + 16);
    arena_release(&arena);
}

static void a_reset_arena_uses_its_memory_again(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1024);
    void *first = arena_alloc(&arena, 100);
    assert_true(arena.used_bytes >= 100);
    arena_reset(&arena);
    assert_int_equal(arena.used_bytes, 0);
    assert_ptr_equal(arena_alloc(&arena, 100), first);
    arena_release(&arena);
}

static void a_reset_arena_does_not_keep_an_unusual_chunk(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1024);
    memset(arena_alloc(&arena, 10000000), 1, 10000000);
    arena_reset(&arena);
    assert_null(arena.chunks);
    assert_non_null(arena_alloc(&arena, 1));
    arena_release(&arena);
}

static void an_arena_can_be_used_after_its_release(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 0);
    arena_reset(&arena);
    arena_release(&arena);
    assert_non_null(arena_alloc(&arena, 10));
    arena_release(&arena);
}

static void copies_and_texts_are_whole(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 256);
    assert_string_equal(arena_str(&arena, slice_of("tocsin!", 6)), "tocsin");
    assert_string_equal(arena_str(&arena, slice_of(NULL, 0)), "");
    assert_memory_equal(arena_copy(&arena, "\0\1\2", 3), "\0\1\2", 3);
    assert_string_equal(arena_printf(&arena, "%s=%d", "pages", 977), "pages=977");
    assert_int_equal(strlen(arena_printf(&arena, "%5000d", 1)), 5000);
    const uint8_t *zeroes = arena_zalloc(&arena, 100, 3);
    for (size_t i = 0; i < 300; i++) {
        assert_int_equal(zeroes[i], 0);
    }
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_is_aligned_and_its_own),
        cmocka_unit_test(a_large_allocation_leaves_the_open_chunk_in_use),
        cmocka_unit_test(a_reset_arena_uses_its_memory_again),
        cmocka_unit_test(a_reset_arena_does_not_keep_an_unusual_chunk),
        cmocka_unit_test(an_arena_can_be_used_after_its_release),
        cmocka_unit_test(copies_and_texts_are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
