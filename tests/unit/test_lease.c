/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/engine/lease.h"
#include "tests/unit/unit.h"

static void a_lease_is_found_by_its_id_until_it_is_removed(void **test)
{
    (void)test;
    struct lease_table table = {0};
    assert_null(lease_find(&table, 1));
    for (uint64_t id = 1; id <= 500; id++) {
        assert_int_equal(lease_new(&table, id << 40)->id, id << 40);
    }
    assert_int_equal(table.count, 500);
    for (uint64_t id = 1; id <= 500; id += 2) {
        lease_remove(&table, lease_find(&table, id << 40));
    }
    assert_int_equal(table.count, 250);
    for (uint64_t id = 1; id <= 500; id++) {
        assert_int_equal(lease_find(&table, id << 40) != NULL, id % 2 == 0);
    }
    lease_table_release(&table);
    assert_int_equal(table.count, 0);
}

static void places_come_and_go_and_are_counted_once(void **test)
{
    (void)test;
    struct lease_table table = {0};
    struct lease *lease = lease_new(&table, 9);
    assert_int_equal(lease->left, 0);
    lease_add_places(lease, 0, 1024);
    assert_int_equal(lease->left, 1024);
    lease_remove_places(lease, 10, 5);
    lease_remove_places(lease, 12, 5);
    assert_int_equal(lease->left, 1024 - 7);
    lease_add_places(lease, 12, 1);
    lease_add_places(lease, 12, 1);
    assert_int_equal(lease->left, 1024 - 6);
    assert_true(bitmap_has(&lease->places, 12));
    assert_false(bitmap_has(&lease->places, 11));
    lease_remove_places(lease, 0, 1024);
    assert_int_equal(lease->left, 0);
    lease_table_release(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lease_is_found_by_its_id_until_it_is_removed),
        cmocka_unit_test(places_come_and_go_and_are_counted_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
