/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/engine/roster.h"
#include "tests/unit/unit.h"

static void an_instance_stands_in_the_roster_once(void **test)
{
    (void)test;
    struct roster roster = {0};
    assert_null(roster_find(&roster, 7));
    roster_add(&roster, 7)->outcomes = 3;
    assert_int_equal(roster_add(&roster, 7)->outcomes, 3);
    assert_int_equal(roster.count, 1);
    roster_release(&roster);
}

static void only_the_present_are_found_by_their_number(void **test)
{
    (void)test;
    struct roster roster = {0};
    struct roster_entry *entry = roster_add(&roster, 7);
    entry->worker = 4;
    assert_null(roster_find_worker(&roster, 4));
    entry->present = true;
    assert_int_equal(roster_find_worker(&roster, 4)->instance, 7);
    /* The same link, taken over by another instance. */
    entry->present = false;
    entry = roster_add(&roster, 8);
    entry->worker = 4;
    entry->present = true;
    assert_int_equal(roster_find_worker(&roster, 4)->instance, 8);
    roster_release(&roster);
}

static void whoever_is_removed_is_gone_and_the_others_stay(void **test)
{
    (void)test;
    struct roster roster = {0};
    for (uint64_t instance = 1; instance <= 20; instance++) {
        roster_add(&roster, instance);
    }
    roster_remove(&roster, 4);
    roster_remove(&roster, 18);
    assert_int_equal(roster.count, 18);
    unsigned found = 0;
    for (uint64_t instance = 1; instance <= 20; instance++) {
        found += roster_find(&roster, instance) != NULL;
    }
    assert_int_equal(found, 18);
    assert_null(roster_find(&roster, 5));
    roster_release(&roster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_instance_stands_in_the_roster_once),
        cmocka_unit_test(only_the_present_are_found_by_their_number),
        cmocka_unit_test(whoever_is_removed_is_gone_and_the_others_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
