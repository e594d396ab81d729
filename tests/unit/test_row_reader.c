/* SPDX-License-Identifier: Apache-2.0 */
#include "common/mem.h"
#include "coordinator/audience/row_reader.h"
#include "tests/unit/unit.h"

/* "(1|a@b|)" for a recipient, "5 phone: reason" for a refusal, one a line; what the file failed for
 * at the end. */
static enum row_status drain(struct row_reader *reader, struct buf *out)
{
    for (;;) {
        enum row_status status = row_reader_next(reader);
        if (status == ROW_READY) {
            const struct row *row = row_reader_row(reader);
            for (unsigned c = 0; c < row_reader_schema(reader)->count; c++) {
                buf_str(out, c == 0 ? "(" : "|");
                buf_slice(out, row->values[c]);
            }
            buf_str(out, ")\n");
        } else if (status == ROW_REFUSED) {
            const struct refusal *refusal = row_reader_refusal(reader);
            buf_printf(out, "%u %s: %s\n", (unsigned)refusal->line, refusal->column,
                       refusal->reason);
        } else {
            return status;
        }
    }
}

static struct audience_mapping mappings[8];
static unsigned mapping_count;

static void set_mappings(const char *text)
{
    struct problem problem;
    int count = audience_mappings_parse(text, mappings, 8, &problem);
    assert_true(count >= 0);
    mapping_count = (unsigned)count;
}

static void read_all(enum audience_format format, struct slice text, size_t step, struct buf *out)
{
    struct row_reader *reader = row_reader_new(format, mappings, mapping_count);
    enum row_status status = ROW_MORE;
    for (size_t at = 0; at < text.len && status == ROW_MORE; at += step) {
        size_t len = text.len - at < step ? text.len - at : step;
        row_reader_push(reader, slice_of(text.data + at, len));
        status = drain(reader, out);
    }
    if (status == ROW_MORE) {
        row_reader_end(reader);
        status = drain(reader, out);
    }
    if (status == ROW_FAILED) {
        assert_int_equal(row_reader_next(reader), ROW_FAILED);
        assert_int_not_equal(row_reader_problem(reader)->err, ERR_OK);
        buf_printf(out, "FAILED %s", row_reader_problem(reader)->text);
    } else {
        assert_int_equal(status, ROW_DONE);
    }
    row_reader_free(reader);
}

static void assert_reads(enum audience_format format, struct slice text, const char *expected)
{
    struct buf out = {0};
    for (size_t step = 1; step <= text.len + 1; step += step < 40 ? 1 : 31) {
        read_all(format, text, step, &out);
        assert_buf_is(&out, expected);
    }
    buf_release(&out);
}

#define assert_csv(text, expected)                                                                 \
    assert_reads(AUDIENCE_CSV, slice_of(text, sizeof(text) - 1), expected)
#define assert_ndjson(text, expected)                                                              \
    assert_reads(AUDIENCE_NDJSON, slice_of(text, sizeof(text) - 1), expected)

static int clear_mappings(void **state)
{
    (void)state;
    mapping_count = 0;
    return 0;
}

static void rows_come_out_normalised_with_the_key_first(void **state)
{
    (void)state;
    assert_csv("name,id,phone,email\nAnna, 7 ,00491701234567,A@X.Example\nBob,8,,\n",
               "(7|Anna|+491701234567|A@x.example)\n(8|Bob||)\n");
    assert_csv("id;phone;locale\n1; +49 170 1234567 ;de_de\n", "(1|+491701234567|de-DE)\n");
    assert_csv("\xef\xbb\xbfid\r\n1\r\n2\r\n", "(1)\n(2)\n");
    assert_csv("id\n", "");
    assert_csv("id", "");
    assert_ndjson("{\"name\":\"Anna\",\"id\":7,\"phone\":[\"+491701234567\",\"+491701234568\"]}\n"
                  "{\"id\":\"8\",\"phone\":\"+49 170 1234569\",\"name\":null}\n",
                  "(7|Anna|+491701234567|+491701234568)\n(8||+491701234569|)\n");
}

static void mappings_apply_to_both_formats(void **state)
{
    (void)state;
    set_mappings("id=customer no,phone=Mobile");
    assert_csv(
        "customer no,Mobile\n1,+491701234567\n2,0170\n",
        "(1|+491701234567)\n3 Mobile: \"0170\" has no country code; write it as +491701234567\n");
    assert_ndjson("{\"customer no\":1,\"Mobile\":[\"+491701234567\",\"+491701234568\"]}\n",
                  "(1|+491701234567|+491701234568)\n");
    assert_ndjson("{\"customer no\":1,\"Mobile\":[\"+491701234567\",\"0170\"]}\n",
                  "1 Mobile.2: \"0170\" has no country code; write it as +491701234567\n");
    assert_csv("id,Mobile\n", "FAILED --map id=customer no: the header has no column \"customer "
                              "no\"; it has: id, Mobile");
}

static void refused_rows_say_where_and_why(void **state)
{
    (void)state;
    assert_csv(
        "id,phone\n1,0170 1234567\n,+491701234567\n3\n4,,\n\n\"5\n\"x\"y,\n\"7\n7\",\n",
        "2 phone: \"0170 1234567\" has no country code; write it as +491701234567\n"
        "3 id: is empty; every row needs one\n"
        "4 : the row has 1 fields, the header has 2\n"
        "5 : the row has 3 fields, the header has 2\n"
        "7 id: text behind a closing quote; a quote that belongs to the text must be doubled\n"
        "8 id: text behind a closing quote; a quote that belongs to the text must be doubled\n"
        "9 id: \"7?7\" has a control character\n");
    assert_csv("id,x\n1,a\xff\n2,\x01\n3,\xc3\xa4\n\x80,\n5,a\tb\n",
               "2 x: \"a?\" is not UTF-8; save the file as UTF-8\n"
               "3 x: \"?\" has a control character\n"
               "(3|\xc3\xa4)\n"
               "5 id: \"?\" is not UTF-8; save the file as UTF-8\n"
               "(5|a\tb)\n");
    assert_ndjson(
        "{\"id\":1}\n{\"id\":2,}\n{\"id\":{}}\n{\"id\":3,\"id\":4}\n{\"id\":[5]}\n{\"x y\":6}\n"
        "{\"id\":\"\\u0000\"}\n{\"id\":true}\n{}\n",
        "(1)\n"
        "2 : byte 9: a name in double quotes is expected here\n"
        "3 : byte 7: objects and arrays may not be nested: a row is flat\n"
        "4 id: the name comes twice in one row\n"
        "5 id: has several values; only email, phone, push_token and webhook may\n"
        "6 x y: no template could reference a column called \"x y\": names have 1 to 64 letters, "
        "digits, _ - and . ; rename it, as with --map 'x_y=x y'\n"
        "7 id: \"?\" has a control character\n"
        "(true)\n"
        "9 id: is empty; every row needs one\n");
}

static void files_that_are_none_fail_with_advice(void **state)
{
    (void)state;
    assert_csv(
        "", "FAILED the file is empty; a header row is expected, with at least the column \"id\"");
    assert_csv(
        "\n\r\n",
        "FAILED the file is empty; a header row is expected, with at least the column \"id\"");
    assert_csv("email\na@b",
               "FAILED the header has no column \"id\"; it has: email. Name the one that "
               "identifies a recipient with --map id=NAME");
    assert_csv("\n\"id\nx", "FAILED line 2, the header: a quote is opened and never closed");
    assert_csv("id,id\n", "FAILED line 1, the header: the column \"id\" comes twice");
    assert_csv("id,\xff\n",
               "FAILED line 1, the header: a column's name is not UTF-8 text of one line (is the "
               "file UTF-8, with LF or CRLF line ends?)");
    assert_csv("id\rname\r1\rAnna\r",
               "FAILED line 1, the header: a column's name is not UTF-8 text of one "
               "line (is the file UTF-8, with LF or CRLF line ends?)");
    assert_csv("\x1f\x8b\x08\x00\n", "FAILED the file is no CSV: it looks like gzip; send it with "
                                     "Content-Encoding: gzip");
    assert_csv("PK\x03\x04\n",
               "FAILED the file is no CSV: it looks like a ZIP archive or an Excel workbook; "
               "save it as CSV (UTF-8)");
    assert_csv("\xff\xfei\0d\0\n\0",
               "FAILED the file is no CSV: it looks like UTF-16; save it as UTF-8");
    assert_csv("{\"id\":1}\n", "FAILED the file is no CSV: it looks like JSON; send it as "
                               "application/x-ndjson, with one object a line");
    assert_ndjson(
        "",
        "FAILED the file is empty; one JSON object a line is expected, with at least an \"id\"");
    assert_ndjson("[{\"id\":1}]\n",
                  "FAILED the file is no NDJSON: it looks like a JSON array; send it as "
                  "application/x-ndjson, with one object a line");
    assert_ndjson("id,phone\n1,2\n",
                  "FAILED none of the first 2 rows is an NDJSON row; the last of them: byte "
                  "1: the line is not a JSON object; NDJSON has one object {...} a line");
    assert_ndjson("{\"id\":1,\"ID\":2}\n", "FAILED the columns \"id\" and \"ID\" would both be "
                                           "\"id\"; give one of them another name with "
                                           "--map NAME=ID");
    assert_ndjson("{\"x\":1}\n",
                  "FAILED the file has no column \"id\"; it has: x. Name the one that identifies "
                  "a recipient with --map id=NAME");
}

static void too_many_columns_fail(void **state)
{
    (void)state;
    struct buf text = {0};
    buf_str(&text, "id");
    for (unsigned i = 0; i < PAGE_COLUMNS_MAX; i++) {
        buf_printf(&text, ",c%u", i);
    }
    buf_str(&text, "\n");
    assert_reads(AUDIENCE_CSV, buf_view(&text),
                 "FAILED line 1, the header: there are more than 64 columns");
    buf_release(&text);
}

static void limits_of_a_row_hold(void **state)
{
    (void)state;
    struct buf text = {0};
    struct buf out = {0};
    static char value[PAGE_VALUE_MAX + 1];
    memset(value, 'v', PAGE_VALUE_MAX);
    buf_printf(&text, "id,x\n%.128s,\n%.129s,\n1,%.16383s\n2,%.16384s\n", value, value, value,
               value);
    read_all(AUDIENCE_CSV, buf_view(&text), 4096, &out);
    buf_clear(&text);
    buf_printf(&text,
               "(%.128s|)\n3 id: \"%.64s\xe2\x80\xa6\" is longer than 128 bytes\n(1|%.16383s)\n5 : "
               "the values of "
               "the row have more than 16,384 bytes\n",
               value, value, value);
    assert_string_equal(buf_cstr(&out), buf_cstr(&text));
    buf_release(&text);
    buf_release(&out);
}

static void the_first_rows_fix_the_columns_of_ndjson(void **state)
{
    (void)state;
    struct buf text = {0};
    struct buf out = {0};
    for (unsigned i = 0; i < ROW_SAMPLE - 1; i++) {
        buf_printf(&text, "{\"id\":%u}\n", i);
    }
    buf_str(&text, "{\"id\":\"a\",\"phone\":\"+491701234567\"}\n"
                   "{\"id\":\"b\",\"late\":1}\n{\"id\":\"c\",\"late\":null}\n"
                   "{\"id\":\"d\",\"phone\":[\"+491701234567\",\"+491701234567\"]}\n");
    const size_t steps[] = {7, 1000, SIZE_MAX / 2};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        read_all(AUDIENCE_NDJSON, buf_view(&text), steps[i], &out);
        const char *tail = strstr(buf_cstr(&out), "(a|");
        assert_non_null(tail);
        assert_string_equal(tail, "(a|+491701234567)\n"
                                  "1025 late: not a name that the first 1,024 rows have; those fix "
                                  "the columns, 64 at most\n"
                                  "(c|)\n"
                                  "1027 phone: more values than any of the first 1,024 rows has; "
                                  "those fix the columns\n");
        buf_clear(&out);
    }
    buf_release(&text);
    buf_release(&out);
}

static void a_sample_is_never_larger_than_its_limit(void **state)
{
    (void)state;
    struct row_reader *reader = row_reader_new(AUDIENCE_NDJSON, NULL, 0);
    struct buf row = {0};
    struct buf out = {0};
    buf_str(&row, "{\"id\":1,\"x\":\"");
    memset(buf_reserve(&row, 16000), 'x', 16000);
    row.len += 16000;
    buf_str(&row, "\"}\n");
    size_t pushed = 0;
    while (row_reader_next(reader) == ROW_MORE) {
        row_reader_push(reader, buf_view(&row));
        pushed += row.len;
        assert_true(pushed <= ROW_SAMPLE_BYTES + row.len);
    }
    assert_true(pushed >= ROW_SAMPLE_BYTES);
    row_reader_push(reader, slice_str("{\"id\":2,\"y\":3}\n"));
    assert_int_equal(drain(reader, &out), ROW_MORE);
    assert_non_null(strstr(buf_cstr(&out), " y: not a name"));
    row_reader_free(reader);
    buf_release(&row);
    buf_release(&out);
}

static void refusals_are_json(void **state)
{
    (void)state;
    struct refusal refusal;
    struct buf out = {0};
    refusal_set(&refusal, 17, slice_str("ph\x01\"one"), "%s", "a \"b\" \\");
    refusal_json(&refusal, &out);
    assert_buf_is(&out, "{\"line\":17,\"column\":\"ph?\\\"one\",\"reason\":\"a \\\"b\\\" \\\\\"}");
    static char name[300];
    memset(name, 'n', sizeof(name) - 1);
    refusal_set(&refusal, 1, slice_str(name), "%s\xc3\xa4%s%s", "x", name, name);
    assert_int_equal(strlen(refusal.column), REFUSAL_COLUMN_MAX);
    assert_int_equal(strlen(refusal.reason), REFUSAL_REASON_MAX);
    for (unsigned pad = 0; pad < 4; pad++) {
        refusal_set(&refusal, 1, slice_str(""), "%.*s%.299s\xf0\x9f\x98\x80%s", (int)(97 + pad),
                    name, name, name);
        assert_true(strlen(refusal.reason) <= REFUSAL_REASON_MAX);
        assert_true(strlen(refusal.reason) >= REFUSAL_REASON_MAX - 3);
    }
    buf_release(&out);
}

static void quotes_of_values_are_safe(void **state)
{
    (void)state;
    struct buf out = {0};
    refusal_quote(&out, slice_of("a\0b\n\x7f\xc2\x85\xff\xc3", 9), 64);
    assert_buf_is(&out, "a?b?????");
    refusal_quote(&out, slice_str("\xc3\xa4\xc3\xb6\xc3\xbc"), 5);
    assert_buf_is(&out, "\xc3\xa4\xc3\xb6\xe2\x80\xa6");
    refusal_quote(&out, slice_str("\xf0\x9f\x98\x80"), 4);
    assert_buf_is(&out, "\xf0\x9f\x98\x80");
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(rows_come_out_normalised_with_the_key_first, clear_mappings),
        cmocka_unit_test_setup(mappings_apply_to_both_formats, clear_mappings),
        cmocka_unit_test_setup(refused_rows_say_where_and_why, clear_mappings),
        cmocka_unit_test(files_that_are_none_fail_with_advice),
        cmocka_unit_test(too_many_columns_fail),
        cmocka_unit_test(limits_of_a_row_hold),
        cmocka_unit_test(the_first_rows_fix_the_columns_of_ndjson),
        cmocka_unit_test(a_sample_is_never_larger_than_its_limit),
        cmocka_unit_test(refusals_are_json),
        cmocka_unit_test(quotes_of_values_are_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
