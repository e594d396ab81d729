/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Days are counted from 1970-01-01 in the Gregorian calendar. The offset at a moment is that of the
 * latest change before it, looked for among the changes of the year before, the year and the year
 * after, so that it does not matter in which half of the year summer is.
 */
#include "common/time_zone_rule.h"

#define DAY_S           INT64_C(86400)
#define OFFSET_HOURS    24
#define DATE_HOURS      167
#define NAME_MIN        3
#define DEFAULT_TIME_S  7200
#define DAYS_PER_400_Y  INT64_C(146097)
#define DAYS_TO_1970    INT64_C(719468) /* from 0000-03-01 */
#define CHANGES_OF_YEAR 2
#define YEARS           3

/* ---- Text ---- */

static bool take(struct slice *text, char c)
{
    if (text->len == 0 || text->data[0] != (uint8_t)c) {
        return false;
    }
    *text = slice_of(text->data + 1, text->len - 1);
    return true;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool take_number(struct slice *text, int max, int *number)
{
    int value = 0;
    size_t digits = 0;
    while (digits < text->len && digits < 4 && is_digit(text->data[digits])) {
        value = value * 10 + (text->data[digits++] - '0');
    }
    *text = slice_of(text->data + digits, text->len - digits);
    *number = value;
    return digits > 0 && value <= max;
}

/* Letters, or anything but '>' within '<' and '>'. */
static bool take_name(struct slice *text)
{
    size_t len = 0;
    if (take(text, '<')) {
        while (len < text->len && text->data[len] != '>') {
            len++;
        }
        bool is_closed = len < text->len;
        *text = slice_of(text->data + len, text->len - len);
        return is_closed && take(text, '>') && len >= NAME_MIN;
    }
    while (len < text->len &&
           ((text->data[len] | 0x20) >= 'a' && (text->data[len] | 0x20) <= 'z')) {
        len++;
    }
    *text = slice_of(text->data + len, text->len - len);
    return len >= NAME_MIN;
}

/* [+-]h[:m[:s]] */
static bool take_time(struct slice *text, int hours_max, int32_t *seconds)
{
    int hour = 0;
    int minute = 0;
    int second = 0;
    bool is_minus = take(text, '-');
    if (!is_minus) {
        (void)take(text, '+');
    }
    if (!take_number(text, hours_max, &hour) ||
        (take(text, ':') && (!take_number(text, 59, &minute) ||
                             (take(text, ':') && !take_number(text, 59, &second))))) {
        return false;
    }
    int32_t value = hour * 3600 + minute * 60 + second;
    *seconds = is_minus ? -value : value;
    return true;
}

static bool take_date(struct slice *text, struct time_zone_date *date)
{
    bool is_good = false;
    *date = (struct time_zone_date){.time_s = DEFAULT_TIME_S};
    if (take(text, 'M')) {
        date->kind = TIME_ZONE_WEEKDAY;
        is_good = take_number(text, 12, &date->month) && date->month >= 1 && take(text, '.') &&
                  take_number(text, 5, &date->week) && date->week >= 1 && take(text, '.') &&
                  take_number(text, 6, &date->day);
    } else if (take(text, 'J')) {
        date->kind = TIME_ZONE_JULIAN;
        is_good = take_number(text, 365, &date->day) && date->day >= 1;
    } else {
        date->kind = TIME_ZONE_DAY_OF_YEAR;
        is_good = take_number(text, 365, &date->day);
    }
    return is_good && (!take(text, '/') || take_time(text, DATE_HOURS, &date->time_s));
}

bool time_zone_rule_parse(struct slice text, struct time_zone_rule *rule)
{
    int32_t west_s = 0;
    *rule = (struct time_zone_rule){0};
    if (!take_name(&text) || !take_time(&text, OFFSET_HOURS, &west_s)) {
        return false;
    }
    rule->offset_s = -west_s;
    if (text.len == 0) {
        return true;
    }
    rule->has_summer = true;
    rule->summer_offset_s = rule->offset_s + 3600;
    if (!take_name(&text)) {
        return false;
    }
    if (text.len > 0 && text.data[0] != ',') {
        if (!take_time(&text, OFFSET_HOURS, &west_s)) {
            return false;
        }
        rule->summer_offset_s = -west_s;
    }
    return take(&text, ',') && take_date(&text, &rule->start) && take(&text, ',') &&
           take_date(&text, &rule->end) && text.len == 0;
}

/* ---- Calendar ---- */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Years that begin in March, so that the day which is not always there is the last one. */
static int64_t days_of(int64_t year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = floor_div(y, 400);
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * DAYS_PER_400_Y + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
           day_of_year - DAYS_TO_1970;
}

static int64_t year_of(int64_t unix_s)
{
    int64_t days = floor_div(unix_s, DAY_S);
    int64_t year = 1970 + floor_div(days * 400, DAYS_PER_400_Y);
    while (days_of(year, 1, 1) > days) {
        year--;
    }
    while (days_of(year + 1, 1, 1) <= days) {
        year++;
    }
    return year;
}

static int64_t weekday_of_month(const struct time_zone_date *date, int64_t year)
{
    int64_t first = days_of(year, date->month, 1);
    int64_t after = date->month == 12 ? days_of(year + 1, 1, 1) : days_of(year, date->month + 1, 1);
    int64_t weekday = (first % 7 + 7 + 4) % 7; /* 1970-01-01 was a Thursday */
    int64_t day = first + (date->day - weekday + 7) % 7 + (date->week - 1) * INT64_C(7);
    return day < after ? day : day - 7;
}

/* Local time, as if it were UTC. */
static int64_t date_in_year_s(const struct time_zone_date *date, int64_t year)
{
    int64_t day = 0;
    switch (date->kind) {
    case TIME_ZONE_WEEKDAY:
        day = weekday_of_month(date, year);
        break;
    case TIME_ZONE_JULIAN: {
        bool is_leap = days_of(year + 1, 1, 1) - days_of(year, 1, 1) == 366;
        day = days_of(year, 1, 1) + date->day - 1 + (is_leap && date->day >= 60);
        break;
    }
    case TIME_ZONE_DAY_OF_YEAR:
        day = days_of(year, 1, 1) + date->day;
        break;
    }
    return day * DAY_S + date->time_s;
}

int32_t time_zone_rule_offset_s(const struct time_zone_rule *rule, int64_t unix_s, int64_t *next_s)
{
    int64_t next = INT64_MAX;
    int64_t last = INT64_MIN;
    int32_t offset_s = rule->offset_s;
    int64_t year = year_of(unix_s) - 1;
    for (int64_t y = year; rule->has_summer && y < year + YEARS; y++) {
        const int64_t at_s[CHANGES_OF_YEAR] = {
            date_in_year_s(&rule->end, y) - rule->summer_offset_s,
            date_in_year_s(&rule->start, y) - rule->offset_s,
        };
        for (unsigned i = 0; i < CHANGES_OF_YEAR; i++) {
            /* At the same moment summer begins: so are zones written that keep it all year. */
            if (at_s[i] <= unix_s && at_s[i] >= last) {
                last = at_s[i];
                offset_s = i == 0 ? rule->offset_s : rule->summer_offset_s;
            } else if (at_s[i] > unix_s && at_s[i] < next) {
                next = at_s[i];
            }
        }
    }
    if (next_s != NULL) {
        *next_s = next;
    }
    return offset_s;
}
