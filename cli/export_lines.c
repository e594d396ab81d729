/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/export_lines.h"

#include <string.h>
#include <zstd.h>

#include "common/text.h"

#define ZSTD_FRAME_MAX (2 * EXPORT_LINE_MAX)

void export_lines_release(struct export_lines *lines)
{
    buf_release(&lines->pending);
    buf_release(&lines->plain);
}

void export_lines_begin(struct export_lines *lines)
{
    buf_clear(&lines->pending);
    lines->answered = 0;
    lines->has_begun = false;
    lines->is_whole = false;
}

/* ---- one line ---- */

static unsigned count_quotes(struct slice text)
{
    unsigned quotes = 0;
    const uint8_t *end = text.data + text.len;
    for (const uint8_t *at = text.data;
         at < end && (at = memchr(at, '"', (size_t)(end - at))) != NULL; at++) {
        quotes++;
    }
    return quotes;
}

/* Bytes of the first whole line with its end, 0 if there is none. In CSV a line break between
 * quotation marks ends nothing. */
static size_t line_len(struct slice text, bool is_csv)
{
    unsigned quotes = 0;
    size_t from = 0;
    while (from < text.len) {
        const uint8_t *at = memchr(text.data + from, '\n', text.len - from);
        if (at == NULL) {
            return 0;
        }
        size_t len = (size_t)(at - text.data) + 1;
        quotes += is_csv ? count_quotes(slice_of(text.data + from, len - from)) : 0;
        if (quotes % 2 == 0) {
            return len;
        }
        from = len;
    }
    return 0;
}

/* The decimal number that `text` begins with. */
static bool leading_number(struct slice text, uint64_t *number)
{
    size_t len = 0;
    while (len < text.len && text.data[len] >= '0' && text.data[len] <= '9') {
        len++;
    }
    return text_number(slice_of(text.data, len), 0, UINT64_MAX, number);
}

static bool begins(struct slice *text, const char *words)
{
    size_t len = strlen(words);
    if (text->len < len || memcmp(text->data, words, len) != 0) {
        return false;
    }
    *text = slice_of(text->data + len, text->len - len);
    return true;
}

enum line_kind { LINE_ROW, LINE_HEAD, LINE_END, LINE_OTHER };

/* *number: the ordinal, or how many lines the end says. */
static enum line_kind read_csv(struct slice line, uint64_t *number)
{
    if (begins(&line, "ordinal,")) {
        return LINE_HEAD;
    }
    if (begins(&line, "end,")) {
        (void)slice_take_until(&line, ',');
        (void)slice_take_until(&line, ',');
        return leading_number(line, number) ? LINE_END : LINE_OTHER;
    }
    return leading_number(line, number) ? LINE_ROW : LINE_OTHER;
}

static enum line_kind read_json(struct slice line, uint64_t *number)
{
    if (begins(&line, "{\"end\":true,\"rows\":")) {
        return leading_number(line, number) ? LINE_END : LINE_OTHER;
    }
    return begins(&line, "{\"ordinal\":") && leading_number(line, number) ? LINE_ROW : LINE_OTHER;
}

/* ---- many lines ---- */

/* What of the text are whole lines, and which of these are to be kept. */
struct scan {
    size_t whole;
    struct slice keep;
};

static enum err scan_lines(struct export_lines *lines, struct slice text, struct scan *scan,
                           struct problem *problem)
{
    size_t keep_from = 0;
    size_t keep_to = 0;
    size_t at = 0;
    for (size_t len; (len = line_len(slice_of(text.data + at, text.len - at), lines->is_csv)) > 0;
         at += len) {
        struct slice line = slice_of(text.data + at, len);
        uint64_t number = 0;
        enum line_kind kind = lines->is_csv ? read_csv(line, &number) : read_json(line, &number);
        if (kind == LINE_OTHER || lines->is_whole || (kind == LINE_HEAD && lines->has_begun)) {
            return problem_set(problem, ERR_INVALID,
                               "the answer is no export of this form; is a Tocsin coordinator of "
                               "this version there?");
        }
        lines->has_begun = true;
        if (kind == LINE_END) {
            lines->is_whole = true;
            lines->said = number;
            continue;
        }
        if (kind == LINE_HEAD && lines->has_head) {
            keep_from = at + len;
            continue;
        }
        keep_to = at + len;
        lines->has_head = true;
        if (kind == LINE_ROW) {
            lines->has_last = true;
            lines->last = number;
            lines->rows++;
            lines->answered++;
        }
    }
    scan->whole = at;
    scan->keep = slice_of(text.data + keep_from, keep_to > keep_from ? keep_to - keep_from : 0);
    return ERR_OK;
}

static enum err keep_bytes(struct slice bytes, export_lines_fn keep, void *arg,
                           struct problem *problem)
{
    if (bytes.len > 0 && !keep(arg, bytes)) {
        return problem_set(problem, ERR_IO, "the lines cannot be written");
    }
    return ERR_OK;
}

static void drop_front(struct buf *buf, size_t len)
{
    if (len > 0) {
        memmove(buf->data, buf->data + len, buf->len - len);
        buf->len -= len;
    }
}

static enum err refuse_size(struct problem *problem)
{
    return problem_set(problem, ERR_INVALID, "a line of the answer is longer than %zu MB",
                       EXPORT_LINE_MAX >> 20);
}

static enum err take_plain(struct export_lines *lines, export_lines_fn keep, void *arg,
                           struct problem *problem)
{
    struct scan scan;
    enum err err = scan_lines(lines, buf_view(&lines->pending), &scan, problem);
    if (err == ERR_OK) {
        err = keep_bytes(scan.keep, keep, arg, problem);
    }
    if (err == ERR_OK) {
        drop_front(&lines->pending, scan.whole);
        err = lines->pending.len > EXPORT_LINE_MAX ? refuse_size(problem) : ERR_OK;
    }
    return err;
}

/* The lines of a frame; the frame is kept if one of them is. */
static enum err take_frame(struct export_lines *lines, struct slice frame, export_lines_fn keep,
                           void *arg, struct problem *problem)
{
    unsigned long long size = ZSTD_getFrameContentSize(frame.data, frame.len);
    struct scan scan;
    if (size > EXPORT_LINE_MAX) { /* also what says that it is not known */
        return refuse_size(problem);
    }
    buf_clear(&lines->plain);
    size_t len = ZSTD_decompress(buf_reserve(&lines->plain, (size_t)size + 1), (size_t)size,
                                 frame.data, frame.len);
    if (ZSTD_isError(len)) {
        return problem_set(problem, ERR_INVALID, "the answer is damaged: %s",
                           ZSTD_getErrorName(len));
    }
    lines->plain.len = len;
    enum err err = scan_lines(lines, buf_view(&lines->plain), &scan, problem);
    if (err == ERR_OK && scan.whole != len) {
        err = problem_set(problem, ERR_INVALID,
                          "the answer is damaged: a line goes on in another "
                          "frame");
    }
    return err == ERR_OK && scan.keep.len > 0 ? keep_bytes(frame, keep, arg, problem) : err;
}

static enum err take_zstd(struct export_lines *lines, export_lines_fn keep, void *arg,
                          struct problem *problem)
{
    enum err err = ERR_OK;
    size_t at = 0;
    while (err == ERR_OK && at < lines->pending.len) {
        size_t len =
            ZSTD_findFrameCompressedSize(lines->pending.data + at, lines->pending.len - at);
        if (ZSTD_isError(len)) {
            break; /* not all of it is there; what is no frame never will be */
        }
        err = take_frame(lines, slice_of(lines->pending.data + at, len), keep, arg, problem);
        at += len;
    }
    drop_front(&lines->pending, at);
    return err == ERR_OK && lines->pending.len > ZSTD_FRAME_MAX ? refuse_size(problem) : err;
}

enum err export_lines_take(struct export_lines *lines, struct slice bytes, export_lines_fn keep,
                           void *arg, struct problem *problem)
{
    buf_slice(&lines->pending, bytes);
    return lines->is_zstd ? take_zstd(lines, keep, arg, problem)
                          : take_plain(lines, keep, arg, problem);
}
