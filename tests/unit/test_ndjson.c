/* SPDX-License-Identifier: Apache-2.0 */
#include "common/mem.h"
#include "coordinator/audience/ndjson.h"
#include "tests/unit/unit.h"

static const char *flaw_name(enum ndjson_flaw flaw)
{
    static const char *const names[] = {
#define TEST_FLAW(name, sentence) #name,
        NDJSON_FLAW_MAP(TEST_FLAW)
#undef TEST_FLAW
    };
    return names[flaw];
}

/* A row as text: "2{a=1|b.0=x|b.1=y}", a broken one as "3!COMMA@17". */
static void write_row(struct buf *out, const struct ndjson_row *row)
{
    if (row->flaw != NDJSON_FLAW_NONE) {
        buf_printf(out, "%u!%s@%u ", (unsigned)row->line, flaw_name(row->flaw),
                   (unsigned)row->flaw_at);
        return;
    }
    buf_printf(out, "%u{", (unsigned)row->line);
    for (unsigned i = 0; i < row->count; i++) {
        const struct ndjson_member *member = &row->members[i];
        buf_str(out, i == 0 ? "" : "|");
        buf_slice(out, member->name);
        if (member->is_array) {
            buf_printf(out, ".%u", member->rank);
        }
        buf_str(out, "=");
        buf_slice(out, cell_view(member->value));
    }
    buf_str(out, "} ");
}

static enum ndjson_status drain(struct ndjson *ndjson, struct buf *out)
{
    static struct ndjson_row row;
    enum ndjson_status status;
    while ((status = ndjson_next(ndjson, &row)) == NDJSON_ROW || status == NDJSON_BROKEN) {
        write_row(out, &row);
    }
    return status;
}

static void parse(struct slice text, size_t step, struct buf *out)
{
    struct ndjson ndjson;
    ndjson_init(&ndjson);
    for (size_t at = 0; at < text.len; at += step) {
        size_t len = text.len - at < step ? text.len - at : step;
        uint8_t *piece = mem_copy(text.data + at, len);
        ndjson_push(&ndjson, slice_of(piece, len));
        mem_free(piece);
        assert_int_equal(drain(&ndjson, out), NDJSON_MORE);
    }
    ndjson_end(&ndjson);
    assert_int_equal(drain(&ndjson, out), NDJSON_DONE);
    assert_int_equal(drain(&ndjson, out), NDJSON_DONE);
    ndjson_release(&ndjson);
}

static void assert_rows(struct slice text, const char *expected)
{
    struct buf out = {0};
    for (size_t step = 1; step <= text.len + 1; step++) {
        parse(text, step, &out);
        assert_buf_is(&out, expected);
    }
    buf_release(&out);
}

#define assert_parses(text, expected) assert_rows(slice_of(text, sizeof(text) - 1), expected)

static void a_row_is_the_list_of_its_members(void **state)
{
    (void)state;
    assert_parses("", "");
    assert_parses("{}", "1{} ");
    assert_parses("{\"a\":\"b\"}\n{\"c\":\"\"}\n", "1{a=b} 2{c=} ");
    assert_parses(" { \"a\" : \"b\" ,\t\"c\":\"d\" } \r\n{}", "1{a=b|c=d} 2{} ");
    assert_parses("{\"a\":\"b\",\"a\":\"c\"}", "1{a=b|a=c} ");
    assert_parses("\n\r\n  \n{\"a\":\"b\"}\n\n", "4{a=b} ");
    assert_parses("\xef\xbb\xbf{\"a\":\"b\"}", "1{a=b} ");
    assert_parses("\xef\xbb\xbf", "");
    assert_parses("\n\xef\xbb\xbf{}", "2!NOT_OBJECT@1 ");
}

static void numbers_and_words_are_kept_as_written(void **state)
{
    (void)state;
    assert_parses("{\"a\":0,\"b\":-12.50,\"c\":1e3,\"d\":2.5E-7}",
                  "1{a=0|b=-12.50|c=1e3|d=2.5E-7} ");
    assert_parses("{\"a\":true,\"b\":false,\"c\":null}", "1{a=true|b=false|c=} ");
    assert_parses("{\"a\":01}", "1!NUMBER@8 ");
    assert_parses("{\"a\":-}", "1!NUMBER@7 ");
    assert_parses("{\"a\":1.}", "1!NUMBER@8 ");
    assert_parses("{\"a\":1e+}", "1!NUMBER@9 ");
    assert_parses("{\"a\":.5}", "1!VALUE@6 ");
    assert_parses("{\"a\":nul}", "1!VALUE@6 ");
    assert_parses("{\"a\":True}", "1!VALUE@6 ");
    assert_parses("{\"a\":1x}", "1!COMMA@7 ");
}

static void escapes_are_undone(void **state)
{
    (void)state;
    assert_parses("{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\tz\"}", "1{a=\"\\/\b\f\n\r\tz} ");
    assert_parses("{\"a\":\"x\\u0041\\u00e9\\u20AC\\uD83D\\uDE00y\"}",
                  "1{a=xA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80y} ");
    assert_parses("{\"\\u0061\\nb\":1}", "1{a\nb=1} ");
    assert_parses("{\"a\":\"\\x\"}", "1!ESCAPE@7 ");
    assert_parses("{\"a\":\"\\u12g4\"}", "1!ESCAPE@7 ");
    assert_parses("{\"a\":\"\\u12\"}", "1!ESCAPE@7 ");
    assert_parses("{\"a\":\"\\uD83D\"}", "1!SURROGATE@7 ");
    assert_parses("{\"a\":\"\\uD83Dx\"}", "1!SURROGATE@7 ");
    assert_parses("{\"a\":\"\\uD83D\\u0041\"}", "1!SURROGATE@7 ");
    assert_parses("{\"a\":\"\\uDE00\"}", "1!SURROGATE@7 ");
    assert_parses("{\"a\":\"\\", "1!ESCAPE@7 ");
    assert_parses("{\"a\":\"\\u00", "1!ESCAPE@7 ");
    assert_parses("{\"a\":\"x\ty\"}", "1!CONTROL@8 ");
    assert_parses("{\"a\":\"x\\ny\tz\"}", "1!CONTROL@11 ");
}

static void arrays_give_one_member_a_value(void **state)
{
    (void)state;
    assert_parses("{\"p\":[\"1\",\"2\"],\"q\":3}", "1{p.0=1|p.1=2|q=3} ");
    assert_parses("{\"p\":[],\"q\":[ 1 , null , true ]}", "1{q.0=1|q.1=|q.2=true} ");
    assert_parses("{\"p\":[[1]]}", "1!NESTED@7 ");
    assert_parses("{\"p\":[{}]}", "1!NESTED@7 ");
    assert_parses("{\"p\":{}}", "1!NESTED@6 ");
    assert_parses("{\"p\":[1,]}", "1!VALUE@9 ");
    assert_parses("{\"p\":[1 2]}", "1!COMMA@9 ");
    assert_parses("{\"p\":[", "1!VALUE@7 ");
}

static void a_malformed_line_costs_that_line(void **state)
{
    (void)state;
    assert_parses("[1]\n{\"a\":1}\n", "1!NOT_OBJECT@1 2{a=1} ");
    assert_parses("x", "1!NOT_OBJECT@1 ");
    assert_parses("{", "1!NAME@2 ");
    assert_parses("{\"a\"", "1!COLON@5 ");
    assert_parses("{\"a\":", "1!VALUE@6 ");
    assert_parses("{\"a\":1", "1!COMMA@7 ");
    assert_parses("{\"a\":1,}", "1!NAME@8 ");
    assert_parses("{a:1}", "1!NAME@2 ");
    assert_parses("{\"a\":1} {}", "1!TRAILING@9 ");
    assert_parses("{\"a\":1},", "1!TRAILING@8 ");
    assert_parses("{\"a\":\"b\n{}", "1!OPEN_STRING@8 2{} ");
    assert_parses("{\"a\":\"\\nb\n{}", "1!OPEN_STRING@10 2{} ");
    assert_parses("{\"a\n{}", "1!OPEN_STRING@4 2{} ");
    assert_parses("{\"a\":\"\xc3(\"}\n{}", "1!UTF8@7 2{} ");
    assert_parses("{\"a\":\"\xed\xa0\x80\"}\n{}", "1!UTF8@7 2{} ");
    assert_parses("{\"\xc3\xa4\":\"\xc3\xb6\"}", "1{\xc3\xa4=\xc3\xb6} ");
}

static void every_cut_of_a_good_line_is_refused_and_nothing_more(void **state)
{
    (void)state;
    const char line[] = "{\"id\":\"a\\u00e4\",\"phone\":[\"+491\",null],\"n\":-1.5e3,\"b\":true}";
    for (size_t len = 1; len < sizeof(line) - 1; len++) {
        struct ndjson ndjson;
        static struct ndjson_row row;
        ndjson_init(&ndjson);
        ndjson_push(&ndjson, slice_of(line, len));
        ndjson_push(&ndjson, slice_str("\n{\"id\":1}"));
        ndjson_end(&ndjson);
        assert_int_equal(ndjson_next(&ndjson, &row), NDJSON_BROKEN);
        assert_int_equal(ndjson_next(&ndjson, &row), NDJSON_ROW);
        assert_int_equal(ndjson_next(&ndjson, &row), NDJSON_DONE);
        ndjson_release(&ndjson);
    }
}

static void too_many_values_are_refused(void **state)
{
    (void)state;
    struct buf text = {0};
    struct buf out = {0};
    for (unsigned count = NDJSON_MEMBERS_MAX; count <= NDJSON_MEMBERS_MAX + 1; count++) {
        buf_str(&text, "{\"a\":[1");
        for (unsigned i = 1; i < count; i++) {
            buf_str(&text, ",1");
        }
        buf_str(&text, "]}");
        parse(buf_view(&text), 100, &out);
        assert_true((out.data[1] == '!') == (count > NDJSON_MEMBERS_MAX));
        buf_clear(&text);
        buf_clear(&out);
    }
    buf_release(&text);
    buf_release(&out);
}

static void a_line_that_is_too_long_costs_one_row(void **state)
{
    (void)state;
    const size_t steps[] = {1000, NDJSON_ROW_MAX, NDJSON_ROW_MAX + 1, SIZE_MAX / 2};
    struct buf text = {0};
    struct buf out = {0};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        for (size_t more = 0; more < 2; more++) {
            buf_str(&text, "{}");
            size_t blanks = NDJSON_ROW_MAX - 3 + more;
            memset(buf_reserve(&text, blanks), ' ', blanks);
            text.len += blanks;
            buf_str(&text, "\n{}\n");
        }
        parse(buf_view(&text), steps[i], &out);
        assert_buf_is(&out, "1{} 2{} 3!TOO_LONG@1 4{} ");
        buf_clear(&text);
    }
    buf_release(&text);
    buf_release(&out);
}

static void memory_stays_flat_in_an_endless_line(void **state)
{
    (void)state;
    struct ndjson ndjson;
    static struct ndjson_row row;
    ndjson_init(&ndjson);
    uint8_t *piece = mem_alloc(1 << 20);
    memset(piece, 'x', 1 << 20);
    unsigned broken = 0;
    for (unsigned i = 0; i < 1024; i++) {
        ndjson_push(&ndjson, slice_of(piece, 1 << 20));
        enum ndjson_status status;
        while ((status = ndjson_next(&ndjson, &row)) == NDJSON_BROKEN) {
            broken++;
        }
        assert_int_equal(status, NDJSON_MORE);
        assert_true(ndjson.window.cap <= 8 << 20);
    }
    ndjson_push(&ndjson, slice_str("\n{}\n"));
    assert_int_equal(ndjson_next(&ndjson, &row), NDJSON_ROW);
    assert_int_equal(row.line, 2);
    assert_int_equal(broken, 1);
    mem_free(piece);
    ndjson_release(&ndjson);
}

static void random_bytes_give_the_same_rows_in_any_pieces(void **state)
{
    (void)state;
    static const char *const tokens[] = {
        "{", "}",    "\"a\"", ":",  ",",  "\"x\\u0041\"", "1",    "[",  "]",          "\n",
        " ", "null", "\\",    "\"", "-0", "\xc3",         "\xa4", "\r", "{\"a\":1}\n"};
    struct buf text = {0};
    struct buf whole = {0};
    struct buf cut = {0};
    uint32_t dice = 7;
    for (unsigned round = 0; round < 3000; round++) {
        for (unsigned i = 0; i < round % 40; i++) {
            dice = dice * 1664525 + 1013904223;
            buf_str(&text, tokens[(dice >> 16) % (sizeof(tokens) / sizeof(tokens[0]))]);
        }
        parse(buf_view(&text), SIZE_MAX / 2, &whole);
        for (size_t step = 1; step < 20; step += 3) {
            parse(buf_view(&text), step, &cut);
            assert_string_equal(buf_cstr(&cut), buf_cstr(&whole));
            buf_clear(&cut);
        }
        buf_clear(&whole);
        buf_clear(&text);
    }
    buf_release(&text);
    buf_release(&whole);
    buf_release(&cut);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_is_the_list_of_its_members),
        cmocka_unit_test(numbers_and_words_are_kept_as_written),
        cmocka_unit_test(escapes_are_undone),
        cmocka_unit_test(arrays_give_one_member_a_value),
        cmocka_unit_test(a_malformed_line_costs_that_line),
        cmocka_unit_test(every_cut_of_a_good_line_is_refused_and_nothing_more),
        cmocka_unit_test(too_many_values_are_refused),
        cmocka_unit_test(a_line_that_is_too_long_costs_one_row),
        cmocka_unit_test(memory_stays_flat_in_an_endless_line),
        cmocka_unit_test(random_bytes_give_the_same_rows_in_any_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
