/* SPDX-License-Identifier: Apache-2.0 */
#include "mailin/address_list.h"
#include "mailin/mail_header.h"
#include "tests/unit/unit.h"

static struct arena arena;

static struct slice find(const char *header, const char *name)
{
    struct slice value;
    (void)mail_header_find(slice_str(header), name, &arena, &value);
    return value;
}

static struct slice parameter(const char *value, const char *name)
{
    struct slice out;
    return mail_value_parameter(slice_str(value), name, &arena, &out) ? out : slice_str("none");
}

static struct slice address(const char *list, unsigned nth)
{
    struct slice rest = slice_str(list);
    struct slice found = {0};
    for (unsigned i = 0; i <= nth; i++) {
        if (!address_list_next(&rest, &found)) {
            return slice_str("none");
        }
    }
    return found;
}

static void a_field_is_found_in_any_case_and_unfolded(void **state)
{
    (void)state;
    const char *header = "From mbox line\nTo: a@b\r\nSubject: one\r\n\ttwo\r\n  three\r\nX:\r\n";
    assert_slice_is(find(header, "SUBJECT"), "one two  three");
    assert_slice_is(find(header, "to"), "a@b");
    assert_slice_is(find(header, "x"), "");
    assert_slice_is(find(header, "Cc"), "");
}

static void the_header_ends_at_the_first_empty_line(void **state)
{
    (void)state;
    struct slice body;
    assert_slice_is(mail_header_split(slice_str("A: b\r\n\r\nC: d\r\n"), &body), "A: b\r\n");
    assert_slice_is(body, "C: d\r\n");
    assert_slice_is(mail_header_split(slice_str("\nC: d\n"), &body), "");
    assert_slice_is(body, "C: d\n");
    assert_slice_is(mail_header_split(slice_str("A: b"), &body), "A: b");
    assert_slice_is(body, "");
}

static void parameters_are_read_in_all_their_forms(void **state)
{
    (void)state;
    assert_slice_is(parameter("multipart/report; boundary=\"a\\\"b/c.d\"", "Boundary"), "a\"b/c.d");
    assert_slice_is(parameter("a/b; x=1 ; BOUNDARY = plain=x ; y=2", "boundary"), "plain=x");
    assert_slice_is(parameter("a/b (c; boundary=no); boundary=yes", "boundary"), "yes");
    assert_slice_is(parameter("a/b; (boundary=no) boundary=yes", "boundary"), "yes");
    assert_slice_is(parameter("a/b; n*0=\"one \"; n*1*=t%77o", "n"), "one two");
    assert_slice_is(parameter("a/b; n*=utf-8'en'%C3%A5", "n"), "å");
    assert_slice_is(parameter("a/b; c=\"open", "c"), "open");
    assert_slice_is(parameter("a/b; c", "c"), "");
    assert_slice_is(parameter("a/b", "c"), "none");
    assert_slice_is(mail_value_word(slice_str(" Text/HTML;x=y"), &arena), "text/html");
}

/* Somebody may write a value of nothing but parameters, in each of many parts. */
static void parameters_take_no_more_memory_than_they_are_long(void **state)
{
    (void)state;
    struct buf value = {0};
    struct slice out;
    struct arena own;
    buf_str(&value, "multipart/mixed");
    while (value.len < MAIL_VALUE_MAX_BYTES) {
        buf_str(&value, ";=\"\"");
    }
    arena_init(&own, 4096);
    assert_false(mail_value_parameter(buf_view(&value), "boundary", &own, &out));
    assert_true(own.used_bytes < (size_t)64 * MAIL_VALUE_MAX_BYTES * 8);
    arena_release(&own);
    buf_release(&value);
}

static void addresses_are_found_among_names_and_comments(void **state)
{
    (void)state;
    assert_slice_is(address("a@b.c", 0), "a@b.c");
    assert_slice_is(address("\"x, <y@z>\" <a@b.c>, d@e.f (D, E)", 0), "a@b.c");
    assert_slice_is(address("\"x, <y@z>\" <a@b.c>, d@e.f (D, E)", 1), "d@e.f");
    assert_slice_is(address("(first) a@b.c", 0), "a@b.c");
    assert_slice_is(address("<>", 0), "");
    assert_slice_is(address("Name <a@b.c", 0), "a@b.c");
    assert_slice_is(address("a@b.c", 1), "none");
}

static void a_token_is_taken_from_its_address_alone(void **state)
{
    (void)state;
    struct slice token;
    assert_true(address_token(slice_str("Bounces+AQcAAAAAEQAAAAAQ0jTuW4n-Zk_3bYq1@n.example"),
                              "bounces", &token));
    assert_slice_is(token, "AQcAAAAAEQAAAAAQ0jTuW4n-Zk_3bYq1");
    static const char *const none[] = {
        "bounces@n.example",
        "bounces+@n.example",
        "bounces+AQcAAAAAEQAAAAAQ0jTuW4n-Zk_3bYq@n.example",
        "bounces+AQcAAAAAEQAAAAAQ0jTuW4n-Zk_3bYq11@n.example",
        "bounces+AQcAAAAAEQAAAAAQ0jTuW4n.Zk_3bYq1@n.example",
        "reply+AQcAAAAAEQAAAAAQ0jTuW4n-Zk_3bYq1@n.example",
        "bounces+AQcAAAAAEQAAAAAQ0jTuW4n-Zk_3bYq1",
    };
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        assert_false(address_token(slice_str(none[i]), "bounces", &token));
    }
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
        cmocka_unit_test(a_field_is_found_in_any_case_and_unfolded),
        cmocka_unit_test(the_header_ends_at_the_first_empty_line),
        cmocka_unit_test(parameters_are_read_in_all_their_forms),
        cmocka_unit_test(parameters_take_no_more_memory_than_they_are_long),
        cmocka_unit_test(addresses_are_found_among_names_and_comments),
        cmocka_unit_test(a_token_is_taken_from_its_address_alone),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
