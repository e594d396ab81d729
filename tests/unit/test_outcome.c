/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/outcome.h"
#include "tests/unit/unit.h"

static void outcomes_keep_their_numbers_and_words(void **state)
{
    (void)state;
    assert_int_equal(OUTCOMES, 7);
    assert_string_equal(outcome_name(0), "accepted");
    assert_string_equal(outcome_name(1), "deferred");
    assert_string_equal(outcome_name(2), "throttled");
    assert_string_equal(outcome_name(3), "rejected");
    assert_string_equal(outcome_name(4), "uncertain");
    assert_string_equal(outcome_name(5), "misconfigured");
    assert_string_equal(outcome_name(6), "returned");
}

static void every_reason_has_a_sentence(void **state)
{
    (void)state;
    assert_string_equal(reason_sentence(REASON_NONE), "");
    assert_string_equal(reason_sentence(1104), "timed out before the request left");
    assert_string_equal(reason_sentence(100), "provider answered");
    assert_string_equal(reason_sentence(599), "provider answered");
    for (unsigned reason = 0; reason <= UINT16_MAX; reason++) {
        assert_non_null(reason_sentence((uint16_t)reason));
    }
    assert_string_equal(reason_sentence(99), reason_sentence(600));
    assert_true(reason_is_of_receipt(REASON_ADDRESS_UNKNOWN));
    assert_true(reason_is_of_receipt(REASON_ANSWERED_BY_MACHINE));
    assert_false(reason_is_of_receipt(1609));
    assert_false(reason_is_of_receipt(1699));
    assert_false(reason_is_of_receipt(REASON_OPTED_OUT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outcomes_keep_their_numbers_and_words),
        cmocka_unit_test(every_reason_has_a_sentence),
    };
    return cmocka_run_group_tests_name("outcome", tests, NULL, NULL);
}
