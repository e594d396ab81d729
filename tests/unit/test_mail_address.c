/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"
#include "worker/channel/mail_address.h"

static struct buf out;

static void assert_written(const char *address, const char *written, bool needs_utf8)
{
    bool needed = !needs_utf8;
    buf_clear(&out);
    assert_true(mail_address_write(&out, slice_str(address), &needed));
    assert_string_equal(buf_cstr(&out), written);
    assert_int_equal(needed, needs_utf8);
}

static void assert_none(struct slice address)
{
    bool needed = false;
    buf_clear(&out);
    buf_str(&out, "before");
    assert_false(mail_address_write(&out, address, &needed));
    assert_string_equal(buf_cstr(&out), "before");
}

static void a_plain_address_stands_as_it_is(void **state)
{
    (void)state;
    static const char *const good[] = {"a@b",           "first.last+tag@sub.example.org",
                                       "o'hara@x.y",    "a/b=c@x.y",
                                       "a@[192.0.2.1]", "a@[IPv6:2001:db8::1]"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_written(good[i], good[i], false);
    }
}

static void a_quoted_local_part_may_hold_what_else_may_not(void **state)
{
    (void)state;
    assert_written("\"a b\"@x.y", "\"a b\"@x.y", false);
    assert_written("\"a@\\\"b\"@x.y", "\"a@\\\"b\"@x.y", false);
    assert_none(slice_str("\"a\nb\"@x.y"));
    assert_none(slice_str("\"a\"b@x.y"));
    assert_none(slice_str("\"a@x.y"));
}

static void a_domain_beyond_ascii_becomes_a_labels(void **state)
{
    (void)state;
    assert_written("a@b\xc3\xbc"
                   "cher.example",
                   "a@xn--bcher-kva.example", false);
    assert_written("a@\xe4\xbe\x8b\xe3\x81\x88.\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88",
                   "a@xn--r8jz45g.xn--zckzah", false);
    /* Fullwidth: mapped. */
    assert_written("a@\xef\xbc\xa2.example", "a@b.example", false);
    assert_none(slice_str("a@b\xc3\xbc c.example"));
    assert_none(slice_str("a@b\xff.example"));
    assert_none(slice_str("a@[\xc3\xbc]"));
}

static void a_local_part_beyond_ascii_needs_smtputf8(void **state)
{
    (void)state;
    assert_written("j\xc3\xb8rn@x.y", "j\xc3\xb8rn@x.y", true);
    assert_written("j\xc3\xb8rn@b\xc3\xbc"
                   "cher.example",
                   "j\xc3\xb8rn@xn--bcher-kva.example", true);
    assert_none(slice_str("j\xf8rn@x.y"));
}

static void what_could_end_a_command_is_no_address(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",     "a",        "@b",      "a@",         "a@b@c", "a b@c",   "a@b c",  "<a@b>",
        "a@b>", "a@b\r\nX", "a@b,c@d", "a@b\t",      "a@b;c", "a@b\x7f", "a..b@c", ".a@b",
        "a.@b", "a@.b",     "a@b..c",  "a@[1.2.3.4", "a@[]",  "a@[1 2]",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_none(slice_str(bad[i]));
        assert_false(mail_address_is_valid(slice_str(bad[i])));
    }
    assert_none(slice_of("a@b\0c", 5));
    assert_none(slice_of("a@b.c\0\xc3\xbc", 8));
    assert_none(slice_of("a@\0\xc3\xbc", 5));
    assert_none(slice_str("a@\xc2\xad")); /* a soft hyphen: nothing, once it is mapped */
}

static void an_address_has_its_limits(void **state)
{
    (void)state;
    char text[300];
    memset(text, 'x', sizeof(text));
    text[64] = '@';
    assert_true(mail_address_is_valid(slice_of(text, 254)));
    assert_none(slice_of(text, 255));
    memset(text, 'x', sizeof(text));
    text[65] = '@';
    assert_none(slice_of(text, 200));
}

static int teardown(void **state)
{
    (void)state;
    buf_release(&out);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_address_stands_as_it_is),
        cmocka_unit_test(a_quoted_local_part_may_hold_what_else_may_not),
        cmocka_unit_test(a_domain_beyond_ascii_becomes_a_labels),
        cmocka_unit_test(a_local_part_beyond_ascii_needs_smtputf8),
        cmocka_unit_test(what_could_end_a_command_is_no_address),
        cmocka_unit_test(an_address_has_its_limits),
    };
    return cmocka_run_group_tests_name("mail_address", tests, NULL, teardown);
}
