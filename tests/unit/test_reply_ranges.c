/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "coordinator/content/reply_ranges.h"
#include "tests/unit/unit.h"

static void expect_choice(uint64_t count, struct reply_range *taken, size_t taken_count,
                          unsigned chars, uint64_t first)
{
    struct reply_range range;
    assert_true(reply_ranges_choose(&range, count, taken, taken_count));
    assert_true(reply_range_is_sound(&range));
    assert_int_equal(range.chars, chars);
    assert_int_equal(range.first, first);
    assert_int_equal(range.count, count);
}

static void the_first_gap_of_the_shortest_codes_is_chosen(void **state)
{
    (void)state;
    struct reply_range taken[] = {{5, 8192, 1000}, {4, 100000, 8192}, {4, 0, 8192}};
    expect_choice(8192, NULL, 0, 4, 0);
    expect_choice(8192, taken, 3, 4, 8192);
    expect_choice(91808, taken, 3, 4, 8192); /* just what is between the two */
    expect_choice(91809, taken, 3, 4, 108192);
    expect_choice(1048576 - 108192, taken, 3, 4, 108192);
    expect_choice(1048576 - 108191, taken, 3, 5, 9192);
    expect_choice(8192, taken, 3, 4, 8192);
}

/* Ten million people fit into five characters three times. */
static void large_campaigns_have_longer_codes(void **state)
{
    (void)state;
    struct reply_range taken[8];
    static const unsigned chars[8] = {5, 5, 5, 6, 6, 6, 6, 6};
    for (size_t i = 0; i < 8; i++) {
        assert_true(reply_ranges_choose(&taken[i], 10000000, taken, i));
        assert_int_equal(taken[i].chars, chars[i]);
    }
    expect_choice(reply_ranges_count(UINT32_MAX), taken, 8, 7, 0);
    expect_choice(reply_ranges_count(1), taken, 8, 4, 0);
}

/* Come and go as they may: no two meet, and shorter codes are used as long as there are some. */
static void ranges_never_meet(void **state)
{
    (void)state;
    enum { CAMPAIGNS = 200, STEPS = 20000 };
    struct reply_range taken[CAMPAIGNS];
    size_t count = 0;
    uint64_t dice = 1;
    for (unsigned step = 0; step < STEPS; step++) {
        dice = dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        unsigned low = (unsigned)(dice >> 33);
        if (count == CAMPAIGNS || (count > 0 && low % 3 == 0)) {
            taken[low % count] = taken[count - 1];
            count--;
            continue;
        }
        uint32_t slots = (uint32_t)(dice >> (32 + low % 20));
        struct reply_range range;
        assert_true(reply_ranges_choose(&range, reply_ranges_count(slots), taken, count));
        assert_true(reply_range_is_sound(&range) && range.count >= slots);
        for (size_t i = 0; i < count; i++) {
            assert_false(reply_ranges_meet(&range, &taken[i]));
        }
        taken[count++] = range;
    }
}

static void when_nothing_is_left_it_is_said_so(void **state)
{
    (void)state;
    struct reply_range taken[8 + 256 + 1];
    struct reply_range range;
    size_t count = 0;
    while (reply_ranges_choose(&range, REPLY_RANGE_MAX, taken, count)) {
        assert_true(count < sizeof(taken) / sizeof(taken[0]));
        taken[count++] = range;
    }
    assert_int_equal(count, 8 + 256); /* of 2^35 codes and of 2^40 */
    assert_int_equal(range.count, 0);
    assert_true(reply_ranges_choose(&range, reply_code_space(6), taken, count));
    assert_int_equal(range.chars, 6);
}

static void ranges_meet_if_they_have_a_code_in_common(void **state)
{
    (void)state;
    const struct reply_range a = {4, 100, 50};
    static const struct reply_range meet[] = {{4, 149, 1}, {4, 50, 51}, {4, 0, 1000}, {4, 120, 5}};
    static const struct reply_range apart[] = {{4, 150, 1}, {4, 50, 50}, {5, 100, 50}, {4, 120, 0}};
    for (size_t i = 0; i < 4; i++) {
        assert_true(reply_ranges_meet(&a, &meet[i]) && reply_ranges_meet(&meet[i], &a));
        assert_false(reply_ranges_meet(&a, &apart[i]) || reply_ranges_meet(&apart[i], &a));
    }
}

static void texts_that_name_the_variable_ask_for_codes(void **state)
{
    (void)state;
    assert_true(reply_ranges_is_asked_for("Reply ACK {{ reply_code }}"));
    assert_true(reply_ranges_is_asked_for("{\"url\":\"http://x/{{reply_code}}\"}"));
    assert_false(reply_ranges_is_asked_for("Reply to {{first_name}}"));
    assert_false(reply_ranges_is_asked_for(""));
    assert_false(reply_ranges_is_asked_for(NULL));
}

static enum err read_text(const char *text, struct reply_range *range, struct document_problem *why)
{
    struct document_reader reader;
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    document_reader_init(&reader, why, NULL);
    enum err err = reply_ranges_read(&reader, json, range);
    json_decref(json);
    return err;
}

static void a_range_is_read_as_it_is_shown(void **state)
{
    (void)state;
    const struct reply_range ranges[] = {
        {4, 0, 8192}, {8, (UINT64_C(1) << 40) - REPLY_RANGE_MAX, REPLY_RANGE_MAX}};
    struct document_problem problem;
    for (size_t i = 0; i < 2; i++) {
        struct reply_range range;
        json_t *json = reply_ranges_show(&ranges[i]);
        char *text = json_dumps(json, 0);
        assert_int_equal(read_text(text, &range, &problem), ERR_OK);
        assert_int_equal(range.chars, ranges[i].chars);
        assert_int_equal(range.first, ranges[i].first);
        assert_int_equal(range.count, ranges[i].count);
        free(text);
        json_decref(json);
    }
}

static void what_is_no_range_is_not_read(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{}",
        "[]",
        "{\"characters\":4,\"first\":0}",
        "{\"characters\":3,\"first\":0,\"count\":5}",
        "{\"characters\":9,\"first\":0,\"count\":5}",
        "{\"characters\":4,\"first\":-1,\"count\":5}",
        "{\"characters\":4,\"first\":1048576,\"count\":5}",
        "{\"characters\":4,\"first\":1048572,\"count\":5}",
        "{\"characters\":4,\"first\":0,\"count\":0}",
        "{\"characters\":8,\"first\":0,\"count\":4294967297}",
        "{\"characters\":4,\"first\":0,\"count\":5,\"last\":4}",
        "{\"characters\":\"4\",\"first\":0,\"count\":5}",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct reply_range range;
        struct document_problem problem = {0};
        assert_int_not_equal(read_text(texts[i], &range, &problem), ERR_OK);
        assert_true(problem.problem.text[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_gap_of_the_shortest_codes_is_chosen),
        cmocka_unit_test(large_campaigns_have_longer_codes),
        cmocka_unit_test(ranges_never_meet),
        cmocka_unit_test(when_nothing_is_left_it_is_said_so),
        cmocka_unit_test(ranges_meet_if_they_have_a_code_in_common),
        cmocka_unit_test(texts_that_name_the_variable_ask_for_codes),
        cmocka_unit_test(a_range_is_read_as_it_is_shown),
        cmocka_unit_test(what_is_no_range_is_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
