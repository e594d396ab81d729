/* SPDX-License-Identifier: Apache-2.0 */
#include "common/bitmap.h"
#include "tests/unit/unit.h"

static void a_bit_is_set_found_and_cleared_alone(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < BITMAP_BITS; bit++) {
        struct bitmap map = {0};
        bitmap_set(&map, bit);
        assert_true(bitmap_has(&map, bit));
        assert_int_equal(bitmap_count(&map), 1);
        assert_int_equal(bitmap_next(&map, 0), bit);
        assert_int_equal(bitmap_next(&map, bit), bit);
        assert_int_equal(bitmap_next(&map, bit + 1), BITMAP_BITS);
        bitmap_clear(&map, bit);
        assert_int_equal(bitmap_count(&map), 0);
    }
}

static void filling_sets_exactly_the_first_bits(void **state)
{
    (void)state;
    struct bitmap map;
    for (unsigned count = 0; count <= BITMAP_BITS; count++) {
        bitmap_fill(&map, count);
        assert_int_equal(bitmap_count(&map), count);
        assert_true(count == 0 || bitmap_has(&map, count - 1));
        assert_int_equal(bitmap_next(&map, count), BITMAP_BITS);
    }
    bitmap_clear_all(&map);
    assert_int_equal(bitmap_count(&map), 0);
}

static void a_walk_visits_every_set_bit_in_order(void **state)
{
    (void)state;
    static const unsigned bits[] = {0, 1, 63, 64, 127, 500, 1022, 1023};
    struct bitmap map = {0};
    for (size_t i = 0; i < 8; i++) {
        bitmap_set(&map, bits[i]);
    }
    size_t seen = 0;
    for (unsigned bit = bitmap_next(&map, 0); bit < BITMAP_BITS; bit = bitmap_next(&map, bit + 1)) {
        assert_int_equal(bit, bits[seen++]);
    }
    assert_int_equal(seen, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bit_is_set_found_and_cleared_alone),
        cmocka_unit_test(filling_sets_exactly_the_first_bits),
        cmocka_unit_test(a_walk_visits_every_set_bit_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
