/* SPDX-License-Identifier: Apache-2.0 */
#include "mailin/mail_decode.h"
#include "tests/unit/unit.h"

static struct buf out;

static const char *transfer(const char *text, const char *encoding)
{
    buf_clear(&out);
    mail_decode_transfer(&out, slice_str(text), slice_str(encoding));
    return buf_cstr(&out);
}

static const char *charset(const char *text, const char *name)
{
    buf_clear(&out);
    mail_decode_charset(&out, slice_str(text), slice_str(name));
    return buf_cstr(&out);
}

static void base64_is_undone_with_dirt_in_it(void **state)
{
    (void)state;
    assert_string_equal(transfer("SGVs\r\nbG8=\r\n", "BASE64"), "Hello");
    assert_string_equal(transfer("SGVsbG8", "base64"), "Hello");
    assert_string_equal(transfer("SG*Vs bG8==", "base64"), "Hello");
    assert_string_equal(transfer("SGVs=SGVs", "base64"), "HelHel");
    assert_string_equal(transfer("", "base64"), "");
}

static void quoted_printable_is_undone_with_dirt_in_it(void **state)
{
    (void)state;
    assert_string_equal(transfer("a=3D=c3=A5 \r\nb=\r\nc=\nd", "Quoted-Printable"), "a=å\nbcd");
    assert_string_equal(transfer("=G1 =4", "quoted-printable"), "=G1 =4");
    assert_string_equal(transfer("=3D=", "quoted-printable"), "=");
}

static void anything_else_is_as_it_is(void **state)
{
    (void)state;
    assert_string_equal(transfer("a=3D", "8bit"), "a=3D");
    assert_string_equal(transfer("a=3D", ""), "a=3D");
}

static void charsets_become_utf8(void **state)
{
    (void)state;
    assert_string_equal(charset("gr\xfc\xdf \x80", "ISO-8859-1"), "grüß €");
    assert_string_equal(charset("\xf0\xd2\xc9", "koi8-r"), "При");
    assert_string_equal(charset("\x1b$B#1\x1b(B", "iso-2022-jp"), "１");
    assert_string_equal(charset("grüß", "utf-8"), "grüß");
    assert_string_equal(charset("grüß", "x-unknown"), "grüß");
    assert_string_equal(charset("gr\xfc\xdf", "us-ascii"), "grüß");
}

static void what_is_broken_is_marked_and_the_rest_stays(void **state)
{
    (void)state;
    assert_string_equal(charset("a\xff\xc3 b", "utf-8"), "a\xef\xbf\xbd\xef\xbf\xbd b");
    assert_string_equal(charset("a\x81\x20z", "shift_jis"), "a\xef\xbf\xbd z");
}

static int tear_down(void **state)
{
    (void)state;
    buf_release(&out);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_is_undone_with_dirt_in_it),
        cmocka_unit_test(quoted_printable_is_undone_with_dirt_in_it),
        cmocka_unit_test(anything_else_is_as_it_is),
        cmocka_unit_test(charsets_become_utf8),
        cmocka_unit_test(what_is_broken_is_marked_and_the_rest_stays),
    };
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
