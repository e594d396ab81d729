/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tests/unit/unit.h"
#include "worker/outcome_run.h"

static struct outcome_run run_at(unsigned offset, unsigned span, enum outcome outcome)
{
    return (struct outcome_run){.offset = (uint16_t)offset,
                                .span = (uint16_t)span,
                                .outcome = (uint8_t)outcome,
                                .at_ms = 1000};
}

static void add(struct outcome_list *list, unsigned offset, enum outcome outcome)
{
    const struct outcome_run run = run_at(offset, 1, outcome);
    outcome_list_add(list, &run);
}

static void neighbours_of_one_fate_share_a_run(void **state)
{
    (void)state;
    struct outcome_list list = {0};
    for (unsigned i = 0; i < 1024; i++) {
        add(&list, i, i < 600 ? OUTCOME_ACCEPTED : OUTCOME_REJECTED);
    }
    assert_int_equal(list.count, 2);
    assert_int_equal(list.recipients, 1024);
    assert_int_equal(list.runs[0].span, 600);
    assert_int_equal(list.runs[1].offset, 600);
    assert_int_equal(list.runs[1].span, 424);
    outcome_list_release(&list);
}

static void whatever_differs_begins_a_new_run(void **state)
{
    (void)state;
    struct outcome_list list = {0};
    struct outcome_run run = run_at(0, 1, OUTCOME_DEFERRED);
    outcome_list_add(&list, &run);
    run.offset = 1;
    run.reason = 503;
    outcome_list_add(&list, &run);
    run.offset = 2;
    run.retry_after_ms = 10;
    outcome_list_add(&list, &run);
    run.offset = 3;
    run.at_ms += OUTCOME_JOIN_MS + 1;
    outcome_list_add(&list, &run);
    run.offset = 5; /* a gap */
    outcome_list_add(&list, &run);
    assert_int_equal(list.count, 5);
    outcome_list_settle(&list);
    assert_int_equal(list.count, 5);
    outcome_list_release(&list);
}

static void a_few_milliseconds_apart_are_the_same_time(void **state)
{
    (void)state;
    struct outcome_list list = {0};
    struct outcome_run run = run_at(0, 1, OUTCOME_ACCEPTED);
    outcome_list_add(&list, &run);
    run.offset = 1;
    run.at_ms += OUTCOME_JOIN_MS;
    outcome_list_add(&list, &run);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.runs[0].at_ms, 1000);
    outcome_list_release(&list);
}

static void a_ref_stands_alone_and_is_owned_by_the_list(void **state)
{
    (void)state;
    struct outcome_list list = {0};
    char ref[300];
    for (unsigned i = 0; i < 3; i++) {
        memset(ref, 'a' + (int)i, sizeof(ref));
        struct outcome_run run = run_at(i, 1, OUTCOME_ACCEPTED);
        run.ref = slice_of(ref, i == 1 ? 4 : sizeof(ref));
        outcome_list_add(&list, &run);
    }
    outcome_list_settle(&list);
    assert_int_equal(list.count, 3);
    assert_int_equal(list.runs[0].ref.len, OUTCOME_REF_MAX);
    assert_int_equal(list.runs[0].ref.data[0], 'a');
    assert_slice_is(list.runs[1].ref, "bbbb");
    outcome_list_release(&list);
}

static void results_in_any_order_are_sorted_and_joined_when_settled(void **state)
{
    (void)state;
    struct outcome_list list = {0};
    for (unsigned i = 0; i < 1024; i++) {
        unsigned place = i * 387 % 1024; /* every place once */
        add(&list, place, place % 100 == 7 ? OUTCOME_DEFERRED : OUTCOME_ACCEPTED);
    }
    outcome_list_settle(&list);
    assert_int_equal(list.count, 23);
    assert_int_equal(list.recipients, 1024);
    unsigned next = 0;
    for (unsigned i = 0; i < list.count; i++) {
        assert_int_equal(list.runs[i].offset, next);
        assert_int_equal(list.runs[i].outcome,
                         list.runs[i].offset % 100 == 7 ? OUTCOME_DEFERRED : OUTCOME_ACCEPTED);
        next += list.runs[i].span;
    }
    assert_int_equal(next, 1024);
    outcome_list_release(&list);
}

static void places_become_one_run_a_stretch(void **state)
{
    (void)state;
    struct outcome_list list = {0};
    struct bitmap places = {0};
    const struct outcome_run fate = run_at(0, 0, OUTCOME_RETURNED);
    outcome_list_add_places(&list, &places, &fate);
    assert_int_equal(list.count, 0);
    static const unsigned bits[] = {0, 1, 2, 63, 64, 65, 500, 1022, 1023};
    for (unsigned i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
        bitmap_set(&places, bits[i]);
    }
    outcome_list_add_places(&list, &places, &fate);
    static const unsigned offsets[] = {0, 63, 500, 1022};
    static const unsigned spans[] = {3, 3, 1, 2};
    assert_int_equal(list.count, 4);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(list.runs[i].offset, offsets[i]);
        assert_int_equal(list.runs[i].span, spans[i]);
    }
    assert_int_equal(list.recipients, 9);
    outcome_list_release(&list);
}

static void a_cleared_list_begins_anew(void **state)
{
    (void)state;
    struct outcome_list list = {0};
    add(&list, 9, OUTCOME_ACCEPTED);
    add(&list, 3, OUTCOME_ACCEPTED);
    outcome_list_clear(&list);
    assert_int_equal(list.count + list.recipients, 0);
    add(&list, 3, OUTCOME_REJECTED);
    assert_false(list.is_unordered);
    assert_int_equal(list.count, 1);
    outcome_list_release(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbours_of_one_fate_share_a_run),
        cmocka_unit_test(whatever_differs_begins_a_new_run),
        cmocka_unit_test(a_few_milliseconds_apart_are_the_same_time),
        cmocka_unit_test(a_ref_stands_alone_and_is_owned_by_the_list),
        cmocka_unit_test(results_in_any_order_are_sorted_and_joined_when_settled),
        cmocka_unit_test(places_become_one_run_a_stretch),
        cmocka_unit_test(a_cleared_list_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
