/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "common/sms_parts.h"
#include "tests/unit/unit.h"

#define TEXT_MAX 4096

/* `piece` so many times, then `end`. */
static struct sms_size size_of(const char *piece, unsigned times, const char *end)
{
    char text[TEXT_MAX];
    size_t len = 0;
    for (unsigned i = 0; i < times; i++) {
        memcpy(text + len, piece, strlen(piece));
        len += strlen(piece);
    }
    memcpy(text + len, end, strlen(end));
    len += strlen(end);
    assert_true(len <= TEXT_MAX);
    return sms_parts(slice_of(text, len));
}

static void check(struct sms_size size, bool is_ucs2, unsigned units, unsigned parts)
{
    assert_int_equal(size.is_ucs2, is_ucs2);
    assert_int_equal(size.units, units);
    assert_int_equal(size.parts, parts);
}

static void one_message_has_160_septets_and_more_have_153_each(void **state)
{
    (void)state;
    check(sms_parts(slice_str("")), false, 0, 1);
    check(size_of("a", 160, ""), false, 160, 1);
    check(size_of("a", 161, ""), false, 161, 2);
    check(size_of("a", 306, ""), false, 306, 2);
    check(size_of("a", 307, ""), false, 307, 3);
    check(size_of("a", 459, ""), false, 459, 3);
    check(size_of("a", 460, ""), false, 460, 4);
}

static void one_message_has_70_units_of_ucs2_and_more_have_67_each(void **state)
{
    (void)state;
    check(size_of("a", 69, "\xd0\xb6"), true, 70, 1);
    check(size_of("a", 70, "\xd0\xb6"), true, 71, 2);
    check(size_of("\xd0\xb6", 134, ""), true, 134, 2);
    check(size_of("\xd0\xb6", 135, ""), true, 135, 3);
}

static void the_whole_default_alphabet_counts_one(void **state)
{
    (void)state;
    const char *alphabet = "@\xc2\xa3$\xc2\xa5\xc3\xa8\xc3\xa9\xc3\xb9\xc3\xac\xc3\xb2\xc3\x87\n"
                           "\xc3\x98\xc3\xb8\r\xc3\x85\xc3\xa5\xce\x94_\xce\xa6\xce\x93\xce\x9b"
                           "\xce\xa9\xce\xa0\xce\xa8\xce\xa3\xce\x98\xce\x9e\xc3\x86\xc3\xa6"
                           "\xc3\x9f\xc3\x89 !\"#\xc2\xa4%&'()*+,-./0123456789:;<=>?\xc2\xa1"
                           "ABCDEFGHIJKLMNOPQRSTUVWXYZ\xc3\x84\xc3\x96\xc3\x91\xc3\x9c\xc2\xa7"
                           "\xc2\xbf"
                           "abcdefghijklmnopqrstuvwxyz\xc3\xa4\xc3\xb6\xc3\xb1\xc3\xbc\xc3\xa0";
    check(sms_parts(slice_str(alphabet)), false, 127, 1); /* 128 less the escape */
}

static void a_character_of_the_extension_table_counts_two(void **state)
{
    (void)state;
    check(sms_parts(slice_str("^{}\\[~]|\xe2\x82\xac\f")), false, 20, 1);
    check(size_of("\xe2\x82\xac", 80, ""), false, 160, 1);
    check(size_of("\xe2\x82\xac", 80, "a"), false, 161, 2);
}

static void what_is_near_the_alphabet_is_not_in_it(void **state)
{
    (void)state;
    check(sms_parts(slice_str("`")), true, 1, 1);
    check(sms_parts(slice_str("\xc3\xa7")), true, 1, 1); /* small c with cedilla */
    check(sms_parts(slice_str("\t")), true, 1, 1);
    check(sms_parts(slice_str("\xe2\x80\x99")), true, 1, 1); /* a typographer's apostrophe */
}

static void no_character_is_cut_in_two(void **state)
{
    (void)state;
    /* 152 + 2 do not fit the first part of 153: the second begins a septet early. */
    check(size_of("a", 152, "\xe2\x82\xac"), false, 154, 1);
    check(size_of("a", 152,
                  "\xe2\x82\xac"
                  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                  "aa"),
          false, 306, 3); /* would be 2 if the euro sign were cut */
    /* 33 emoji fill 66 of the 67 units of a part. */
    check(size_of("\xf0\x9f\x9a\xa8", 35, ""), true, 70, 1);
    check(size_of("\xf0\x9f\x9a\xa8", 66, ""), true, 132, 2);
    check(size_of("\xf0\x9f\x9a\xa8", 67, ""), true, 134, 3);
}

static void what_is_no_utf8_is_counted_and_not_read_beyond(void **state)
{
    (void)state;
    check(sms_parts(slice_of("\xff\xfe", 2)), true, 2, 1);
    check(sms_parts(slice_of("\xe2\x82", 2)), true, 2, 1);
    check(sms_parts(slice_of("\xf0\x9f\x9a", 3)), true, 3, 1);
    check(sms_parts(slice_of("\xc3(", 2)), true, 2, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_message_has_160_septets_and_more_have_153_each),
        cmocka_unit_test(one_message_has_70_units_of_ucs2_and_more_have_67_each),
        cmocka_unit_test(the_whole_default_alphabet_counts_one),
        cmocka_unit_test(a_character_of_the_extension_table_counts_two),
        cmocka_unit_test(what_is_near_the_alphabet_is_not_in_it),
        cmocka_unit_test(no_character_is_cut_in_two),
        cmocka_unit_test(what_is_no_utf8_is_counted_and_not_read_beyond),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
