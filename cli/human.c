/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/human.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <wchar.h>

#include "common/text.h"

#define DIGITS_MAX 20
#define WHOLE_MAX  (UINT64_C(1) << 53)

void human_count(struct buf *buf, uint64_t count)
{
    char digits[DIGITS_MAX + 1];
    int len = snprintf(digits, sizeof(digits), "%" PRIu64, count);
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0) {
            buf_u8(buf, ',');
        }
        buf_u8(buf, (uint8_t)digits[i]);
    }
}

void human_bytes(struct buf *buf, uint64_t bytes)
{
    static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
    if (bytes < 1000) {
        human_plural(buf, bytes, "byte", "bytes");
        return;
    }
    double value = (double)bytes / 1000;
    size_t unit = 0;
    while (value >= 999.95) {
        value /= 1000;
        unit++;
    }
    buf_printf(buf, "%.1f %s", value, units[unit]);
}

/* Numbers come from outside: what fits no integer is the largest there is. */
static uint64_t rounded(double number)
{
    if (number < 0) {
        return 0;
    }
    return number < (double)WHOLE_MAX ? (uint64_t)(number + 0.5) : WHOLE_MAX;
}

void human_limit(struct buf *buf, double per_s)
{
    uint64_t thousandths = rounded(per_s * 1000);
    thousandths = per_s > 0 && thousandths == 0 ? 1 : thousandths;
    human_count(buf, thousandths / 1000);
    unsigned rest = (unsigned)(thousandths % 1000);
    int digits = 3;
    for (; rest > 0 && rest % 10 == 0; rest /= 10) {
        digits--;
    }
    if (rest > 0) {
        buf_printf(buf, ".%0*u", digits, rest);
    }
}

void human_rate(struct buf *buf, double per_s)
{
    if (per_s > 0 && per_s < 0.1) {
        human_limit(buf, per_s);
    } else if (per_s > 0 && per_s < 9.95) {
        buf_printf(buf, "%.1f", per_s);
    } else {
        human_count(buf, rounded(per_s));
    }
}

void human_duration(struct buf *buf, double seconds)
{
    uint64_t whole = rounded(seconds);
    bool is_whole = seconds - (double)whole < 0.001 && (double)whole - seconds < 0.001;
    if (seconds < 59.95 && !is_whole) {
        buf_printf(buf, "%.1f s", seconds < 0 ? 0 : seconds);
    } else if (whole < 60) {
        buf_printf(buf, "%" PRIu64 " s", whole);
    } else if (whole < 3600) {
        buf_printf(buf, "%" PRIu64 " min %" PRIu64 " s", whole / 60, whole % 60);
    } else if (whole < 86400) {
        buf_printf(buf, "%" PRIu64 " h %" PRIu64 " min", whole / 3600, whole % 3600 / 60);
    } else {
        buf_printf(buf, "%" PRIu64 " d %" PRIu64 " h", whole / 86400, whole % 86400 / 3600);
    }
}

void human_percent(struct buf *buf, uint64_t part, uint64_t whole)
{
    double percent = whole == 0 ? 0 : 100 * ((double)part / (double)whole);
    if (percent > 99.9 && part < whole) {
        percent = 99.9;
    }
    buf_printf(buf, "%.1f %%", percent);
}

void human_plural(struct buf *buf, uint64_t count, const char *singular, const char *plural)
{
    human_count(buf, count);
    buf_printf(buf, " %s", count == 1 ? singular : plural);
}

/* Reads one character from the front of `text`: its code point and length in bytes. An ill-formed
 * byte is U+FFFD of length 1. */
static wchar_t character_at(struct slice text, size_t *len)
{
    uint8_t first = text.data[0];
    *len = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (*len > text.len || !text_is_utf8(slice_of(text.data, *len), NULL)) {
        *len = 1;
        return 0xfffd;
    }
    uint32_t point = *len == 1 ? first : first & (0x7fU >> *len);
    for (size_t i = 1; i < *len; i++) {
        point = point << 6 | (text.data[i] & 0x3f);
    }
    return (wchar_t)point;
}

/* C0, C1, DEL and the marks of bidirectional text, which can make a line read as another. */
static bool is_steering(wchar_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0) ||
           (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069) ||
           point == 0xfffd;
}

void human_text(struct buf *buf, struct slice text)
{
    while (text.len > 0) {
        size_t len;
        wchar_t point = character_at(text, &len);
        if (point == '\n' || point == '\r' || point == '\t') {
            buf_u8(buf, ' ');
        } else if (is_steering(point)) {
            buf_u8(buf, '?');
        } else {
            buf_append(buf, text.data, len);
        }
        text = slice_of(text.data + len, text.len - len);
    }
}

struct slice human_cut(struct slice text, size_t columns)
{
    size_t at = 0;
    size_t used = 0;
    while (at < text.len) {
        size_t len;
        int width = wcwidth(character_at(slice_of(text.data + at, text.len - at), &len));
        used += width < 0 ? 1 : (size_t)width;
        if (used > columns) {
            break;
        }
        at += len;
    }
    return slice_of(text.data, at);
}

size_t human_columns(struct slice text)
{
    size_t used = 0;
    while (text.len > 0) {
        size_t len;
        int width = wcwidth(character_at(text, &len));
        used += width < 0 ? 1 : (size_t)width;
        text = slice_of(text.data + len, text.len - len);
    }
    return used;
}

bool human_time_parse(const char *text, uint64_t *unix_ms)
{
    struct tm tm = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    uint64_t ms = 0;
    if (rest == NULL) {
        return false;
    }
    if (*rest == '.') {
        if (strspn(rest + 1, "0123456789") != 3 ||
            !text_number(slice_of(rest + 1, 3), 0, 999, &ms)) {
            return false;
        }
        rest += 4;
    }
    time_t seconds = timegm(&tm);
    if (strcmp(rest, "Z") != 0 || seconds < 0) {
        return false;
    }
    *unix_ms = (uint64_t)seconds * 1000 + ms;
    return true;
}
