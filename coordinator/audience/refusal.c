/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/audience/refusal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "common/text.h"

enum { UTF8_BYTES_MAX = 4 };

/* Bytes of the character at the front: 1 also for one that is none, then *is_fit is false. */
static size_t character(struct slice text, bool *is_fit)
{
    uint8_t lead = text.data[0];
    *is_fit = lead >= ' ' && lead < 0x7f;
    for (size_t len = 2; lead >= 0x80 && len <= UTF8_BYTES_MAX && len <= text.len; len++) {
        if (text_is_utf8(slice_of(text.data, len), NULL)) {
            /* U+0080 to U+009F are control characters. */
            *is_fit = lead != 0xc2 || text.data[1] >= 0xa0;
            return len;
        }
    }
    return 1;
}

void refusal_quote(struct buf *buf, struct slice text, size_t max)
{
    size_t from = buf->len;
    while (text.len > 0) {
        bool is_fit;
        size_t len = character(text, &is_fit);
        if (buf->len - from + len > max) {
            buf_str(buf, "\xe2\x80\xa6");
            return;
        }
        if (is_fit) {
            buf_append(buf, text.data, len);
        } else {
            buf_u8(buf, '?');
        }
        text = slice_of(text.data + len, text.len - len);
    }
}

/* Drops a character that was cut in two at the end. */
static void mend_end(char *text)
{
    size_t len = strlen(text);
    size_t good = len;
    if (!text_is_utf8(slice_of(text, len), &good)) {
        text[good] = '\0';
    }
}

void refusal_set(struct refusal *refusal, uint64_t line, struct slice column, const char *format,
                 ...)
{
    struct buf fit = {0};
    refusal_quote(&fit, column, REFUSAL_COLUMN_MAX - 3);
    refusal->line = line;
    snprintf(refusal->column, sizeof(refusal->column), "%s", buf_cstr(&fit));
    buf_release(&fit);

    va_list args;
    va_start(args, format);
    vsnprintf(refusal->reason, sizeof(refusal->reason), format, args);
    va_end(args);
    mend_end(refusal->reason);
}

void refusal_json(const struct refusal *refusal, struct buf *buf)
{
    buf_printf(buf, "{\"line\":%" PRIu64 ",\"column\":\"", refusal->line);
    text_json_escape(buf, slice_str(refusal->column));
    buf_str(buf, "\",\"reason\":\"");
    text_json_escape(buf, slice_str(refusal->reason));
    buf_str(buf, "\"}");
}
