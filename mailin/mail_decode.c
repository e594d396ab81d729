/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Charsets are converted by the C library's iconv. It knows some that no mail needs, and stateful
 * ones that have had holes, so only those of the table reach it.
 */
#include "mailin/mail_decode.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>

#include "common/text.h"
#include "mailin/mail_header.h"

#define REPLACEMENT "\xef\xbf\xbd"
#define FALLBACK    "WINDOWS-1252"

/* What mail says, and what iconv calls it. */
static const struct {
    const char *name;
    const char *iconv_name;
} charsets[] = {
    {"iso-8859-1", FALLBACK}, /* as everybody reads it: its 80 to 9f are of windows-1252 */
    {"iso-8859-2", "ISO-8859-2"},
    {"iso-8859-3", "ISO-8859-3"},
    {"iso-8859-4", "ISO-8859-4"},
    {"iso-8859-5", "ISO-8859-5"},
    {"iso-8859-6", "ISO-8859-6"},
    {"iso-8859-7", "ISO-8859-7"},
    {"iso-8859-8", "ISO-8859-8"},
    {"iso-8859-8-i", "ISO-8859-8"},
    {"iso-8859-9", "ISO-8859-9"},
    {"iso-8859-10", "ISO-8859-10"},
    {"iso-8859-13", "ISO-8859-13"},
    {"iso-8859-14", "ISO-8859-14"},
    {"iso-8859-15", "ISO-8859-15"},
    {"windows-1250", "WINDOWS-1250"},
    {"windows-1251", "WINDOWS-1251"},
    {"windows-1252", FALLBACK},
    {"windows-1253", "WINDOWS-1253"},
    {"windows-1254", "WINDOWS-1254"},
    {"windows-1255", "WINDOWS-1255"},
    {"windows-1256", "WINDOWS-1256"},
    {"windows-1257", "WINDOWS-1257"},
    {"windows-1258", "WINDOWS-1258"},
    {"koi8-r", "KOI8-R"},
    {"koi8-u", "KOI8-U"},
    {"tis-620", "TIS-620"},
    {"gb2312", "GBK"},
    {"gbk", "GBK"},
    {"gb18030", "GB18030"},
    {"big5", "BIG5"},
    {"shift_jis", "CP932"},
    {"euc-jp", "EUC-JP"},
    {"iso-2022-jp", "ISO-2022-JP"},
    {"euc-kr", "CP949"},
    {"ks_c_5601-1987", "CP949"},
};

/* ---- transfer encodings ---- */

static int base64_value(uint8_t byte)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = byte == '\0' ? NULL : strchr(digits, byte);
    return at == NULL ? -1 : (int)(at - digits);
}

static void undo_base64(struct buf *buf, struct slice text)
{
    uint8_t *out = buf_reserve(buf, text.len);
    size_t used = 0;
    uint32_t bits = 0;
    unsigned count = 0;
    for (size_t i = 0; i < text.len; i++) {
        int value = base64_value(text.data[i]);
        if (text.data[i] == '=') {
            count = 0; /* the end, or of one of several runs */
        }
        if (value < 0) {
            continue;
        }
        bits = bits << 6 | (uint32_t)value;
        count++;
        if (count == 2) {
            out[used++] = (uint8_t)(bits >> 4);
        } else if (count == 3) {
            out[used++] = (uint8_t)(bits >> 2);
        } else if (count == 4) {
            out[used++] = (uint8_t)bits;
            count = 0;
        }
    }
    buf->len += used;
}

static int hex_value(uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = byte < '0' ? NULL : strchr(digits, byte | 0x20);
    return at == NULL ? -1 : (int)(at - digits);
}

/* A line without its end; a soft break has no end of line. */
static void undo_quoted_line(struct buf *buf, struct slice line, bool has_end)
{
    while (line.len > 0 && (line.data[line.len - 1] == ' ' || line.data[line.len - 1] == '\t')) {
        line.len--;
    }
    for (size_t i = 0; i < line.len; i++) {
        bool is_escape = line.data[i] == '=' && i + 2 < line.len &&
                         hex_value(line.data[i + 1]) >= 0 && hex_value(line.data[i + 2]) >= 0;
        if (is_escape) {
            buf_u8(buf, (uint8_t)(hex_value(line.data[i + 1]) * 16 + hex_value(line.data[i + 2])));
            i += 2;
        } else if (line.data[i] == '=' && i + 1 == line.len) {
            return;
        } else {
            buf_u8(buf, line.data[i]);
        }
    }
    if (has_end) {
        buf_u8(buf, '\n');
    }
}

void mail_decode_transfer(struct buf *buf, struct slice text, struct slice encoding)
{
    encoding = mail_trim(encoding);
    if (mail_is(encoding, "base64")) {
        undo_base64(buf, text);
    } else if (mail_is(encoding, "quoted-printable")) {
        while (text.len > 0) {
            const uint8_t *end = memchr(text.data, '\n', text.len);
            struct slice line;
            (void)mail_line_next(&text, &line);
            undo_quoted_line(buf, line, end != NULL);
        }
    } else {
        buf_slice(buf, text);
    }
}

/* ---- charsets ---- */

static void append_utf8(struct buf *buf, struct slice text)
{
    size_t bad_at;
    while (!text_is_utf8(text, &bad_at)) {
        buf_append(buf, text.data, bad_at);
        buf_str(buf, REPLACEMENT);
        text = slice_of(text.data + bad_at + 1, text.len - bad_at - 1);
    }
    buf_slice(buf, text);
}

static void convert(struct buf *buf, struct slice text, iconv_t from)
{
    struct buf copy = {0}; /* iconv wants bytes that it might change */
    buf_slice(&copy, text);
    char *in = (char *)copy.data;
    size_t in_left = copy.len;
    size_t room = text.len * 3;
    while (in_left > 0 && room > 0) {
        char *begin = (char *)buf_reserve(buf, room);
        char *out = begin;
        size_t result = iconv(from, &in, &in_left, &out, &room);
        buf->len += (size_t)(out - begin);
        if (result != (size_t)-1) {
            break;
        }
        if (errno == E2BIG || room < strlen(REPLACEMENT)) {
            break;
        }
        buf_str(buf, REPLACEMENT);
        room -= strlen(REPLACEMENT);
        in++;
        in_left--;
    }
    buf_release(&copy);
}

static const char *iconv_name(struct slice charset)
{
    for (size_t i = 0; i < sizeof(charsets) / sizeof(charsets[0]); i++) {
        if (mail_is(charset, charsets[i].name)) {
            return charsets[i].iconv_name;
        }
    }
    return NULL;
}

void mail_decode_charset(struct buf *buf, struct slice text, struct slice charset)
{
    charset = mail_trim(charset);
    const char *name = iconv_name(charset);
    bool is_utf8 = mail_is(charset, "utf-8") || mail_is(charset, "utf8");
    if (name == NULL && !is_utf8 && !text_is_utf8(text, NULL)) {
        name = FALLBACK;
    }
    /* NOLINTBEGIN(performance-no-int-to-ptr): how iconv says no */
    iconv_t none = (iconv_t)-1;
    /* NOLINTEND(performance-no-int-to-ptr) */
    iconv_t from = name == NULL ? none : iconv_open("UTF-8", name);
    if (from == none) {
        append_utf8(buf, text);
        return;
    }
    struct buf converted = {0};
    convert(&converted, text, from);
    append_utf8(buf, buf_view(&converted));
    buf_release(&converted);
    (void)iconv_close(from);
}
