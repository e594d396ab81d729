/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/cursor.h"
#include "tests/unit/unit.h"

static void a_cursor_leads_back_to_its_place(void **state)
{
    (void)state;
    static const uint64_t positions[] = {0, 1, 1000, UINT32_MAX, UINT64_MAX};
    for (size_t i = 0; i < sizeof(positions) / sizeof(positions[0]); i++) {
        char text[CURSOR_CHARS + 1];
        uint64_t position = 7;
        cursor_write(text, CURSOR_RECIPIENTS, 12, positions[i]);
        assert_int_equal(strlen(text), CURSOR_CHARS);
        assert_true(cursor_read(slice_str(text), CURSOR_RECIPIENTS, 12, &position));
        assert_int_equal(position, positions[i]);
    }
}

static void a_cursor_of_another_list_is_refused(void **state)
{
    (void)state;
    char text[CURSOR_CHARS + 1];
    uint64_t position;
    cursor_write(text, CURSOR_RECIPIENTS, 12, 5);
    assert_false(cursor_read(slice_str(text), CURSOR_RECIPIENTS, 13, &position));
    assert_false(cursor_read(slice_str(text), CURSOR_REFUSALS, 12, &position));
}

static void every_damage_is_noticed(void **state)
{
    (void)state;
    char good[CURSOR_CHARS + 1];
    uint64_t position;
    cursor_write(good, CURSOR_CAMPAIGNS, 0, 5);
    for (size_t i = 0; i < CURSOR_CHARS; i++) {
        char text[CURSOR_CHARS + 1];
        memcpy(text, good, sizeof(text));
        text[i] = text[i] == 'A' ? 'B' : 'A';
        assert_false(cursor_read(slice_str(text), CURSOR_CAMPAIGNS, 0, &position));
        assert_false(cursor_read(slice_of(good, i), CURSOR_CAMPAIGNS, 0, &position));
    }
    assert_false(cursor_read(slice_str(""), CURSOR_CAMPAIGNS, 0, &position));
    assert_false(cursor_read(slice_str("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
                             CURSOR_CAMPAIGNS, 0, &position));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cursor_leads_back_to_its_place),
        cmocka_unit_test(a_cursor_of_another_list_is_refused),
        cmocka_unit_test(every_damage_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
