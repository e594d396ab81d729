/* SPDX-License-Identifier: Apache-2.0 */
#include "common/text.h"

#include <stdlib.h>

/* Longer words are never typing errors of shorter ones. */
#define NEAREST_WORD_MAX 64

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/*
 * Damerau-Levenshtein distance in its restricted form (no part is edited twice): insertions,
 * deletions, replacements and swaps of neighbours. Three rows of the table are kept, as a swap
 * looks two rows back.
 */
static unsigned edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    unsigned rows[3][NEAREST_WORD_MAX + 1];
    for (size_t j = 0; j <= b_len; j++) {
        rows[0][j] = (unsigned)j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3];
        const unsigned *two_above = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_len; j++) {
            unsigned replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = least(replaced, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = least(row[j], two_above[j - 2] + 1);
            }
        }
    }
    return rows[a_len % 3][b_len];
}

const char *text_nearest(const char *word, const char *const *known)
{
    size_t len = strlen(word);
    if (len == 0 || len > NEAREST_WORD_MAX) {
        return NULL;
    }
    const char *nearest = NULL;
    unsigned best = (unsigned)(len + 2) / 3 + 1; /* the first distance that is too far */
    for (; *known != NULL; known++) {
        size_t known_len = strlen(*known);
        if (known_len > NEAREST_WORD_MAX) {
            continue;
        }
        unsigned distance = edit_distance(word, len, *known, known_len);
        if (distance < best) {
            best = distance;
            nearest = *known;
        }
    }
    return nearest;
}

/* Reads the digits at the front of *text and steps over them; false if there are none or too many.
 */
static bool digits_take(struct slice *text, uint64_t *value, size_t *count)
{
    size_t i = 0;
    uint64_t sum = 0;
    for (; i < text->len && text->data[i] >= '0' && text->data[i] <= '9'; i++) {
        uint64_t digit = (uint64_t)(text->data[i] - '0');
        if (sum > (UINT64_MAX - digit) / 10) {
            return false;
        }
        sum = sum * 10 + digit;
    }
    if (i == 0) {
        return false;
    }
    *value = sum;
    *count = i;
    *text = slice_of(text->data + i, text->len - i);
    return true;
}

bool text_is_name(struct slice text, size_t max)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && (c < '0' || c > '9') && c != '_' && c != '.' && c != '-') {
            return false;
        }
    }
    return text.len > 0 && text.len <= max;
}

bool text_is_file_name(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (c < ' ' || c == 0x7f || c == '/') {
            return false;
        }
    }
    return text.len > 0 && text.len <= TEXT_FILE_NAME_MAX && text.data[0] != '.' &&
           text_is_utf8(text, NULL);
}

bool text_number(struct slice text, uint64_t min, uint64_t max, uint64_t *value)
{
    uint64_t number;
    size_t digits;
    if (!digits_take(&text, &number, &digits) || text.len > 0 || number < min || number > max) {
        return false;
    }
    *value = number;
    return true;
}

/* Milliseconds of a unit, 0 if there is none of that name. */
static uint64_t duration_unit_ms(struct slice name)
{
    static const struct {
        const char *name;
        uint64_t ms;
    } units[] = {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (slice_is(name, units[i].name)) {
            return units[i].ms;
        }
    }
    return 0;
}

/* Reads ".25" as 25 of 100; nothing at all as 0 of 1. More than nine digits are refused. */
static bool fraction_take(struct slice *text, uint64_t *part, uint64_t *of)
{
    *part = 0;
    *of = 1;
    if (text->len == 0 || text->data[0] != '.') {
        return true;
    }
    size_t digits;
    *text = slice_of(text->data + 1, text->len - 1);
    if (!digits_take(text, part, &digits) || digits > 9) {
        return false;
    }
    while (digits-- > 0) {
        *of *= 10;
    }
    return true;
}

bool text_duration_ms(struct slice text, uint64_t *ms)
{
    uint64_t whole;
    uint64_t part;
    uint64_t of;
    size_t digits;
    if (!digits_take(&text, &whole, &digits) || !fraction_take(&text, &part, &of)) {
        return false;
    }
    uint64_t unit_ms = duration_unit_ms(text);
    /* Below a millisecond there is nothing to wait for: "0.5ms" is a mistake, not 0. */
    if (unit_ms == 0 || part * unit_ms % of != 0) {
        return false;
    }
    uint64_t part_ms = part * unit_ms / of;
    if (whole > (UINT64_MAX - part_ms) / unit_ms) {
        return false;
    }
    *ms = whole * unit_ms + part_ms;
    return true;
}

struct civil_date {
    unsigned year;
    unsigned month;
    unsigned day;
};

/*
 * The Gregorian date of a number of days since 1970-01-01, without loops or tables: years are
 * counted from March, so that the leap day is the last of a year, in eras of 400 years that are all
 * alike (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", 2013).
 */
static struct civil_date civil_from_days(uint64_t days)
{
    uint64_t z = days + 719468; /* 0000-03-01 */
    uint64_t era = z / 146097;
    unsigned day_of_era = (unsigned)(z % 146097);
    unsigned year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned march_month = (5 * day_of_year + 2) / 153;
    struct civil_date date;
    date.day = day_of_year - (153 * march_month + 2) / 5 + 1;
    date.month = march_month < 10 ? march_month + 3 : march_month - 9;
    date.year = (unsigned)(era * 400) + year_of_era + (date.month <= 2 ? 1 : 0);
    return date;
}

static char *put_digits(char *at, unsigned value, unsigned width, char after)
{
    for (unsigned i = width; i > 0; i--) {
        at[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
    at[width] = after;
    return at + width + 1;
}

void text_time_str(char out[TEXT_TIME_BYTES + 1], uint64_t unix_ms)
{
    const uint64_t last_ms = UINT64_C(253402300799999); /* RFC 3339 has four digits for the year */
    uint64_t ms = unix_ms > last_ms ? last_ms : unix_ms;
    struct civil_date date = civil_from_days(ms / 86400000);
    unsigned day_ms = (unsigned)(ms % 86400000);
    char *at = put_digits(out, date.year, 4, '-');
    at = put_digits(at, date.month, 2, '-');
    at = put_digits(at, date.day, 2, 'T');
    at = put_digits(at, day_ms / 3600000, 2, ':');
    at = put_digits(at, day_ms / 60000 % 60, 2, ':');
    at = put_digits(at, day_ms / 1000 % 60, 2, '.');
    at = put_digits(at, day_ms % 1000, 3, 'Z');
    *at = '\0';
}

void text_time(struct buf *buf, uint64_t unix_ms)
{
    char time[TEXT_TIME_BYTES + 1];
    text_time_str(time, unix_ms);
    buf_append(buf, time, TEXT_TIME_BYTES);
}

/* Exactly `width` digits, within [min, max], and the character after them ('\0': anything). */
static bool take_digits(const char **at, unsigned width, unsigned min, unsigned max, char after,
                        unsigned *value)
{
    *value = 0;
    for (unsigned i = 0; i < width; i++) {
        if (**at < '0' || **at > '9') {
            return false;
        }
        *value = *value * 10 + (unsigned)(*(*at)++ - '0');
    }
    return *value >= min && *value <= max && (after == '\0' || *(*at)++ == after);
}

static unsigned days_of_month(unsigned year, unsigned month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (is_leap && month == 2 ? 1u : 0u);
}

/* The inverse of civil_from_days, from 1970 on. */
static uint64_t days_from_civil(unsigned year, unsigned month, unsigned day)
{
    unsigned march_year = month <= 2 ? year - 1 : year;
    unsigned march_month = month > 2 ? month - 3 : month + 9;
    uint64_t era = march_year / 400;
    unsigned year_of_era = march_year % 400;
    unsigned day_of_year = (153 * march_month + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static bool take_fraction(const char **at, unsigned *ms)
{
    unsigned scale = 100;
    *ms = 0;
    if (**at != '.') {
        return true;
    }
    const char *first = ++*at;
    for (; **at >= '0' && **at <= '9'; (*at)++, scale /= 10) {
        *ms += scale * (unsigned)(**at - '0');
    }
    return *at > first;
}

/* Minutes east of UTC. */
static bool take_offset(const char **at, int *minutes)
{
    char sign = *(*at)++;
    unsigned hour;
    unsigned minute;
    *minutes = 0;
    if (sign == 'Z' || sign == 'z') {
        return true;
    }
    if ((sign != '+' && sign != '-') || !take_digits(at, 2, 0, 23, ':', &hour) ||
        !take_digits(at, 2, 0, 59, '\0', &minute)) {
        return false;
    }
    *minutes = (int)(hour * 60 + minute) * (sign == '-' ? -1 : 1);
    return true;
}

bool text_time_parse(struct slice text, uint64_t *unix_ms)
{
    char copy[64] = {0};
    struct civil_date date;
    unsigned hour;
    unsigned minute;
    unsigned second;
    unsigned ms;
    int offset;
    if (text.len >= sizeof(copy) || text.len == 0) {
        return false;
    }
    memcpy(copy, text.data, text.len);
    const char *at = copy;
    if (!take_digits(&at, 4, 1970, 9999, '-', &date.year) ||
        !take_digits(&at, 2, 1, 12, '-', &date.month) ||
        !take_digits(&at, 2, 1, days_of_month(date.year, date.month), '\0', &date.day) ||
        (*at != 'T' && *at != 't')) {
        return false;
    }
    at++;
    if (!take_digits(&at, 2, 0, 23, ':', &hour) || !take_digits(&at, 2, 0, 59, ':', &minute) ||
        !take_digits(&at, 2, 0, 60, '\0', &second) || !take_fraction(&at, &ms) ||
        !take_offset(&at, &offset) || at != copy + text.len) {
        return false;
    }
    int64_t time_s = (int64_t)days_from_civil(date.year, date.month, date.day) * 86400 +
                     (int64_t)hour * 3600 + (int64_t)minute * 60 + second - (int64_t)offset * 60;
    *unix_ms = time_s < 0 ? 0 : (uint64_t)time_s * 1000 + ms;
    return time_s >= 0;
}
