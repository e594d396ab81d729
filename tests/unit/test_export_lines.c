/* SPDX-License-Identifier: Apache-2.0 */
#include <zstd.h>

#include "cli/export_lines.h"
#include "tests/unit/unit.h"

#define JSON_ROWS "{\"ordinal\":0,\"key\":\"a\"}\n{\"ordinal\":7,\"key\":\"b\"}\n"
#define JSON_END  "{\"end\":true,\"rows\":2,\"campaign\":\"c1\"}\n"
#define CSV_HEAD  "ordinal,key\r\n"
#define CSV_ROWS  "0,\"a\r\nend,\"\"1\"\r\n12,b\r\n"
#define CSV_END   "end,c1,finished,2,,\r\n"

static bool keep(void *arg, struct slice bytes)
{
    buf_slice(arg, bytes);
    return true;
}

static bool refuse(void *arg, struct slice bytes)
{
    (void)arg;
    (void)bytes;
    return false;
}

/* All of it in pieces of so many bytes. */
static void take(struct export_lines *lines, struct slice text, size_t piece, struct buf *kept)
{
    struct problem problem;
    for (size_t at = 0; at < text.len; at += piece) {
        size_t len = text.len - at < piece ? text.len - at : piece;
        assert_int_equal(
            export_lines_take(lines, slice_of(text.data + at, len), keep, kept, &problem), ERR_OK);
    }
}

static void whole_lines_are_kept_without_the_end(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < 120; piece++) {
        struct export_lines json = {0};
        struct export_lines csv = {.is_csv = true};
        struct buf kept = {0};
        take(&json, slice_str(JSON_ROWS JSON_END), piece, &kept);
        assert_buf_is(&kept, JSON_ROWS);
        assert_true(json.is_whole);
        assert_int_equal(json.rows, 2);
        assert_int_equal(json.said, 2);
        assert_int_equal(json.last, 7);
        take(&csv, slice_str(CSV_HEAD CSV_ROWS CSV_END), piece, &kept);
        assert_buf_is(&kept, CSV_HEAD CSV_ROWS);
        assert_true(csv.is_whole);
        assert_int_equal(csv.rows, 2);
        assert_int_equal(csv.last, 12);
        export_lines_release(&json);
        export_lines_release(&csv);
        buf_release(&kept);
    }
}

static void what_was_cut_off_is_gone_on_with(void **state)
{
    (void)state;
    static const char text[] = CSV_HEAD CSV_ROWS CSV_END;
    for (size_t cut = 0; cut < sizeof(text) - 1; cut++) {
        struct export_lines lines = {.is_csv = true};
        struct buf kept = {0};
        take(&lines, slice_of(text, cut), 5, &kept);
        assert_false(lines.is_whole);
        uint64_t had = lines.rows;
        export_lines_begin(&lines);
        static const char *const rest[] = {CSV_HEAD CSV_ROWS, "12,b\r\n", ""};
        take(&lines, slice_str(rest[had]), 5, &kept);
        take(&lines, slice_str("end,c1,finished,"), 5, &kept);
        take(&lines, slice_str(had == 0 ? "2,\r\n" : had == 1 ? "1,\r\n" : "0,\r\n"), 5, &kept);
        assert_true(lines.is_whole);
        assert_int_equal(lines.said, lines.answered);
        assert_int_equal(lines.rows, 2);
        assert_buf_is(&kept, CSV_HEAD CSV_ROWS);
        export_lines_release(&lines);
        buf_release(&kept);
    }
}

static void put_frame(struct buf *buf, const char *text)
{
    size_t bound = ZSTD_compressBound(strlen(text));
    buf->len += ZSTD_compress(buf_reserve(buf, bound), bound, text, strlen(text), 1);
}

static void frames_are_kept_as_they_came(void **state)
{
    (void)state;
    struct buf answer = {0};
    put_frame(&answer, "{\"ordinal\":0}\n");
    put_frame(&answer, "{\"ordinal\":7}\n{\"ordinal\":8}\n");
    size_t rows = answer.len;
    put_frame(&answer, "{\"end\":true,\"rows\":3}\n");
    for (size_t piece = 1; piece < answer.len; piece += 7) {
        struct export_lines lines = {.is_zstd = true};
        struct buf kept = {0};
        take(&lines, buf_view(&answer), piece, &kept);
        assert_true(lines.is_whole);
        assert_int_equal(lines.rows, 3);
        assert_int_equal(lines.last, 8);
        assert_int_equal(kept.len, rows);
        assert_memory_equal(kept.data, answer.data, rows);
        export_lines_release(&lines);
        buf_release(&kept);
    }
    buf_release(&answer);
}

static void expect_refused(struct export_lines lines, struct slice text, export_lines_fn each,
                           enum err expected)
{
    struct problem problem;
    struct buf kept = {0};
    assert_int_equal(export_lines_take(&lines, text, each, &kept, &problem), expected);
    assert_true(problem.text[0] != '\0');
    export_lines_release(&lines);
    buf_release(&kept);
}

static void what_is_no_export_is_refused(void **state)
{
    (void)state;
    const struct export_lines json = {0};
    const struct export_lines csv = {.is_csv = true};
    const struct export_lines zstd = {.is_zstd = true};
    struct buf frame = {0};
    expect_refused(json, slice_str("<html>\n"), keep, ERR_INVALID);
    expect_refused(json, slice_str(JSON_ROWS JSON_END JSON_END), keep, ERR_INVALID);
    expect_refused(json, slice_str("{\"end\":true,\"rows\":x}\n"), keep, ERR_INVALID);
    expect_refused(json, slice_str("{\"ordinal\":99999999999999999999999}\n"), keep, ERR_INVALID);
    expect_refused(csv, slice_str(JSON_ROWS), keep, ERR_INVALID);
    expect_refused(csv, slice_str("end\r\n"), keep, ERR_INVALID);
    expect_refused(csv, slice_str(CSV_HEAD CSV_ROWS CSV_HEAD), keep, ERR_INVALID);
    expect_refused(json, slice_str(JSON_ROWS), refuse, ERR_IO);
    put_frame(&frame, "{\"ordinal\":0}\n{\"ord");
    expect_refused(zstd, buf_view(&frame), keep, ERR_INVALID);
    buf_release(&frame);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_lines_are_kept_without_the_end),
        cmocka_unit_test(what_was_cut_off_is_gone_on_with),
        cmocka_unit_test(frames_are_kept_as_they_came),
        cmocka_unit_test(what_is_no_export_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
