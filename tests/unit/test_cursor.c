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

static bool reads_key(const char *text, enum cursor_list list, uint64_t scope, const char *key)
{
    uint8_t got[16];
    size_t len = 0;
    return cursor_read_key(slice_str(text), list, scope, got, sizeof(got), &len) &&
           slice_equal(slice_of(got, len), slice_str(key));
}

static void a_cursor_may_be_a_key(void **state)
{
    (void)state;
    static const char *const keys[] = {"", "a", "abc", "0123456789abcdef"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct buf text = {0};
        cursor_write_key(&text, CURSOR_PLANS, 3, slice_str(keys[i]));
        const char *cursor = buf_cstr(&text);
        assert_true(reads_key(cursor, CURSOR_PLANS, 3, keys[i]));
        assert_false(reads_key(cursor, CURSOR_PLANS, 4, keys[i]));
        assert_false(reads_key(cursor, CURSOR_REPLIES, 3, keys[i]));
        for (size_t at = 0; at < text.len; at++) {
            char damaged[64];
            uint8_t got[16];
            size_t len;
            memcpy(damaged, cursor, text.len + 1);
            damaged[at] = damaged[at] == 'A' ? 'B' : 'A';
            assert_false(
                cursor_read_key(slice_str(damaged), CURSOR_PLANS, 3, got, sizeof(got), &len));
            assert_false(
                cursor_read_key(slice_of(cursor, at), CURSOR_PLANS, 3, got, sizeof(got), &len));
        }
        buf_release(&text);
    }
    struct buf text = {0};
    cursor_write_key(&text, CURSOR_PLANS, 3, slice_str("0123456789abcdefg"));
    assert_false(reads_key(buf_cstr(&text), CURSOR_PLANS, 3, "0123456789abcdefg")); /* too long */
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cursor_leads_back_to_its_place),
        cmocka_unit_test(a_cursor_of_another_list_is_refused),
        cmocka_unit_test(every_damage_is_noticed),
        cmocka_unit_test(a_cursor_may_be_a_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
