/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/audience/heading.h"
#include "tests/unit/unit.h"

static struct audience_mapping mappings[8];

/* Reads the names of a header, separated by "|", under a --map text. */
static enum err read_heading(struct heading *heading, const char *map, const char *names,
                             struct problem *problem)
{
    int count = audience_mappings_parse(map, mappings, 8, problem);
    assert_true(count >= 0);
    heading_init(heading, mappings, (unsigned)count);
    for (;;) {
        size_t len = strcspn(names, "|");
        enum err err = heading_add(heading, slice_of(names, len), 0, problem);
        if (err != ERR_OK) {
            return err;
        }
        if (names[len] == '\0') {
            return heading_seal(heading, "the header", problem);
        }
        names += len + 1;
    }
}

/* "id:KEY0 phone.2:PHONE1 ..." and, for each source, its place. */
static void assert_schema(const char *map, const char *names, const char *expected)
{
    static const char *const fields[] = {
#define TEST_FIELD(name, word) #name,
        PAGE_FIELD_MAP(TEST_FIELD)
#undef TEST_FIELD
    };
    static struct heading heading;
    struct problem problem = {0};
    struct buf out = {0};
    if (read_heading(&heading, map, names, &problem) != ERR_OK) {
        fail_msg("%s", problem.text);
    }
    for (unsigned i = 0; i < heading.schema.count; i++) {
        const struct page_column *column = &heading.schema.columns[i];
        buf_printf(&out, "%s:%s%u ", column->name, fields[column->field], column->rank);
    }
    for (unsigned i = 0; i < heading.count; i++) {
        buf_printf(&out, "%u", heading.sources[i].place);
    }
    assert_buf_is(&out, expected);

    /* The schema is one that pages accept. */
    struct page_schema back;
    page_schema_encode(&heading.schema, &out);
    assert_int_equal(page_schema_decode(buf_view(&out), &back), ERR_OK);
    buf_release(&out);
}

static void assert_refused(const char *map, const char *names, const char *expected)
{
    static struct heading heading;
    struct problem problem = {0};
    assert_int_not_equal(read_heading(&heading, map, names, &problem), ERR_OK);
    assert_string_equal(problem.text, expected);
}

static void known_names_become_fields_and_others_variables(void **state)
{
    (void)state;
    assert_schema("", "id", "id:KEY0 0");
    assert_schema(
        "", "id|email|phone|push_token|webhook|locale|timezone|name",
        "id:KEY0 email:EMAIL0 phone:PHONE0 push_token:PUSH0 webhook:WEBHOOK0 locale:LOCALE0 "
        "timezone:TIMEZONE0 name:VARIABLE0 01234567");
    assert_schema("", " ID | Email\t|Phone.2|PHONE",
                  "id:KEY0 email:EMAIL0 phone.2:PHONE1 phone:PHONE0 0123");
    assert_schema("", "first.name-x_1|id", "id:KEY0 first.name-x_1:VARIABLE0 10");
    assert_schema("", "a|b|id|c", "id:KEY0 a:VARIABLE0 b:VARIABLE0 c:VARIABLE0 1203");
    assert_schema("", "id|phone.1|phone.2|phone.3",
                  "id:KEY0 phone:PHONE0 phone.2:PHONE1 phone.3:PHONE2 0123");
    assert_schema(
        "", "id|id.2|locale.2|phone.x|phones",
        "id:KEY0 id.2:VARIABLE0 locale.2:VARIABLE0 phone.x:VARIABLE0 phones:VARIABLE0 01234");
}

static void mappings_rename(void **state)
{
    (void)state;
    assert_schema("id=customer_no,phone=Mobile,phone.2=Tel. home",
                  "customer_no|Mobile|Tel. home|name",
                  "id:KEY0 phone:PHONE0 phone.2:PHONE1 name:VARIABLE0 0123");
    assert_schema("id=a,b=id", "id|a", "id:KEY0 b:VARIABLE0 10");
}

static void headings_that_make_no_sense_are_refused_with_advice(void **state)
{
    (void)state;
    assert_refused("", "email|name",
                   "the header has no column \"id\"; it has: email, name. Name the one that "
                   "identifies a recipient with --map id=NAME");
    assert_refused("", "id|name|id", "the column \"id\" comes twice");
    assert_refused("", "id|phone|phone.1",
                   "the columns \"phone\" and \"phone.1\" would both be \"phone\"; give one of "
                   "them another name "
                   "with --map NAME=phone.1");
    assert_refused("id=key", "id|key",
                   "the columns \"id\" and \"key\" would both be \"id\"; give one of them another "
                   "name with --map "
                   "NAME=id");
    assert_refused("", "id|", "there is a column without a name");
    assert_refused(
        "", "id|First Name",
        "no template could reference a column called \"First Name\": names have 1 to 64 letters, "
        "digits, _ - and . ; rename it, as with --map 'First_Name=First Name'");
    assert_refused("", "id|phone.3",
                   "the header has a column \"phone.3\" but not the one before it");
    assert_refused(
        "phone=Mobil", "id|Mobile",
        "--map phone=Mobil: the header has no column \"Mobil\"; did you mean \"Mobile\"?");
    assert_refused("phone=zzz", "id|Mobile",
                   "--map phone=zzz: the header has no column \"zzz\"; it has: id, Mobile");
    assert_refused("idd=id", "id|phone",
                   "--map idd=id takes the column \"id\" away, which identifies a recipient; leave "
                   "it out, or name another with --map id=NAME");
    assert_refused("", "a|b|c|d|e|f|g|h|i|j",
                   "the header has no column \"id\"; it has: a, b, c, d, e, f, g, h, \xe2\x80\xa6. "
                   "Name the one "
                   "that identifies a recipient with --map id=NAME");
}

static void there_are_at_most_64_columns(void **state)
{
    (void)state;
    static struct heading heading;
    struct problem problem;
    heading_init(&heading, NULL, 0);
    char name[16] = "id";
    for (unsigned i = 0; i < PAGE_COLUMNS_MAX; i++) {
        assert_int_equal(heading_add(&heading, slice_str(name), 0, &problem), ERR_OK);
        snprintf(name, sizeof(name), "c%u", i);
    }
    assert_int_equal(heading_add(&heading, slice_str(name), 0, &problem), ERR_LIMIT);
    assert_int_equal(heading_seal(&heading, "the header", &problem), ERR_OK);
}

static void arrays_make_a_series(void **state)
{
    (void)state;
    static struct heading heading;
    struct problem problem;
    heading_init(&heading, NULL, 0);
    assert_int_equal(heading_add(&heading, slice_str("id"), 0, &problem), ERR_OK);
    assert_int_equal(heading_add(&heading, slice_str("email"), 0, &problem), ERR_OK);
    assert_int_equal(heading_add(&heading, slice_str("email"), 1, &problem), ERR_OK);
    assert_int_equal(heading_add(&heading, slice_str("email.2"), 0, &problem), ERR_EXISTS);
    assert_int_equal(heading_add(&heading, slice_str("name"), 1, &problem), ERR_INVALID);
    assert_int_equal(heading_add(&heading, slice_str("email.3"), 1, &problem), ERR_INVALID);
    assert_int_equal(heading_seal(&heading, "the file", &problem), ERR_OK);
    assert_string_equal(heading.schema.columns[2].name, "email.2");
    assert_int_equal(heading_find(&heading, slice_str("email"), 1), 2);
    assert_int_equal(heading_find(&heading, slice_str("email"), 2), -1);
}

static void assert_bad_mapping(const char *text, const char *expected)
{
    struct problem problem = {0};
    assert_int_equal(audience_mappings_parse(text, mappings, 2, &problem), -1);
    assert_string_equal(problem.text, expected);
}

static void mappings_are_parsed(void **state)
{
    (void)state;
    struct problem problem;
    assert_int_equal(audience_mappings_parse("", mappings, 8, &problem), 0);
    assert_int_equal(audience_mappings_parse("id=a=b,x=Caf\xc3\xa9 1", mappings, 8, &problem), 2);
    assert_string_equal(mappings[0].target, "id");
    assert_string_equal(mappings[0].source, "a=b");
    assert_string_equal(mappings[1].source, "Caf\xc3\xa9 1");
    static const char advice[] = ": write the audience's column, = and the file's column, as "
                                 "id=customer_no,phone=Mobile";
    char expected[200];
    static const char *const bad[] = {"id", "=a", "id=", ""};
    for (unsigned i = 0; i < 3; i++) {
        snprintf(expected, sizeof(expected), "mapping \"%s\"%s", bad[i], advice);
        assert_bad_mapping(bad[i], expected);
    }
    assert_bad_mapping("a=b,,c=d",
                       "mapping \"\": write the audience's column, = and the file's column, as "
                       "id=customer_no,phone=Mobile");
    assert_bad_mapping("a=b,c=d,e=f", "more than 2 mappings");
    char longest[400] = "id=";
    memset(longest + 3, 'x', 300);
    snprintf(expected, sizeof(expected), "mapping \"%.64s\": the name is too long", longest);
    assert_bad_mapping(longest, expected);
    assert_bad_mapping("a=b,c=b", "\"b\" is mapped twice");
    assert_bad_mapping("a=b,a=c", "\"a\" is mapped twice");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_names_become_fields_and_others_variables),
        cmocka_unit_test(mappings_rename),
        cmocka_unit_test(headings_that_make_no_sense_are_refused_with_advice),
        cmocka_unit_test(there_are_at_most_64_columns),
        cmocka_unit_test(arrays_make_a_series),
        cmocka_unit_test(mappings_are_parsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
