/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"
#include "worker/channel/mime.h"

#define BOUNDARY "TOKEN-OF-32-CHARACTERS-IN-BASE64"

static struct buf out;

static const char *field(const char *name, const char *value)
{
    buf_clear(&out);
    mime_field(&out, name, slice_str(value));
    return buf_cstr(&out);
}

static const char *address_field(const char *display, const char *address)
{
    buf_clear(&out);
    mime_field_address(&out, "From", slice_str(display), slice_str(address));
    return buf_cstr(&out);
}

static const char *body(const char *text, const char *html)
{
    buf_clear(&out);
    const struct mime_parts parts = {.text = slice_str(text), .html = slice_str(html)};
    mime_body(&out, &parts, slice_str(BOUNDARY));
    return buf_cstr(&out);
}

/* Every line ends with CRLF and has at most `max` bytes, and there is no other CR or LF. */
static void assert_lines(const char *text, size_t max)
{
    size_t line = 0;
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (text[i] == '\r') {
            assert_int_equal(text[i + 1], '\n');
            assert_true(line <= max);
            line = 0;
            i++;
        } else {
            assert_int_not_equal(text[i], '\n');
            line++;
        }
    }
    assert_int_equal(line, 0);
}

static void an_ascii_field_stands_as_it_is(void **state)
{
    (void)state;
    assert_string_equal(field("Subject", "Outage in zone 3: 50% back = ok?"),
                        "Subject: Outage in zone 3: 50% back = ok?\r\n");
    assert_string_equal(field("Subject", ""), "Subject: \r\n");
}

static void a_long_ascii_field_is_folded_before_words(void **state)
{
    (void)state;
    assert_string_equal(field("Subject", "one two three four five six seven eight nine ten eleven "
                                         "twelve thirteen fourteen"),
                        "Subject: one two three four five six seven eight nine ten eleven twelve"
                        "\r\n thirteen fourteen\r\n");
    assert_lines(buf_cstr(&out), 78);
}

static void blanks_are_folded_with_their_word_and_never_make_a_line(void **state)
{
    (void)state;
    char value[1100];
    memset(value, ' ', sizeof(value));
    memset(value, 'x', 880);
    value[1000] = 'y';
    value[1001] = '\0';
    assert_lines(field("Subject", value), 998);
    value[1000] = ' ';
    assert_string_equal(field("Subject", value) + 9 + 880, "\r\n");
}

static void a_word_too_long_for_a_line_stays_whole_until_it_breaks_the_limit(void **state)
{
    (void)state;
    char value[2000];
    memset(value, 'x', sizeof(value));
    value[200] = '\0';
    (void)field("X-Url", value);
    assert_lines(buf_cstr(&out), 998);
    assert_non_null(strstr(buf_cstr(&out), value));
    value[200] = 'x';
    value[1999] = '\0';
    (void)field("X-Url", value);
    assert_lines(buf_cstr(&out), 76);
    assert_non_null(strstr(buf_cstr(&out), "=?UTF-8?B?"));
}

static void other_text_becomes_encoded_words(void **state)
{
    (void)state;
    assert_string_equal(field("Subject", "Strømbrudd"),
                        "Subject: =?UTF-8?B?U3Ryw7htYnJ1ZGQ=?=\r\n");
    assert_string_equal(field("Subject", "a =?x?= b"), "Subject: =?UTF-8?B?YSA9P3g/PSBi?=\r\n");
}

static void encoded_words_hold_whole_characters_and_fit_their_lines(void **state)
{
    (void)state;
    char value[301];
    for (size_t i = 0; i < 300; i += 3) {
        memcpy(value + i, "\xe2\x82\xac", 3); /* the euro sign */
    }
    value[300] = '\0';
    const char *text = field("Subject", value);
    assert_lines(text, 76);
    /* A word of whole euro signs has bytes in threes: no padding but perhaps in the last. */
    for (const char *at = strstr(text, "?="); at != NULL; at = strstr(at + 1, "?=")) {
        if (at[2] == '\r' && at[4] == ' ') {
            assert_int_not_equal(at[-1], '=');
        }
    }
}

static void a_long_name_of_a_field_leaves_its_line_to_itself(void **state)
{
    (void)state;
    const char *name = "X-0123456789012345678901234567890123456789012345678901234567890";
    const char *text = field(name, "æ");
    assert_string_equal(text + strlen(name), ": \r\n =?UTF-8?B?w6Y=?=\r\n");
}

static void no_value_can_begin_another_field(void **state)
{
    (void)state;
    assert_string_equal(field("Subject", "a\r\nBcc: x@y.z\r\n\r\nbody"),
                        "Subject: a  Bcc: x@y.z    body\r\n");
    assert_string_equal(field("Subject", "a\nb\rc\td\x7f"
                                         "e"),
                        "Subject: a b c d e\r\n");
    assert_string_equal(address_field("Eve\r\nBcc: x@y.z", "a@b.c"),
                        "From: \"Eve  Bcc: x@y.z\"\r\n <a@b.c>\r\n");
    assert_lines(field("Subject", "\r\n\xc3\xa6\r\nBcc: x@y.z"), 76);
    assert_null(strstr(buf_cstr(&out), "Bcc"));
}

static void ill_formed_text_is_encoded_all_the_same(void **state)
{
    (void)state;
    char value[200];
    memset(value, 0x80, sizeof(value)); /* nothing but continuation bytes */
    value[199] = '\0';
    assert_lines(field("Subject", value), 76);
}

static void a_display_name_is_quoted_or_encoded(void **state)
{
    (void)state;
    assert_string_equal(address_field("", "a@b.c"), "From: <a@b.c>\r\n");
    assert_string_equal(address_field("Bank, \"the\" \\ best", "a@b.c"),
                        "From: \"Bank, \\\"the\\\" \\\\ best\"\r\n <a@b.c>\r\n");
    assert_string_equal(address_field("Bänk", "a@b.c"),
                        "From: =?UTF-8?B?QsOkbms=?=\r\n <a@b.c>\r\n");
}

static void a_date_is_written_as_the_standard_wants_it(void **state)
{
    (void)state;
    buf_clear(&out);
    mime_field_date(&out, UINT64_C(1795428000999));
    assert_string_equal(buf_cstr(&out), "Date: Mon, 23 Nov 2026 10:00:00 +0000\r\n");
    buf_clear(&out);
    mime_field_date(&out, 0);
    assert_string_equal(buf_cstr(&out), "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n");
}

static void ascii_text_goes_as_it_is(void **state)
{
    (void)state;
    assert_string_equal(body("Dear you,\nline = two\r\n\r\n.\rend", ""),
                        "MIME-Version: 1.0\r\n"
                        "Content-Type: text/plain; charset=utf-8\r\n"
                        "Content-Transfer-Encoding: 7bit\r\n\r\n"
                        "Dear you,\r\nline = two\r\n\r\n.\r\nend\r\n");
    assert_non_null(strstr(body("", ""), "7bit\r\n\r\n\r\n"));
    assert_non_null(strstr(body("", "<p>"), "text/html; charset=utf-8"));
}

static void a_few_other_characters_are_quoted(void **state)
{
    (void)state;
    assert_string_equal(
        strstr(body("Strøm = av  \nden 3. juli kl. 10 og 12\t\nslutt", ""), "\r\nContent-Tr"),
        "\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        "Str=C3=B8m =3D av =20\r\nden 3. juli kl. 10 og 12=09\r\nslutt\r\n");
}

static void quoted_lines_are_broken_softly(void **state)
{
    (void)state;
    char text[400];
    memset(text, 'x', sizeof(text));
    memcpy(text + 74, "\xc3\xa6", 2);
    text[399] = '\0';
    assert_lines(body(text, ""), 76);
    assert_non_null(strstr(buf_cstr(&out), "x=\r\n=C3=A6x"));
}

static void text_of_other_scripts_is_base64(void **state)
{
    (void)state;
    assert_string_equal(strstr(body("Привет\n", ""), "\r\nContent-Tr"),
                        "\r\nContent-Transfer-Encoding: base64\r\n\r\n0J/RgNC40LLQtdGCDQo=\r\n");
    char text[601];
    for (size_t i = 0; i < 600; i += 2) {
        memcpy(text + i, "\xd0\x9f", 2);
    }
    text[600] = '\0';
    assert_lines(body(text, ""), 76);
}

static void a_line_too_long_for_mail_is_quoted(void **state)
{
    (void)state;
    char text[1201];
    memset(text, 'x', 1200);
    text[998] = '\n';
    text[1200] = '\0';
    assert_non_null(strstr(body(text, ""), "7bit"));
    text[998] = 'x';
    assert_non_null(strstr(body(text, ""), "quoted-printable"));
    assert_lines(buf_cstr(&out), 76);
}

static void text_and_html_are_alternatives(void **state)
{
    (void)state;
    assert_string_equal(body("plain", "<p>rich</p>\n"),
                        "MIME-Version: 1.0\r\n"
                        "Content-Type: multipart/alternative;\r\n"
                        " boundary=\"=_" BOUNDARY "\"\r\n\r\n"
                        "--=_" BOUNDARY "\r\n"
                        "Content-Type: text/plain; charset=utf-8\r\n"
                        "Content-Transfer-Encoding: 7bit\r\n\r\nplain\r\n"
                        "--=_" BOUNDARY "\r\n"
                        "Content-Type: text/html; charset=utf-8\r\n"
                        "Content-Transfer-Encoding: 7bit\r\n\r\n<p>rich</p>\r\n"
                        "--=_" BOUNDARY "--\r\n");
}

static int tear_down(void **state)
{
    (void)state;
    buf_release(&out);
    return 0;
}

static const char *attachment(const char *name, const char *bytes)
{
    buf_clear(&out);
    mime_attachment(&out, name, slice_str(bytes));
    return buf_cstr(&out);
}

static void a_file_is_a_part_in_base64(void **state)
{
    (void)state;
    assert_string_equal(attachment("Recall notice.PDF", "hello"),
                        "Content-Type: application/pdf\r\n"
                        "Content-Transfer-Encoding: base64\r\n"
                        "Content-Disposition: attachment;\r\n filename=\"Recall notice.PDF\"\r\n"
                        "\r\naGVsbG8=\r\n");
    assert_non_null(strstr(attachment("data", ""), "Content-Type: application/octet-stream\r\n"));
}

static void a_files_name_beyond_ascii_is_encoded_in_pieces(void **state)
{
    (void)state;
    assert_non_null(strstr(attachment("R\xc3\xbc"
                                      "ckruf.pdf",
                                      ""),
                           ";\r\n filename*0*=UTF-8''R%C3%BCckruf.pdf\r\n"));
    char name[200];
    memset(name, 'x', sizeof(name));
    name[199] = '\0';
    assert_lines(attachment(name, "b"), 78);
    assert_non_null(strstr(buf_cstr(&out), ";\r\n filename*3*=x"));
}

static void attachments_stand_behind_the_message(void **state)
{
    (void)state;
    struct slice files[] = {slice_str("A: a\r\n\r\nYQ==\r\n"), slice_str("B: b\r\n\r\nYg==\r\n")};
    const struct mime_parts parts = {slice_str("text"), slice_str("<p>html"), files, 2};
    buf_clear(&out);
    mime_body(&out, &parts, slice_str(BOUNDARY));
    assert_string_equal(
        buf_cstr(&out),
        "MIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed;\r\n boundary=\"=_.mixed." BOUNDARY "\"\r\n\r\n"
        "--=_.mixed." BOUNDARY "\r\n"
        "Content-Type: multipart/alternative;\r\n boundary=\"=_" BOUNDARY "\"\r\n\r\n"
        "--=_" BOUNDARY "\r\n"
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
        "text\r\n"
        "--=_" BOUNDARY "\r\n"
        "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
        "<p>html\r\n"
        "--=_" BOUNDARY "--\r\n"
        "--=_.mixed." BOUNDARY "\r\nA: a\r\n\r\nYQ==\r\n"
        "--=_.mixed." BOUNDARY "\r\nB: b\r\n\r\nYg==\r\n"
        "--=_.mixed." BOUNDARY "--\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_a_part_in_base64),
        cmocka_unit_test(a_files_name_beyond_ascii_is_encoded_in_pieces),
        cmocka_unit_test(attachments_stand_behind_the_message),
        cmocka_unit_test(an_ascii_field_stands_as_it_is),
        cmocka_unit_test(a_long_ascii_field_is_folded_before_words),
        cmocka_unit_test(blanks_are_folded_with_their_word_and_never_make_a_line),
        cmocka_unit_test(a_word_too_long_for_a_line_stays_whole_until_it_breaks_the_limit),
        cmocka_unit_test(other_text_becomes_encoded_words),
        cmocka_unit_test(encoded_words_hold_whole_characters_and_fit_their_lines),
        cmocka_unit_test(a_long_name_of_a_field_leaves_its_line_to_itself),
        cmocka_unit_test(no_value_can_begin_another_field),
        cmocka_unit_test(ill_formed_text_is_encoded_all_the_same),
        cmocka_unit_test(a_display_name_is_quoted_or_encoded),
        cmocka_unit_test(a_date_is_written_as_the_standard_wants_it),
        cmocka_unit_test(ascii_text_goes_as_it_is),
        cmocka_unit_test(a_few_other_characters_are_quoted),
        cmocka_unit_test(quoted_lines_are_broken_softly),
        cmocka_unit_test(text_of_other_scripts_is_base64),
        cmocka_unit_test(a_line_too_long_for_mail_is_quoted),
        cmocka_unit_test(text_and_html_are_alternatives),
    };
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
