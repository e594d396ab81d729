/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "common/mem.h"
#include "coordinator/audience/csv.h"
#include "tests/unit/unit.h"

/* A row as text: "2[a|b]", a broken one as "3!STRAY_QUOTE@1". */
static void write_row(struct buf *out, const struct csv_row *row)
{
    static const char *const names[] = {
#define TEST_FLAW(name, sentence) #name,
        CSV_FLAW_MAP(TEST_FLAW)
#undef TEST_FLAW
    };
    if (row->flaw != CSV_FLAW_NONE) {
        buf_printf(out, "%u!%s@%u ", (unsigned)row->line, names[row->flaw], row->count);
        return;
    }
    buf_printf(out, "%u[", (unsigned)row->line);
    for (unsigned i = 0; i < row->count && i < CSV_FIELDS_MAX; i++) {
        buf_str(out, i == 0 ? "" : "|");
        buf_slice(out, cell_view(row->fields[i]));
    }
    buf_str(out, "] ");
}

static enum csv_status drain(struct csv *csv, struct buf *out)
{
    struct csv_row row;
    enum csv_status status;
    while ((status = csv_next(csv, &row)) == CSV_ROW || status == CSV_BROKEN) {
        write_row(out, &row);
    }
    return status;
}

/* Parses the text in pieces of `step` bytes. */
static void parse(struct slice text, size_t step, char delimiter, struct buf *out)
{
    struct csv csv;
    csv_init(&csv, delimiter);
    for (size_t at = 0; at < text.len; at += step) {
        size_t len = text.len - at < step ? text.len - at : step;
        /* A copy of its own, so that a read past the piece is seen. */
        uint8_t *piece = mem_copy(text.data + at, len);
        csv_push(&csv, slice_of(piece, len));
        mem_free(piece);
        assert_int_equal(drain(&csv, out), CSV_MORE);
    }
    csv_end(&csv);
    assert_int_equal(drain(&csv, out), CSV_DONE);
    assert_int_equal(drain(&csv, out), CSV_DONE);
    csv_release(&csv);
}

static void assert_rows(struct slice text, const char *expected)
{
    struct buf out = {0};
    for (size_t step = 1; step <= text.len + 1; step += step < 200 ? 1 : 37) {
        parse(text, step, CSV_DETECT, &out);
        assert_buf_is(&out, expected);
    }
    buf_release(&out);
}

#define assert_parses(text, expected) assert_rows(slice_of(text, sizeof(text) - 1), expected)

static void rows_are_split_at_commas_and_line_ends(void **state)
{
    (void)state;
    assert_parses("", "");
    assert_parses("a", "1[a] ");
    assert_parses("a,b\nc,d\n", "1[a|b] 2[c|d] ");
    assert_parses("a,b\r\nc,d\r\n", "1[a|b] 2[c|d] ");
    assert_parses("a,b\r\nc,d", "1[a|b] 2[c|d] ");
    assert_parses("a,b\nc,d\r", "1[a|b] 2[c|d] ");
    assert_parses(",\n,,\n", "1[|] 2[||] ");
    assert_parses("a b, c ,\td", "1[a b| c |\td] ");
    assert_parses("a,\xc3\xa4\n", "1[a|\xc3\xa4] ");
}

static void empty_lines_are_no_rows_but_count_as_lines(void **state)
{
    (void)state;
    assert_parses("\n\na\n\r\n\nb\n\n", "3[a] 6[b] ");
    assert_parses("\n", "");
    assert_parses("\r\n\r\n", "");
    assert_parses("a\n\"\"\nb", "1[a] 2[] 3[b] ");
}

static void quotes_hide_delimiters_and_line_breaks(void **state)
{
    (void)state;
    assert_parses("\"a,b\",c\nd,e\n", "1[a,b|c] 2[d|e] ");
    assert_parses("a,\"b\nc\r\nd\",e\nf\n", "1[a|b\nc\r\nd|e] 4[f] ");
    assert_parses("\"\",\"\"\"\",\"a\"\"b\"\"\"\n", "1[|\"|a\"b\"] ");
    assert_parses("\"a\"", "1[a] ");
    assert_parses("\"a\"\r\n\"b\"\r\n", "1[a] 2[b] ");
    assert_parses("\"a\"\"\"\"b\",c", "1[a\"\"b|c] ");
}

static void a_mark_in_front_is_passed_over(void **state)
{
    (void)state;
    assert_parses("\xef\xbb\xbf", "");
    assert_parses("\xef\xbb\xbf"
                  "a,b\nc,d",
                  "1[a|b] 2[c|d] ");
    assert_parses("\xef\xbb\xbf\"a\",b", "1[a|b] ");
    assert_parses("a\n\xef\xbb\xbf"
                  "b",
                  "1[a] 2[\xef\xbb\xbf"
                  "b] ");
}

static void the_delimiter_is_found_in_the_first_line(void **state)
{
    (void)state;
    assert_parses("a;b\nc;d,e\n", "1[a|b] 2[c|d,e] ");
    assert_parses("a\tb\nc\td;e\n", "1[a|b] 2[c|d;e] ");
    assert_parses("a;b,c\nd;e,f", "1[a;b|c] 2[d;e|f] ");
    assert_parses("\"a,b\";c\n1;2", "1[a,b|c] 2[1|2] ");
    assert_parses("a;b\tc;d\ne", "1[a|b\tc|d] 2[e] ");
    assert_parses("a\nb;c", "1[a] 2[b;c] ");
}

static void a_broken_row_costs_one_line(void **state)
{
    (void)state;
    assert_parses("a\"b\nc\n", "1!STRAY_QUOTE@1 2[c] ");
    assert_parses("a,b\"\nc\n", "1!STRAY_QUOTE@2 2[c] ");
    assert_parses("\"a\"b,c\nd\n", "1!AFTER_QUOTE@1 2[d] ");
    assert_parses("\"a\" ,c\nd\n", "1!AFTER_QUOTE@1 2[d] ");
    assert_parses("\"a\"\rb\nd\n", "1!AFTER_QUOTE@1 2[d] ");
    assert_parses("x,\"a\nb,c\nd,e\n", "1!OPEN_QUOTE@2 2[b|c] 3[d|e] ");
    assert_parses("\"a\n\"b\nc\n", "1!AFTER_QUOTE@1 2!OPEN_QUOTE@1 3[c] ");
    assert_parses("\"", "1!OPEN_QUOTE@1 ");
    assert_parses("\"\"\"", "1!OPEN_QUOTE@1 ");
    assert_parses("a,\"\nb", "1!OPEN_QUOTE@2 2[b] ");
}

static void append_repeated(struct buf *buf, char c, size_t count)
{
    memset(buf_reserve(buf, count), c, count);
    buf->len += count;
}

static void a_row_that_is_too_long_costs_one_line(void **state)
{
    (void)state;
    struct buf text = {0};
    struct buf out = {0};
    const size_t steps[] = {100, 4096, CSV_ROW_MAX - 1, CSV_ROW_MAX, CSV_ROW_MAX + 1, SIZE_MAX / 2};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        /* The longest that passes, and one more. */
        append_repeated(&text, 'x', CSV_ROW_MAX - 1);
        buf_str(&text, "\n");
        append_repeated(&text, 'y', CSV_ROW_MAX);
        buf_str(&text, "\nz\n\"");
        append_repeated(&text, 'q', CSV_ROW_MAX);
        buf_str(&text, "\nr\n");
        append_repeated(&text, 'o', CSV_ROW_MAX);
        parse(buf_view(&text), steps[i], ',', &out);
        assert_int_equal(out.len, CSV_ROW_MAX - 1 + 4 +
                                      strlen("2!TOO_LONG@0 3[z] 4!TOO_LONG@0 5[r] "
                                             "6!TOO_LONG@0 "));
        assert_string_equal(buf_cstr(&out) + CSV_ROW_MAX - 1 + 4,
                            "2!TOO_LONG@0 3[z] 4!TOO_LONG@0 5[r] 6!TOO_LONG@0 ");
        buf_clear(&text);
        buf_clear(&out);
    }
    buf_release(&text);
    buf_release(&out);
}

static void a_forgotten_quote_does_not_swallow_the_rows_behind_it(void **state)
{
    (void)state;
    struct buf text = {0};
    struct buf out = {0};
    struct buf expected = {0};
    buf_str(&text, "a,b\n1,\"x\n");
    buf_str(&expected, "1[a|b] 2!TOO_LONG@0 ");
    for (unsigned i = 3; i < 30000; i++) {
        buf_printf(&text, "%u,yyy\n", i);
        buf_printf(&expected, "%u[%u|yyy] ", i, i);
    }
    const size_t steps[] = {1000, 65536, SIZE_MAX / 2};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        parse(buf_view(&text), steps[i], ',', &out);
        assert_string_equal(buf_cstr(&out), buf_cstr(&expected));
        buf_clear(&out);
    }
    buf_release(&text);
    buf_release(&out);
    buf_release(&expected);
}

static void memory_stays_flat_in_an_endless_line(void **state)
{
    (void)state;
    struct csv csv;
    struct csv_row row;
    csv_init(&csv, ',');
    csv_push(&csv, slice_str("id\n"));
    assert_int_equal(csv_next(&csv, &row), CSV_ROW);
    uint8_t *piece = mem_alloc(1 << 20);
    memset(piece, 'x', 1 << 20);
    unsigned broken = 0;
    for (unsigned i = 0; i < 1024; i++) {
        csv_push(&csv, slice_of(piece, 1 << 20));
        enum csv_status status;
        while ((status = csv_next(&csv, &row)) == CSV_BROKEN) {
            broken++;
        }
        assert_int_equal(status, CSV_MORE);
        assert_true(csv.window.cap <= 8 << 20);
    }
    csv_push(&csv, slice_str("\nlast\n"));
    assert_int_equal(csv_next(&csv, &row), CSV_ROW);
    assert_slice_is(cell_view(row.fields[0]), "last");
    assert_int_equal(row.line, 3);
    assert_int_equal(broken, 1);
    mem_free(piece);
    csv_release(&csv);
}

static void many_fields_are_counted(void **state)
{
    (void)state;
    struct buf text = {0};
    for (unsigned i = 0; i < 200; i++) {
        buf_str(&text, i % 3 == 0 ? "," : "ab,");
    }
    struct csv csv;
    struct csv_row row;
    for (unsigned with_quote = 0; with_quote < 2; with_quote++) {
        csv_init(&csv, CSV_DETECT);
        csv_push(&csv, buf_view(&text));
        csv_push(&csv, slice_str(with_quote ? "\"\"" : ""));
        csv_end(&csv);
        assert_int_equal(csv_next(&csv, &row), CSV_ROW);
        assert_int_equal(row.count, 201);
        assert_slice_is(cell_view(row.fields[CSV_FIELDS_MAX - 1]), "");
        assert_slice_is(cell_view(row.fields[CSV_FIELDS_MAX - 2]), "ab");
        csv_release(&csv);
    }
    buf_release(&text);
}

static void plain_rows_are_known_as_such(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_plain;
    } cases[] = {
        {"a,b\tc\r\n", true}, {"a,\x01\n", false}, {"a,\xc3\xa4\n", false}, {"a,\x80\n", false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct csv csv;
        struct csv_row row;
        csv_init(&csv, CSV_DETECT);
        /* Far in front, so that the row has blocks of its own. */
        csv_push(
            &csv,
            slice_str("first line, which is longer than one block of sixty-four bytes, yes\n"));
        csv_push(&csv, slice_str(cases[i].text));
        assert_int_equal(csv_next(&csv, &row), CSV_ROW);
        assert_int_equal(csv_next(&csv, &row), CSV_ROW);
        assert_true(!row.is_plain || cases[i].is_plain);
        assert_true(row.is_plain || !cases[i].is_plain || i == 0);
        csv_release(&csv);
    }
}

/* Whatever the bytes, the way they are cut makes no difference. */
static void random_bytes_give_the_same_rows_in_any_pieces(void **state)
{
    (void)state;
    static const char letters[] = "\"\"\",,\n\n\r;\tab\xc3\xa4\x01";
    struct buf whole = {0};
    struct buf cut = {0};
    uint32_t dice = 1;
    for (unsigned round = 0; round < 3000; round++) {
        uint8_t text[160];
        size_t len = round % sizeof(text);
        for (size_t i = 0; i < len; i++) {
            dice = dice * 1664525 + 1013904223;
            text[i] = (uint8_t)letters[(dice >> 16) % (sizeof(letters) - 1)];
        }
        parse(slice_of(text, len), sizeof(text), CSV_DETECT, &whole);
        for (size_t step = 1; step < 20; step += 3) {
            parse(slice_of(text, len), step, CSV_DETECT, &cut);
            assert_string_equal(buf_cstr(&cut), buf_cstr(&whole));
            buf_clear(&cut);
        }
        buf_clear(&whole);
    }
    buf_release(&whole);
    buf_release(&cut);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_split_at_commas_and_line_ends),
        cmocka_unit_test(empty_lines_are_no_rows_but_count_as_lines),
        cmocka_unit_test(quotes_hide_delimiters_and_line_breaks),
        cmocka_unit_test(a_mark_in_front_is_passed_over),
        cmocka_unit_test(the_delimiter_is_found_in_the_first_line),
        cmocka_unit_test(a_broken_row_costs_one_line),
        cmocka_unit_test(a_row_that_is_too_long_costs_one_line),
        cmocka_unit_test(a_forgotten_quote_does_not_swallow_the_rows_behind_it),
        cmocka_unit_test(memory_stays_flat_in_an_endless_line),
        cmocka_unit_test(many_fields_are_counted),
        cmocka_unit_test(plain_rows_are_known_as_such),
        cmocka_unit_test(random_bytes_give_the_same_rows_in_any_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
