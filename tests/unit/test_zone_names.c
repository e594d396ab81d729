/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "coordinator/audience/zone_names.h"
#include "tests/unit/unit.h"

static void there_are_the_zones_of_the_database_and_no_others(void **state)
{
    (void)state;
    struct zone_names names = {0};
    for (unsigned round = 0; round < 2; round++) { /* what is remembered is the same */
        assert_true(zone_names_has(&names, slice_str("Europe/Oslo")));
        assert_true(zone_names_has(&names, slice_str("UTC")));
        assert_true(zone_names_has(&names, slice_str("Asia/Kathmandu")));
        assert_false(zone_names_has(&names, slice_str("Europe/Olso")));
        assert_false(zone_names_has(&names, slice_str("Europe/Olso")));
        assert_false(zone_names_has(&names, slice_str("../../../etc/passwd")));
        assert_false(zone_names_has(&names, slice_str("")));
        assert_false(zone_names_has(&names, slice_str("Europe")));
    }
    zone_names_release(&names);
}

static void a_file_of_nonsense_costs_no_memory_without_bound(void **state)
{
    (void)state;
    struct zone_names names = {0};
    char name[32];
    for (unsigned i = 0; i < ZONE_NAMES_KEPT * 3; i++) {
        (void)snprintf(name, sizeof(name), "Nowhere/Town%u", i);
        assert_false(zone_names_has(&names, slice_str(name)));
    }
    assert_true(zone_names_has(&names, slice_str("Europe/Oslo")));
    zone_names_release(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_are_the_zones_of_the_database_and_no_others),
        cmocka_unit_test(a_file_of_nonsense_costs_no_memory_without_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
