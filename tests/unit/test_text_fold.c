/* SPDX-License-Identifier: Apache-2.0 */
#include "common/text.h"
#include "common/text_fold.h"
#include "tests/unit/unit.h"

static void expect_folded(const char *text, const char *folded)
{
    struct buf buf = {0};
    text_fold_words(&buf, slice_str(text));
    assert_string_equal(buf_cstr(&buf), folded);
    buf_release(&buf);
}

static void capitals_of_all_our_scripts_become_small(void **state)
{
    (void)state;
    expect_folded("STOP Straße ÅÆØ ÀÖØÞ×", "stop straße åæø àöøþ×");
    expect_folded("ŻÓŁĆ ŽŠČŘ ŐŰ ĞŞ ẞ", "żółć žščř őű ğş ß");
    expect_folded("DỪNG LẠI Ơ Ư Ə Ɛ", "dừng lại ơ ư ə ɛ");
    expect_folded("ΣΤΟΠ ΆΈΉΊΌΎΏ ΛΌΓΟς", "στοπ άέήίόύώ λόγοσ");
    expect_folded("СТОП Ёлка ЇЄҐ ЂЋ Ӂ Ӏ", "стоп ёлка їєґ ђћ ӂ ӏ");
    expect_folded("ԱԲ ＳＴＯＰ", "աբ ｓｔｏｐ");
    expect_folded("停止 قف ſ µ İ", "停止 قف s μ İ");
}

static void blanks_become_one_space_and_go_at_the_ends(void **state)
{
    (void)state;
    expect_folded("", "");
    expect_folded(" \t\r\n\xc2\xa0\xe3\x80\x80", "");
    expect_folded("\n OPT\xc2\xa0 \xe2\x80\x89OUT \r\n", "opt out");
}

static void every_character_stays_one_and_folding_twice_changes_nothing(void **state)
{
    (void)state;
    struct buf buf = {0};
    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        if (c >= 0xd800 && c < 0xe000) {
            continue;
        }
        buf_clear(&buf);
        text_put_char(&buf, c);
        assert_true(text_is_utf8(buf_view(&buf), NULL));
        struct slice rest = buf_view(&buf);
        assert_int_equal(text_take_char(&rest), c);
        assert_int_equal(rest.len, 0);
        assert_int_equal(text_fold_char(text_fold_char(c)), text_fold_char(c));
    }
    buf_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(capitals_of_all_our_scripts_become_small),
        cmocka_unit_test(blanks_become_one_space_and_go_at_the_ends),
        cmocka_unit_test(every_character_stays_one_and_folding_twice_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
