/* SPDX-License-Identifier: Apache-2.0 */
/* Who it was sent to: rows and pages as the launch bound them, in the form of now and of before. */
#include "tests/unit/bundle_rig.h"

/* Of an audience that was sealed before rows were bound: the form of then. */
static void an_older_audience_has_the_older_form(void **state)
{
    struct fixture *fixture = *state;
    struct bundle bundle = {0};
    struct problem problem = {0};
    assert_int_equal(check_bundle(buf_view(&fixture->one), &bundle, &problem), ERR_OK);
    assert_true(bundle.version == 1 && !bundle.is_row_proven);
    bundle_release(&bundle);
    assert_int_equal(check_bundle(buf_view(&fixture->whole), &bundle, &problem), ERR_OK);
    assert_true(bundle.version == 1 && bundle.pages == PAGES);
    bundle_release(&bundle);
}

static struct buf read_golden(const char *name)
{
    char path[512];
    struct buf bytes = {0};
    (void)snprintf(path, sizeof(path), "%s/%s", BUNDLES, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    bytes.len = fread(buf_reserve(&bytes, 65536), 1, 65536, file);
    (void)fclose(file);
    return bytes;
}

/* As version 1 wrote them, with the page of the recipient that it could add. */
static void bundles_of_version_1_are_read(void **state)
{
    static const struct {
        const char *name;
        bool has_recipient;
        bool is_row_proven;
    } goldens[] = {{"version_1_recipient", true, false},
                   {"version_1_with_page", true, true},
                   {"version_1_campaign", false, false}};
    const struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(goldens) / sizeof(goldens[0]); i++) {
        struct bundle bundle = {0};
        struct problem problem = {0};
        struct buf bytes = read_golden(goldens[i].name);
        assert_int_equal(check_bundle(buf_view(&bytes), &bundle, &problem), ERR_OK);
        assert_int_equal(bundle.has_recipient, goldens[i].has_recipient);
        assert_int_equal(bundle.is_row_proven, goldens[i].is_row_proven);
        assert_int_equal(bundle.pages, goldens[i].has_recipient ? goldens[i].is_row_proven : PAGES);
        assert_true(bundle_is_by(&bundle, fixture->keys[1].public_key));
        bundle_release(&bundle);
        buf_release(&bytes);
    }
}

/* The bundle with the first line of a type replaced. */
static void replace(struct fixture *fixture, const struct buf *bundle, const char *begin,
                    struct slice line, struct buf *into)
{
    struct slice lines[64];
    unsigned count = split_lines(buf_view(bundle), lines, 64) - 1;
    unsigned at = 0;
    while (!begins_with(lines[at], begin)) {
        at++;
        assert_true(at < count);
    }
    lines[at] = line;
    sign_anew(fixture, lines, count, into);
}

/* Page 2, whose last row says `phone`. */
static void seal_page_2(const struct fixture *fixture, const char *phone, struct buf *sealed)
{
    struct page_builder builder;
    struct buf scratch = {0};
    page_builder_init(&builder, fixture->schema.count);
    for (unsigned i = 0; i < 3; i++) {
        char key[32];
        char number[32];
        (void)snprintf(key, sizeof(key), "r%u", 2 * PAGE_RECIPIENTS + i);
        (void)snprintf(number, sizeof(number), "+47%08u", 2 * PAGE_RECIPIENTS + i);
        const struct slice values[] = {slice_str(key), slice_str(i == 2 ? phone : number),
                                       slice_str("Kari \"K\""),
                                       slice_str(i == PLACE ? "de-AT" : "")};
        assert_true(page_builder_add(&builder, values));
    }
    page_seal(&builder, PAGE_ZSTD, NULL, &scratch, sealed);
    page_builder_release(&builder);
    buf_release(&scratch);
}

static void replace_page_2(struct fixture *fixture, struct slice sealed, struct buf *into)
{
    struct bundle_writer writer = {0};
    bundle_begin(&writer, "page");
    bundle_number(&writer, "page", 2);
    bundle_bytes(&writer, "sealed", sealed);
    bundle_end(&writer);
    replace(fixture, &fixture->whole, "{\"type\":\"page\",\"page\":2", buf_view(&writer.line),
            into);
    bundle_writer_release(&writer);
}

/* A page that was put in place of the sealed one. How it is compressed says nothing. */
static void pages_are_bound_by_the_launch(void **state)
{
    struct fixture *fixture = *state;
    struct buf bytes = {0};
    struct buf sealed = {0};
    replace_page_2(fixture, slice_str("another"), &bytes);
    assert_refused(&bytes, fixture->is_older ? "not the pages that were sealed"
                                             : "no page of this audience");
    seal_page_2(fixture, "+4700002050", &sealed);
    replace_page_2(fixture, buf_view(&sealed), &bytes);
    assert_int_equal(is_good(fixture, buf_view(&bytes)), !fixture->is_older);
    buf_clear(&sealed);
    seal_page_2(fixture, "+4700002059", &sealed);
    replace_page_2(fixture, buf_view(&sealed), &bytes);
    assert_refused(&bytes, "not the pages that were sealed");
    buf_release(&sealed);
    buf_release(&bytes);
}

static void the_secret_of_the_rows_is_the_one_of_the_launch(void **state)
{
    struct fixture *fixture = *state;
    struct bundle_writer writer = {0};
    struct buf bytes = {0};
    static const uint8_t other[ROWS_SECRET_BYTES] = {9};
    bundle_begin(&writer, "rows");
    bundle_bytes(&writer, "secret", slice_of(other, sizeof(other)));
    bundle_end(&writer);
    replace(fixture, &fixture->whole, "{\"type\":\"rows\"", buf_view(&writer.line), &bytes);
    assert_refused(&bytes, "not the pages that were sealed");
    replace(fixture, &fixture->whole, "{\"type\":\"rows\"", slice_of(NULL, 0), &bytes);
    assert_refused(&bytes, "salted with is missing");
    bundle_writer_release(&writer);
    buf_release(&bytes);
}

/* What his line says, with one thing changed. */
struct row_line {
    struct slice phone;
    struct buf bytes[3]; /* salt, row_path, page_path */
};

static void read_row_line(const struct fixture *fixture, struct row_line *row)
{
    static const char *const names[] = {"salt", "row_path", "page_path"};
    struct slice lines[64];
    unsigned count = split_lines(buf_view(&fixture->one), lines, 64);
    for (unsigned i = 0; i < count; i++) {
        if (begins_with(lines[i], "{\"type\":\"recipient\"")) {
            json_t *json = json_loadb((const char *)lines[i].data, lines[i].len, 0, NULL);
            for (unsigned b = 0; b < 3; b++) {
                const char *text = json_string_value(json_object_get(json, names[b]));
                size_t len;
                assert_true(text_base64url_decode(slice_str(text),
                                                  buf_reserve(&row->bytes[b], 1024), 1024, &len));
                row->bytes[b].len = len;
            }
            json_decref(json);
        }
    }
    row->phone = slice_str("+4700001026");
}

static void assert_row_refused(struct fixture *fixture, const struct row_line *row)
{
    struct bundle_writer writer = {0};
    struct buf bytes = {0};
    const struct slice values[] = {slice_str("r1026"), row->phone, slice_str("Kari \"K\""),
                                   slice_str("de-AT")};
    bundle_begin(&writer, "recipient");
    bundle_texts(&writer, "values", values, 4);
    bundle_bytes(&writer, "salt", buf_view(&row->bytes[0]));
    bundle_bytes(&writer, "row_path", buf_view(&row->bytes[1]));
    bundle_bytes(&writer, "page_path", buf_view(&row->bytes[2]));
    bundle_end(&writer);
    replace(fixture, &fixture->one, "{\"type\":\"recipient\"", buf_view(&writer.line), &bytes);
    assert_refused(&bytes, "not those that were sealed");
    bundle_writer_release(&writer);
    buf_release(&bytes);
}

/* Whoever has the key writes another number into the bundle, or shows another's salt or path. */
static void a_row_is_bound_by_the_launch(void **state)
{
    struct fixture *fixture = *state;
    struct row_line row = {0};
    read_row_line(fixture, &row);
    row.phone = slice_str("+4700001027");
    assert_row_refused(fixture, &row);
    row.phone = slice_str("+4700001026");
    for (unsigned b = 0; b < 3; b++) {
        for (size_t at = 0; at < row.bytes[b].len; at++) {
            row.bytes[b].data[at] ^= 1;
            assert_row_refused(fixture, &row);
            row.bytes[b].data[at] ^= 1;
        }
        row.bytes[b].len--;
        assert_row_refused(fixture, &row);
        row.bytes[b].len++;
    }
    for (unsigned b = 0; b < 3; b++) {
        buf_release(&row.bytes[b]);
    }
}

#define TEST(fn)       cmocka_unit_test_setup_teardown(fn, setup, teardown)
#define TEST_OLDER(fn) cmocka_unit_test_setup_teardown(fn, setup_older, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_OLDER(an_older_audience_has_the_older_form),
        TEST(bundles_of_version_1_are_read),
        TEST(pages_are_bound_by_the_launch),
        TEST_OLDER(pages_are_bound_by_the_launch),
        TEST(the_secret_of_the_rows_is_the_one_of_the_launch),
        TEST(a_row_is_bound_by_the_launch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
