/* SPDX-License-Identifier: Apache-2.0 */
#include "common/trace_context.h"
#include "tests/unit/unit.h"

#define TRACE  "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"

static bool parse(const char *text, struct trace_context *context)
{
    return trace_context_parse(slice_str(text), context);
}

static void what_is_read_is_written(void **test)
{
    (void)test;
    struct trace_context context;
    char text[TRACE_CONTEXT_CHARS + 1];
    assert_true(parse("00-" TRACE "-" PARENT "-01", &context));
    assert_true(context.is_sampled);
    assert_true(trace_context_is_set(&context));
    trace_context_write(&context, text);
    assert_string_equal(text, "00-" TRACE "-" PARENT "-01");
    assert_true(parse("00-" TRACE "-" PARENT "-00", &context));
    assert_false(context.is_sampled);
    trace_context_write(&context, text);
    assert_string_equal(text, "00-" TRACE "-" PARENT "-00");
}

/* Flags that are not known are set to 0 (section 3.2.2.5.2). */
static void other_flags_are_not_passed_on(void **test)
{
    (void)test;
    struct trace_context context;
    char text[TRACE_CONTEXT_CHARS + 1];
    assert_true(parse("00-" TRACE "-" PARENT "-ff", &context));
    trace_context_write(&context, text);
    assert_string_equal(text, "00-" TRACE "-" PARENT "-01");
    assert_true(parse("00-" TRACE "-" PARENT "-fe", &context));
    assert_false(context.is_sampled);
}

static void of_later_versions_the_known_parts_are_read(void **test)
{
    (void)test;
    struct trace_context context;
    char text[TRACE_CONTEXT_CHARS + 1];
    assert_true(parse("cc-" TRACE "-" PARENT "-01", &context));
    assert_true(parse("01-" TRACE "-" PARENT "-01-what-may-come", &context));
    trace_context_write(&context, text);
    assert_string_equal(text, "00-" TRACE "-" PARENT "-01");
    assert_true(parse("cc-" TRACE "-" PARENT "-01-", &context));
}

static void what_the_standard_forbids_is_refused(void **test)
{
    static const char *const wrong[] = {
        "",
        "00",
        "00-" TRACE "-" PARENT,
        "00-" TRACE "-" PARENT "-",
        "00-" TRACE "-" PARENT "-1",
        "00-" TRACE "-" PARENT "-01-",
        "00-" TRACE "-" PARENT "-011",
        "00-" TRACE "-" PARENT "-01 ",
        " 00-" TRACE "-" PARENT "-01",
        "cc-" TRACE "-" PARENT "-01.",
        "cc-" TRACE "-" PARENT "-011",
        "ff-" TRACE "-" PARENT "-01",
        "FF-" TRACE "-" PARENT "-01",
        "0-" TRACE "-" PARENT "-001",
        ".0-" TRACE "-" PARENT "-01",
        "00_" TRACE "-" PARENT "-01",
        "00-" TRACE "_" PARENT "-01",
        "00-" TRACE "-" PARENT "_01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-" PARENT "-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473g-" PARENT "-01",
        "00-" TRACE "-00F067AA0BA902B7-01",
        "00-" TRACE "-00f067aa0ba902b-701",
        "00-" TRACE "-" PARENT "-0x",
        "00-" TRACE "-" PARENT "-0A",
        "00-00000000000000000000000000000000-" PARENT "-01",
        "00-" TRACE "-0000000000000000-01",
    };
    (void)test;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct trace_context context;
        memset(&context, 0x55, sizeof(context));
        if (parse(wrong[i], &context)) {
            fail_msg("\"%s\" was taken", wrong[i]);
        }
        assert_false(trace_context_is_set(&context));
    }
}

static void a_child_has_a_name_of_its_own_in_the_same_trace(void **test)
{
    (void)test;
    struct trace_context context;
    assert_true(parse("00-" TRACE "-" PARENT "-01", &context));
    struct trace_context one = trace_context_child(&context, slice_str("one"));
    struct trace_context again = trace_context_child(&context, slice_str("one"));
    struct trace_context other = trace_context_child(&context, slice_str("other"));
    assert_memory_equal(&one, &again, sizeof(one));
    assert_memory_equal(one.trace_id, context.trace_id, TRACE_ID_BYTES);
    assert_memory_not_equal(one.parent_id, context.parent_id, TRACE_PARENT_BYTES);
    assert_memory_not_equal(one.parent_id, other.parent_id, TRACE_PARENT_BYTES);
    assert_true(one.is_sampled);
}

static void bytes_are_read_as_they_were_packed(void **test)
{
    (void)test;
    uint8_t bytes[TRACE_CONTEXT_BYTES];
    struct trace_context context;
    struct trace_context read;
    assert_true(parse("00-" TRACE "-" PARENT "-01", &context));
    trace_context_pack(&context, bytes);
    assert_true(trace_context_unpack(slice_of(bytes, sizeof(bytes)), &read));
    assert_memory_equal(&context, &read, sizeof(read));
    assert_false(trace_context_unpack(slice_of(bytes, sizeof(bytes) - 1), &read));
    assert_false(trace_context_unpack(slice_of(bytes, 0), &read));
    memset(bytes, 0, TRACE_ID_BYTES);
    assert_false(trace_context_unpack(slice_of(bytes, sizeof(bytes)), &read));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read_is_written),
        cmocka_unit_test(other_flags_are_not_passed_on),
        cmocka_unit_test(of_later_versions_the_known_parts_are_read),
        cmocka_unit_test(what_the_standard_forbids_is_refused),
        cmocka_unit_test(a_child_has_a_name_of_its_own_in_the_same_trace),
        cmocka_unit_test(bytes_are_read_as_they_were_packed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
