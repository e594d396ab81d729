/* SPDX-License-Identifier: Apache-2.0 */
#include "common/text.h"
#include "tests/unit/unit.h"

/* Is the encoding of a code point by the letter of RFC 3629, written again without looking at ours.
 */
static size_t encode(uint32_t code, uint8_t *out)
{
    if (code < 0x80) {
        out[0] = (uint8_t)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (uint8_t)(0xc0 | code >> 6);
        out[1] = (uint8_t)(0x80 | (code & 63));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (uint8_t)(0xe0 | code >> 12);
        out[1] = (uint8_t)(0x80 | (code >> 6 & 63));
        out[2] = (uint8_t)(0x80 | (code & 63));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | code >> 18);
    out[1] = (uint8_t)(0x80 | (code >> 12 & 63));
    out[2] = (uint8_t)(0x80 | (code >> 6 & 63));
    out[3] = (uint8_t)(0x80 | (code & 63));
    return 4;
}

static void every_code_point_but_surrogates_is_text(void **state)
{
    (void)state;
    for (uint32_t code = 0; code < 0x120000; code++) {
        uint8_t bytes[4];
        size_t len = encode(code, bytes);
        bool expected = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
        if (text_is_utf8(slice_of(bytes, len), NULL) != expected) {
            fail_msg("U+%04X", code);
        }
    }
}

static void overlong_forms_are_refused(void **state)
{
    (void)state;
    static const char *const forms[] = {
        "\xc0\x80",     "\xc0\xaf",         "\xc1\xbf",         "\xe0\x80\xaf",
        "\xe0\x9f\xbf", "\xf0\x80\x80\xaf", "\xf0\x8f\xbf\xbf", "\xf8\x88\x80\x80\x80"};
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        size_t bad_at = 9;
        assert_false(text_is_utf8(slice_str(forms[i]), &bad_at));
        assert_int_equal(bad_at, 0);
    }
}

static void the_offset_is_where_the_bad_sequence_begins(void **state)
{
    (void)state;
    static const char *const bad[] = {"\x80",         "\xff",  "\xc3",        "\xe2\x82",
                                      "\xf0\x9f\x94", "\xc3(", "\xed\xa0\x80"};
    for (size_t kind = 0; kind < sizeof(bad) / sizeof(bad[0]); kind++) {
        for (size_t before = 0; before < 40; before++) {
            struct buf buf = {0};
            buf_printf(&buf, "%*s%s", (int)before, "", bad[kind]);
            size_t bad_at = 99;
            assert_false(text_is_utf8(buf_view(&buf), &bad_at));
            assert_int_equal(bad_at, before);
            buf_release(&buf);
        }
    }
}

static void sequences_may_stand_at_any_distance(void **state)
{
    (void)state;
    for (int before = 0; before < 20; before++) {
        for (int after = 0; after < 20; after++) {
            struct buf buf = {0};
            buf_printf(&buf, "%*s\xc3\xa9%*s\xf0\x9f\x94\x94", before, "", after, "");
            size_t bad_at = 7;
            assert_true(text_is_utf8(buf_view(&buf), &bad_at));
            assert_int_equal(bad_at, 7);
            buf_release(&buf);
        }
    }
}

static void nothing_and_zero_bytes_are_text(void **state)
{
    (void)state;
    assert_true(text_is_utf8(slice_of(NULL, 0), NULL));
    assert_true(text_is_utf8(slice_of("\0\0\0\0\0\0\0\0\0", 9), NULL));
}

static void what_is_no_utf8_becomes_question_marks(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t len;
        const char *as;
    } rows[] = {{"", 0, ""},
                {"id-4711", 7, "id-4711"},
                {"\xff", 1, "?"},
                {"caf\xe9", 4, "caf?"},
                {"\xc3\xa9\xc3", 3, "\xc3\xa9?"},
                {"a\xe2\x82z", 4, "a??z"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf buf = {0};
        text_as_utf8(&buf, slice_of(rows[i].text, rows[i].len));
        assert_string_equal(buf_cstr(&buf), rows[i].as);
        buf_release(&buf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_utf8_becomes_question_marks),
        cmocka_unit_test(every_code_point_but_surrogates_is_text),
        cmocka_unit_test(overlong_forms_are_refused),
        cmocka_unit_test(the_offset_is_where_the_bad_sequence_begins),
        cmocka_unit_test(sequences_may_stand_at_any_distance),
        cmocka_unit_test(nothing_and_zero_bytes_are_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
