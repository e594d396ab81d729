/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/page.h"
#include "tests/unit/unit.h"

static const struct page_schema example = {
    .count = 5,
    .columns =
        {
            {PAGE_FIELD_KEY, 0, "id"},
            {PAGE_FIELD_PHONE, 0, "phone"},
            {PAGE_FIELD_PHONE, 1, "phone.2"},
            {PAGE_FIELD_EMAIL, 0, "email"},
            {PAGE_FIELD_VARIABLE, 0, "pr\xc3\xa9nom"},
        },
};
static const char golden[] = "\x01\x05"
                             "\x00\x00\x02id"
                             "\x02\x00\x05phone"
                             "\x02\x01\x07phone.2"
                             "\x01\x00\x05"
                             "email"
                             "\x07\x00\x07pr\xc3\xa9nom";

static void version_1_is_written_for_ever_as_it_is(void **state)
{
    (void)state;
    struct buf buf = {0};
    page_schema_encode(&example, &buf);
    assert_int_equal(buf.len, sizeof(golden) - 1);
    assert_memory_equal(buf.data, golden, buf.len);
    struct page_schema schema;
    assert_int_equal(page_schema_decode(buf_view(&buf), &schema), ERR_OK);
    assert_memory_equal(&schema, &example, sizeof(schema));
    buf_release(&buf);
}

static void columns_are_found_by_name_and_by_endpoint(void **state)
{
    (void)state;
    assert_int_equal(page_schema_find(&example, slice_str("phone.2")), 2);
    assert_int_equal(page_schema_find(&example, slice_str("phone.")), -1);
    assert_int_equal(page_schema_find(&example, slice_str("")), -1);
    assert_int_equal(page_schema_endpoint(&example, PAGE_FIELD_PHONE, 1), 2);
    assert_int_equal(page_schema_endpoint(&example, PAGE_FIELD_PHONE, 2), -1);
    assert_int_equal(page_schema_endpoint(&example, PAGE_FIELD_PUSH, 0), -1);
}

static void the_most_columns_with_the_longest_names_survive(void **state)
{
    (void)state;
    struct page_schema many = {.count = PAGE_COLUMNS_MAX};
    for (unsigned i = 0; i < many.count; i++) {
        many.columns[i].field = i == 0 ? PAGE_FIELD_KEY : PAGE_FIELD_VARIABLE;
        memset(many.columns[i].name, 'a', PAGE_NAME_MAX);
        many.columns[i].name[0] = (char)('0' + i);
    }
    struct buf buf = {0};
    struct page_schema schema;
    page_schema_encode(&many, &buf);
    assert_int_equal(page_schema_decode(buf_view(&buf), &schema), ERR_OK);
    assert_memory_equal(&schema, &many, sizeof(schema));
    buf_release(&buf);
}

static void expect(const char *bytes, size_t len, enum err expected)
{
    struct page_schema schema;
    assert_int_equal(page_schema_decode(slice_of(bytes, len), &schema), expected);
}
#define EXPECT(literal, expected) expect(literal, sizeof(literal) - 1, expected)

static void a_schema_cut_anywhere_is_corrupt(void **state)
{
    (void)state;
    for (size_t len = 0; len < sizeof(golden) - 1; len++) {
        expect(golden, len, ERR_CORRUPT);
    }
    expect(golden, sizeof(golden), ERR_CORRUPT); /* a byte too many */
}

static void another_version_is_unsupported(void **state)
{
    (void)state;
    EXPECT("\x01\x01\x00\x00\x02id", ERR_OK);
    EXPECT("\x02\x01\x00\x00\x02id", ERR_UNSUPPORTED);
}

static void what_no_audience_has_is_corrupt(void **state)
{
    (void)state;
    EXPECT("\x01\x00", ERR_CORRUPT);                                /* no column */
    EXPECT("\x01\x41\x00\x00\x02id", ERR_CORRUPT);                  /* 65 */
    EXPECT("\x01\x01\x07\x00\x02id", ERR_CORRUPT);                  /* no key */
    EXPECT("\x01\x02\x00\x00\x02id\x00\x00\x02ie", ERR_CORRUPT);    /* two keys */
    EXPECT("\x01\x02\x00\x00\x02id\x07\x00\x02id", ERR_CORRUPT);    /* a name twice */
    EXPECT("\x01\x02\x00\x00\x02id\x08\x00\x01x", ERR_CORRUPT);     /* an unknown field */
    EXPECT("\x01\x02\x00\x00\x02id\x07\x01\x01x", ERR_CORRUPT);     /* a variable of rank 1 */
    EXPECT("\x01\x02\x00\x00\x02id\x07\x00\x00", ERR_CORRUPT);      /* no name */
    EXPECT("\x01\x02\x00\x00\x02id\x07\x00\x01\xff", ERR_CORRUPT);  /* no UTF-8 */
    EXPECT("\x01\x02\x00\x00\x02id\x07\x00\x02x\x00", ERR_CORRUPT); /* a zero in a name */
    EXPECT("\x01\x02\x00\x00\x02id\x02\x40\x01x", ERR_CORRUPT);     /* an endpoint of rank 64 */
    EXPECT("\x01\x03\x00\x00\x02id\x02\x00\x01x\x02\x00\x01y", ERR_CORRUPT); /* an endpoint twice */
    EXPECT("\x01\x03\x00\x00\x02id\x02\x00\x01x\x02\x01\x01y", ERR_OK);
}

static void a_name_that_is_too_long_is_corrupt(void **state)
{
    (void)state;
    struct buf buf = {0};
    buf_append(&buf, "\x01\x01\x00\x00\x41", 5);
    for (unsigned i = 0; i < 65; i++) {
        buf_u8(&buf, 'x');
    }
    expect((const char *)buf.data, buf.len, ERR_CORRUPT);
    buf_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_1_is_written_for_ever_as_it_is),
        cmocka_unit_test(columns_are_found_by_name_and_by_endpoint),
        cmocka_unit_test(the_most_columns_with_the_longest_names_survive),
        cmocka_unit_test(a_schema_cut_anywhere_is_corrupt),
        cmocka_unit_test(another_version_is_unsupported),
        cmocka_unit_test(what_no_audience_has_is_corrupt),
        cmocka_unit_test(a_name_that_is_too_long_is_corrupt),
    };
    return cmocka_run_group_tests_name("page_schema", tests, NULL, NULL);
}
