/* SPDX-License-Identifier: Apache-2.0 */
#include "mailin/mail_reply.h"
#include "tests/unit/unit.h"

static struct arena arena;

static struct slice cut(const char *text)
{
    return mail_reply_cut(slice_str(text), &arena);
}

static bool is_automatic(const char *header)
{
    return mail_is_automatic(slice_str(header), &arena);
}

static void what_is_quoted_goes_with_its_introduction(void **state)
{
    (void)state;
    assert_slice_is(cut("Yes\n\nOn Monday X wrote:\n> a\n> b\n"), "Yes");
    assert_slice_is(cut("Yes\nAm Montag schrieb X <x@y>:\n\n> a\n"), "Yes");
    assert_slice_is(
        cut("Yes\n\nOn Monday, 29 November 2026 at 10:00 X with a name <x@y>\nwrote:\n> a\n"),
        "Yes");
    assert_slice_is(cut("> a\nI say: no\n> b\nmore\n"), "I say: no\nmore");
}

static void a_text_with_colons_is_not_taken_for_an_introduction(void **state)
{
    (void)state;
    assert_slice_is(cut("My number:\n47 90 00\n\nBye\n"), "My number:\n47 90 00\n\nBye");
    assert_slice_is(cut("From: the window I see smoke\n"), "From: the window I see smoke");
    assert_slice_is(cut("a\n-----\nb\n"), "a\n-----\nb");
}

static void a_copy_without_quotes_is_cut_at_its_mark(void **state)
{
    (void)state;
    assert_slice_is(cut("Ja\n\n-----Ursprüngliche Nachricht-----\nVon: x\n"), "Ja");
    assert_slice_is(cut("Oui\n\nDe : Banque <n@x>\nEnvoyé : lundi\nÀ : y\nObjet : z\n"), "Oui");
    assert_slice_is(cut("Ok\n________________________________\nFrom: a\nSent: b\nTo: c\n"), "Ok");
    assert_slice_is(cut("Ok\n________________________________\nnot a header\n"),
                    "Ok\n________________________________\nnot a header");
}

static void signature_and_footer_go(void **state)
{
    (void)state;
    assert_slice_is(cut("ACK 7KQ2\n-- \nBob\n"), "ACK 7KQ2");
    assert_slice_is(cut("ACK 7KQ2\n\nSent from my iPhone\n"), "ACK 7KQ2");
    assert_slice_is(cut("ACK 7KQ2\r\n\r\nGet Outlook for Android<https://aka.example>\r\n"),
                    "ACK 7KQ2");
    assert_slice_is(cut("Sent from my heart\nto you\nall\n"), "Sent from my heart\nto you\nall");
}

static void a_long_text_is_cut_between_characters(void **state)
{
    (void)state;
    struct buf text = {0};
    buf_str(&text, "a");
    while (text.len < 3 * MAIL_REPLY_MAX_CHARS) {
        buf_str(&text, "ø");
    }
    struct slice own = mail_reply_cut(buf_view(&text), &arena);
    assert_int_equal(own.len, 2 * MAIL_REPLY_MAX_CHARS - 1);
    assert_int_equal(own.data[own.len - 1], 0xb8);
    buf_release(&text);
}

static void control_characters_are_blanks(void **state)
{
    (void)state;
    assert_slice_is(mail_reply_cut(slice_of("a\0b\x1b[1mc", 8), &arena), "a b [1mc");
}

static void machines_are_known_by_their_header(void **state)
{
    (void)state;
    assert_true(is_automatic("Auto-Submitted: auto-replied (vacation)\n"));
    assert_true(is_automatic("Auto-submitted: Auto-Generated\n"));
    assert_true(is_automatic("X-Autoreply: yes\n"));
    assert_true(is_automatic("Precedence: bulk\n"));
    assert_false(is_automatic("Return-Path: <>\n"));
    assert_true(mail_is_from_nobody(slice_str("X: y\nReturn-Path:  <>\n"), &arena));
    assert_false(mail_is_from_nobody(slice_str("Return-Path: <a@b>\n"), &arena));
    assert_false(is_automatic("Auto-Submitted: no\nPrecedence: bulk\n"));
    assert_false(is_automatic("Return-Path: <a@b>\nPrecedence: normal\n"));
    assert_false(is_automatic(""));
}

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 4096);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_quoted_goes_with_its_introduction),
        cmocka_unit_test(a_text_with_colons_is_not_taken_for_an_introduction),
        cmocka_unit_test(a_copy_without_quotes_is_cut_at_its_mark),
        cmocka_unit_test(signature_and_footer_go),
        cmocka_unit_test(a_long_text_is_cut_between_characters),
        cmocka_unit_test(control_characters_are_blanks),
        cmocka_unit_test(machines_are_known_by_their_header),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
