/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "tests/unit/unit.h"
#include "worker/flight.h"
#include "worker/inbox.h"

static void an_attempt_is_found_again_by_its_number_once(void **state)
{
    (void)state;
    struct flight flight = {0};
    struct batch batch = {0};
    struct batch *found = NULL;
    unsigned place = 0;
    uint64_t started_ms = 0;
    uint32_t number = flight_begin(&flight, &batch, 1023, 77);
    assert_int_equal(flight.count, 1);
    assert_true(flight_end(&flight, number, &found, &place, &started_ms));
    assert_ptr_equal(found, &batch);
    assert_int_equal(place, 1023);
    assert_true(started_ms == 77);
    assert_int_equal(flight.count, 0);
    assert_false(flight_end(&flight, number, &found, &place, &started_ms));
    flight_release(&flight);
}

static void a_slot_used_anew_has_another_number(void **state)
{
    (void)state;
    struct flight flight = {0};
    struct batch batch = {0};
    struct batch *found = NULL;
    unsigned place = 0;
    uint64_t started_ms = 0;
    uint32_t former = flight_begin(&flight, &batch, 0, 77);
    for (unsigned i = 0; i < 4095; i++) {
        assert_true(flight_end(&flight, former, &found, &place, &started_ms));
        uint32_t number = flight_begin(&flight, &batch, 0, 77);
        assert_int_not_equal(number, former);
        assert_false(flight_end(&flight, former, &found, &place, &started_ms));
        former = number;
    }
    flight_release(&flight);
}

static void a_number_never_given_is_unknown(void **state)
{
    (void)state;
    struct flight flight = {0};
    struct batch *found = NULL;
    unsigned place = 0;
    uint64_t started_ms = 0;
    assert_false(flight_end(&flight, 0, &found, &place, &started_ms));
    assert_false(flight_end(&flight, UINT32_MAX, &found, &place, &started_ms));
    flight_release(&flight);
}

static void many_are_under_way_at_once_in_any_order(void **state)
{
    (void)state;
    enum { MANY = 10000 };
    struct flight flight = {0};
    struct batch batch = {0};
    uint32_t *numbers = calloc(MANY, sizeof(*numbers));
    for (unsigned i = 0; i < MANY; i++) {
        numbers[i] = flight_begin(&flight, &batch, i % 1024, 77);
    }
    assert_int_equal(flight.count, MANY);
    for (unsigned i = 0; i < MANY; i++) {
        unsigned at = i * 7919 % MANY;
        struct batch *found = NULL;
        unsigned place = 0;
        uint64_t started_ms = 0;
        assert_true(flight_end(&flight, numbers[at], &found, &place, &started_ms));
        assert_int_equal(place, at % 1024);
    }
    assert_int_equal(flight.count, 0);
    free(numbers);
    flight_release(&flight);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_attempt_is_found_again_by_its_number_once),
        cmocka_unit_test(a_slot_used_anew_has_another_number),
        cmocka_unit_test(a_number_never_given_is_unknown),
        cmocka_unit_test(many_are_under_way_at_once_in_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
