/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A body goes as it is (7bit) when it is ASCII in lines that fit, else quoted-printable, or base64
 * when more than about a sixth of it would have to be quoted. A boundary begins with `=_`, which
 * neither encoding can produce.
 */
#include "worker/channel/mime.h"

#include <assert.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define LINE_MAX_BYTES 998
#define FOLD_COLUMN    78
#define ENCODED_COLUMN 76

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char hex_digits[] = "0123456789ABCDEF";

static bool is_printable(uint8_t byte)
{
    return byte >= 0x20 && byte < 0x7f;
}

static bool is_continuation(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

bool mime_field_name_is_valid(const char *name)
{
    if (*name == '\0' || strlen(name) > 64) {
        return false;
    }
    for (; *name != '\0'; name++) {
        if (!is_printable((uint8_t)*name) || *name == ' ' || *name == ':') {
            return false;
        }
    }
    return true;
}

/* --- base64 --- */

static void base64_group(uint8_t *out, const uint8_t *in, size_t len)
{
    unsigned bits =
        (unsigned)in[0] << 16 | (len > 1 ? (unsigned)in[1] << 8 : 0) | (len > 2 ? in[2] : 0);
    out[0] = (uint8_t)base64_digits[bits >> 18];
    out[1] = (uint8_t)base64_digits[bits >> 12 & 63];
    out[2] = len > 1 ? (uint8_t)base64_digits[bits >> 6 & 63] : '=';
    out[3] = len > 2 ? (uint8_t)base64_digits[bits & 63] : '=';
}

void mime_base64(struct buf *buf, struct slice bytes)
{
    uint8_t *out = buf_reserve(buf, (bytes.len + 2) / 3 * 4);
    for (size_t i = 0; i < bytes.len; i += 3) {
        base64_group(out, bytes.data + i, bytes.len - i < 3 ? bytes.len - i : 3);
        out += 4;
    }
    buf->len += (bytes.len + 2) / 3 * 4;
}

/* --- header fields --- */

/* As it may stand in a field: no control characters. */
static struct slice disarmed(struct buf *scratch, struct slice value)
{
    buf_clear(scratch);
    uint8_t *out = buf_reserve(scratch, value.len + 1);
    for (size_t i = 0; i < value.len; i++) {
        bool is_control = value.data[i] < 0x20 || value.data[i] == 0x7f;
        out[i] = is_control ? ' ' : value.data[i];
    }
    scratch->len = value.len;
    return buf_view(scratch);
}

/* ASCII that no reader takes for an encoded word, of words that fit into a line with the blanks
 * before them. */
static bool is_plain(struct slice value)
{
    size_t run = 0;
    for (size_t i = 0; i < value.len; i++) {
        bool begins = value.data[i] == ' ' && i > 0 && value.data[i - 1] != ' ';
        run = begins ? 1 : run + 1;
        if (!is_printable(value.data[i]) || run > LINE_MAX_BYTES - 100 ||
            (value.data[i] == '=' && i + 1 < value.len && value.data[i + 1] == '?')) {
            return false;
        }
    }
    return true;
}

/* Breaks before the blanks of a word that would go beyond the column: they begin the new line.
 * Blanks at the end are left out, since a line of nothing else is none. */
static void fold_plain(struct buf *buf, struct slice value, size_t column)
{
    for (size_t at = 0; at < value.len;) {
        size_t word = at;
        while (word < value.len && value.data[word] == ' ') {
            word++;
        }
        size_t end = word;
        while (end < value.len && value.data[end] != ' ') {
            end++;
        }
        if (end == word) {
            return;
        }
        if (word > at && column + (end - at) > FOLD_COLUMN) {
            buf_str(buf, "\r\n");
            column = 0;
        }
        buf_append(buf, value.data + at, end - at);
        column += end - at;
        at = end;
    }
}

/* How much of the front of `value` goes into one encoded word of at most `room` columns: whole
 * characters. */
static size_t encoded_take(struct slice value, size_t room)
{
    size_t around = strlen("=?UTF-8?B?"
                           "?=");
    size_t take = room < around + 4 ? 0 : (room - around) / 4 * 3;
    if (take >= value.len) {
        return value.len;
    }
    size_t whole = take;
    while (whole > 0 && take - whole < 3 && is_continuation(value.data[whole])) {
        whole--;
    }
    return whole > 0 && !is_continuation(value.data[whole]) ? whole : take;
}

static void fold_encoded(struct buf *buf, struct slice value, size_t column)
{
    while (value.len > 0) {
        size_t take = encoded_take(value, ENCODED_COLUMN - column);
        if (take > 0) {
            buf_str(buf, "=?UTF-8?B?");
            mime_base64(buf, slice_of(value.data, take));
            buf_str(buf, "?=");
        }
        value = slice_of(value.data + take, value.len - take);
        if (value.len > 0) {
            buf_str(buf, "\r\n ");
            column = 1;
        }
    }
}

static size_t field_begin(struct buf *buf, const char *name)
{
    buf_str(buf, name);
    buf_str(buf, ": ");
    return strlen(name) + 2;
}

void mime_field(struct buf *buf, const char *name, struct slice value)
{
    struct buf scratch = {0};
    struct slice safe = disarmed(&scratch, value);
    size_t column = field_begin(buf, name);
    if (is_plain(safe)) {
        fold_plain(buf, safe, column);
    } else {
        fold_encoded(buf, safe, column);
    }
    buf_str(buf, "\r\n");
    buf_release(&scratch);
}

/* A display name in quotes; the inside needs no more than its quotes and backslashes escaped. */
static void quoted_string(struct buf *buf, struct slice value)
{
    buf_u8(buf, '"');
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] == '"' || value.data[i] == '\\') {
            buf_u8(buf, '\\');
        }
        buf_u8(buf, value.data[i]);
    }
    buf_u8(buf, '"');
}

void mime_field_address(struct buf *buf, const char *name, struct slice display,
                        struct slice address)
{
    struct buf scratch = {0};
    struct slice safe = disarmed(&scratch, display);
    size_t column = field_begin(buf, name);
    if (safe.len > 0 && safe.len <= FOLD_COLUMN - 20 && is_plain(safe)) {
        quoted_string(buf, safe);
    } else if (safe.len > 0) {
        fold_encoded(buf, safe, column);
    }
    if (safe.len > 0) {
        buf_str(buf, "\r\n ");
    }
    buf_u8(buf, '<');
    buf_slice(buf, address);
    buf_str(buf, ">\r\n");
    buf_release(&scratch);
}

void mime_field_date(struct buf *buf, uint64_t unix_ms)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm utc;
    struct tm *broken_down = gmtime_r(&seconds, &utc);
    assert(broken_down != NULL);
    buf_printf(buf, "Date: %s, %02d %s %04d %02d:%02d:%02d +0000\r\n", days[utc.tm_wday],
               utc.tm_mday, months[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min,
               utc.tm_sec);
}

/* --- bodies --- */

/* Every end of a line as CRLF, and one at the end. */
static void with_crlf(struct buf *buf, struct slice text)
{
    if (text.len == 0) {
        buf_str(buf, "\r\n");
        return;
    }
    const uint8_t *end = text.data + text.len;
    const uint8_t *from = text.data;
    for (const uint8_t *at = text.data; at < end; at++) {
        if (*at != '\r' && *at != '\n') {
            continue;
        }
        buf_append(buf, from, (size_t)(at - from));
        buf_str(buf, "\r\n");
        at += *at == '\r' && at + 1 < end && at[1] == '\n' ? 1 : 0;
        from = at + 1;
    }
    if (from < end) {
        buf_append(buf, from, (size_t)(end - from));
        buf_str(buf, "\r\n");
    }
}

enum encoding { ENCODING_7BIT, ENCODING_QUOTED, ENCODING_BASE64 };

static bool is_quoted(uint8_t byte)
{
    return (!is_printable(byte) && byte != '\t') || byte == '=';
}

/* Of text with CRLF line ends. */
static enum encoding encoding_of(struct slice text)
{
    size_t quoted = 0;
    size_t equal_signs = 0;
    size_t line = 0;
    size_t longest = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        line = byte == '\n' ? 0 : line + (byte != '\r');
        longest = line > longest ? line : longest;
        equal_signs += byte == '=';
        quoted += is_quoted(byte) && byte != '\r' && byte != '\n';
    }
    if (quoted == equal_signs && longest <= LINE_MAX_BYTES) {
        return ENCODING_7BIT;
    }
    return quoted * 6 < text.len ? ENCODING_QUOTED : ENCODING_BASE64;
}

/* One byte of a line, after a soft break if there is no room for it and the break's `=`. */
static size_t quoted_byte(struct buf *buf, uint8_t byte, bool is_escaped, size_t column)
{
    size_t width = is_escaped ? 3 : 1;
    if (column + width > ENCODED_COLUMN - 1) {
        buf_str(buf, "=\r\n");
        column = 0;
    }
    if (is_escaped) {
        buf_u8(buf, '=');
        buf_u8(buf, (uint8_t)hex_digits[byte >> 4]);
        buf_u8(buf, (uint8_t)hex_digits[byte & 15]);
    } else {
        buf_u8(buf, byte);
    }
    return column + width;
}

static void quoted_append(struct buf *buf, struct slice text)
{
    size_t column = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        if (byte == '\r') {
            buf_str(buf, "\r\n");
            column = 0;
            i++; /* its line feed */
            continue;
        }
        bool is_blank_at_end =
            (byte == ' ' || byte == '\t') && i + 1 < text.len && text.data[i + 1] == '\r';
        column = quoted_byte(buf, byte, is_quoted(byte) || is_blank_at_end, column);
    }
}

static void base64_lines(struct buf *buf, struct slice text)
{
    const size_t bytes_a_line = 57; /* in 76 columns */
    for (size_t at = 0; at < text.len; at += bytes_a_line) {
        size_t len = text.len - at < bytes_a_line ? text.len - at : bytes_a_line;
        mime_base64(buf, slice_of(text.data + at, len));
        buf_str(buf, "\r\n");
    }
}

static void part_append(struct buf *buf, const char *type, struct slice text)
{
    static const char *const names[] = {"7bit", "quoted-printable", "base64"};
    struct buf lines = {0};
    with_crlf(&lines, text);
    enum encoding encoding = encoding_of(buf_view(&lines));
    buf_str(buf, "Content-Type: ");
    buf_str(buf, type);
    buf_str(buf, "; charset=utf-8\r\nContent-Transfer-Encoding: ");
    buf_str(buf, names[encoding]);
    buf_str(buf, "\r\n\r\n");
    switch (encoding) {
    case ENCODING_7BIT:
        buf_slice(buf, buf_view(&lines));
        break;
    case ENCODING_QUOTED:
        quoted_append(buf, buf_view(&lines));
        break;
    case ENCODING_BASE64:
        base64_lines(buf, buf_view(&lines));
        break;
    }
    buf_release(&lines);
}

/* --- files --- */

const char *mime_type_of(const char *name)
{
    static const struct {
        const char *ending;
        const char *type;
    } types[] = {
        {".pdf", "application/pdf"},
        {".png", "image/png"},
        {".jpg", "image/jpeg"},
        {".jpeg", "image/jpeg"},
        {".gif", "image/gif"},
        {".svg", "image/svg+xml"},
        {".txt", "text/plain"},
        {".csv", "text/csv"},
        {".html", "text/html"},
        {".ics", "text/calendar"},
        {".zip", "application/zip"},
        {".json", "application/json"},
        {".xml", "application/xml"},
        {".rtf", "application/rtf"},
        {".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
        {".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
        {".odt", "application/vnd.oasis.opendocument.text"},
    };
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot != NULL && i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcasecmp(dot, types[i].ending) == 0) {
            return types[i].type;
        }
    }
    return "application/octet-stream";
}

/* RFC 2231: in pieces, percent-encoded, as a whole in UTF-8. */
static void put_extended_name(struct buf *buf, const char *name)
{
    const size_t piece_columns = 54;
    size_t column = piece_columns;
    for (unsigned piece = 0; *name != '\0'; name++) {
        if (column + 3 > piece_columns) {
            buf_printf(buf, ";\r\n filename*%u*=%s", piece, piece == 0 ? "UTF-8''" : "");
            piece++;
            column = 0;
        }
        uint8_t byte = (uint8_t)*name;
        bool is_plain_byte = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                             (byte >= 'A' && byte <= 'Z') || strchr("-._~", byte) != NULL;
        if (is_plain_byte) {
            buf_u8(buf, byte);
        } else {
            buf_printf(buf, "%%%02X", byte);
        }
        column += is_plain_byte ? 1 : 3;
    }
}

void mime_attachment(struct buf *buf, const char *name, struct slice bytes)
{
    size_t len = strlen(name);
    bool is_simple = len <= FOLD_COLUMN - 20 && is_plain(slice_of(name, len));
    buf_printf(buf,
               "Content-Type: %s\r\nContent-Transfer-Encoding: base64\r\n"
               "Content-Disposition: attachment",
               mime_type_of(name));
    if (is_simple) {
        buf_str(buf, ";\r\n filename=");
        quoted_string(buf, slice_of(name, len));
    } else {
        put_extended_name(buf, name);
    }
    buf_str(buf, "\r\n\r\n");
    base64_lines(buf, bytes);
}

/* --- the whole --- */

/* `mark` tells the boundaries of one mail from each other. */
static void boundary_line(struct buf *buf, const char *mark, struct slice boundary, const char *end)
{
    buf_printf(buf, "--=_%s", mark);
    buf_slice(buf, boundary);
    buf_str(buf, end);
}

static void multipart_begin(struct buf *buf, const char *kind, const char *mark,
                            struct slice boundary)
{
    buf_printf(buf, "Content-Type: multipart/%s;\r\n boundary=\"=_%s", kind, mark);
    buf_slice(buf, boundary);
    buf_str(buf, "\"\r\n\r\n");
}

static void message_append(struct buf *buf, const struct mime_parts *parts, struct slice boundary)
{
    if (parts->text.len == 0 || parts->html.len == 0) {
        bool is_text = parts->html.len == 0;
        part_append(buf, is_text ? "text/plain" : "text/html", is_text ? parts->text : parts->html);
        return;
    }
    multipart_begin(buf, "alternative", "", boundary);
    boundary_line(buf, "", boundary, "\r\n");
    part_append(buf, "text/plain", parts->text);
    boundary_line(buf, "", boundary, "\r\n");
    part_append(buf, "text/html", parts->html);
    boundary_line(buf, "", boundary, "--\r\n");
}

void mime_body(struct buf *buf, const struct mime_parts *parts, struct slice boundary)
{
    static const char mixed[] = ".mixed.";
    buf_str(buf, "MIME-Version: 1.0\r\n");
    if (parts->attachment_count == 0) {
        message_append(buf, parts, boundary);
        return;
    }
    multipart_begin(buf, "mixed", mixed, boundary);
    boundary_line(buf, mixed, boundary, "\r\n");
    message_append(buf, parts, boundary);
    for (unsigned i = 0; i < parts->attachment_count; i++) {
        boundary_line(buf, mixed, boundary, "\r\n");
        buf_slice(buf, parts->attachments[i]);
    }
    boundary_line(buf, mixed, boundary, "--\r\n");
}
