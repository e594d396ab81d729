/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TZif file has a block for 32-bit times, which is passed over, one for 64-bit times, and a rule
 * for what comes after the last of them. Only changes of the offset are kept: names and the summer
 * flag are of no use here.
 */
#include "common/time_zone.h"

#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/file.h"
#include "common/mem.h"
#include "common/text.h"
#include "common/time_zone_rule.h"

#define FILE_MAX_BYTES 65536
#define HEADER_BYTES   44
#define CHANGES_MAX    2000
#define TYPES_MAX      256
#define CHARS_MAX      2048
#define LEAPS_MAX      1000
#define TYPE_BYTES     6
#define OFFSET_MAX_S   93599 /* 25:59:59, the most that RFC 8536 allows */
#define DAY_MIN        1440
#define DAY_S          INT64_C(86400)
#define CHANGES_LOOKED 64

struct change {
    int64_t at_s;
    int32_t offset_s; /* from then on */
};

struct time_zone {
    int32_t first_offset_s;
    unsigned count;
    bool has_rule;
    struct time_zone_rule rule;
    struct change changes[];
};

/* ---- Reading ---- */

struct counts {
    uint8_t version;
    uint32_t isut;
    uint32_t isstd;
    uint32_t leap;
    uint32_t time;
    uint32_t type;
    uint32_t chars;
};

static uint32_t big32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static bool read_header(struct slice bytes, struct counts *counts)
{
    if (bytes.len < HEADER_BYTES || memcmp(bytes.data, "TZif", 4) != 0) {
        return false;
    }
    const uint8_t *at = bytes.data + 20;
    *counts = (struct counts){.version = bytes.data[4],
                              .isut = big32(at),
                              .isstd = big32(at + 4),
                              .leap = big32(at + 8),
                              .time = big32(at + 12),
                              .type = big32(at + 16),
                              .chars = big32(at + 20)};
    return counts->time <= CHANGES_MAX && counts->type <= TYPES_MAX && counts->type > 0 &&
           counts->chars <= CHARS_MAX && counts->leap <= LEAPS_MAX &&
           counts->isut <= counts->type && counts->isstd <= counts->type;
}

static size_t block_bytes(const struct counts *c, size_t time_bytes)
{
    return c->time * (time_bytes + 1) + (size_t)c->type * TYPE_BYTES + c->chars +
           c->leap * (time_bytes + 4) + c->isstd + c->isut;
}

static bool read_offset(const uint8_t *types, unsigned type, int32_t *offset_s)
{
    uint32_t bits = big32(types + (size_t)type * TYPE_BYTES);
    int32_t value = 0;
    memcpy(&value, &bits, sizeof(value));
    *offset_s = value;
    return value <= OFFSET_MAX_S && value >= -OFFSET_MAX_S;
}

static bool read_changes(const uint8_t *block, const struct counts *counts, struct time_zone *zone)
{
    const uint8_t *indexes = block + (size_t)counts->time * 8;
    const uint8_t *types = indexes + counts->time;
    if (!read_offset(types, 0, &zone->first_offset_s)) {
        return false;
    }
    for (uint32_t i = 0; i < counts->time; i++) {
        uint64_t bits =
            (uint64_t)big32(block + (size_t)i * 8) << 32 | big32(block + (size_t)i * 8 + 4);
        struct change change;
        memcpy(&change.at_s, &bits, sizeof(change.at_s));
        if (indexes[i] >= counts->type || !read_offset(types, indexes[i], &change.offset_s) ||
            (i > 0 && change.at_s <= zone->changes[i - 1].at_s)) {
            return false;
        }
        zone->changes[i] = change;
    }
    zone->count = counts->time;
    return true;
}

static bool read_footer(struct slice rest, struct time_zone *zone)
{
    if (rest.len < 2 || rest.data[0] != '\n' || rest.data[rest.len - 1] != '\n') {
        return false;
    }
    struct slice text = slice_of(rest.data + 1, rest.len - 2);
    zone->has_rule = text.len > 0;
    return text.len == 0 || time_zone_rule_parse(text, &zone->rule);
}

enum err time_zone_parse(struct slice tzif, struct time_zone **zone)
{
    struct counts counts;
    *zone = NULL;
    if (tzif.len > FILE_MAX_BYTES) {
        return ERR_LIMIT;
    }
    if (!read_header(tzif, &counts) || counts.version < '2') {
        return ERR_INVALID;
    }
    size_t skip = HEADER_BYTES + block_bytes(&counts, 4);
    if (skip > tzif.len || !read_header(slice_of(tzif.data + skip, tzif.len - skip), &counts)) {
        return ERR_INVALID;
    }
    struct slice block = slice_of(tzif.data + skip + HEADER_BYTES, tzif.len - skip - HEADER_BYTES);
    size_t len = block_bytes(&counts, 8);
    if (len > block.len || counts.leap > 0) {
        return ERR_INVALID;
    }
    struct time_zone *made =
        mem_zalloc(1, sizeof(*made) + (size_t)counts.time * sizeof(made->changes[0]));
    if (!read_changes(block.data, &counts, made) ||
        !read_footer(slice_of(block.data + len, block.len - len), made)) {
        mem_free(made);
        return ERR_INVALID;
    }
    *zone = made;
    return ERR_OK;
}

void time_zone_free(struct time_zone *zone)
{
    mem_free(zone);
}

static bool is_name(const char *name)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";
    size_t len = strnlen(name, TIME_ZONE_NAME_MAX + 1);
    return len > 0 && len <= TIME_ZONE_NAME_MAX && strspn(name, allowed) == len && name[0] != '/' &&
           name[0] != '-' && name[len - 1] != '/';
}

enum err time_zone_open(const char *name, struct time_zone **zone, struct problem *problem)
{
    char path[sizeof(TIME_ZONE_DIRECTORY) + 1 + TIME_ZONE_NAME_MAX];
    struct buf bytes = {0};
    *zone = NULL;
    if (strcmp(name, "UTC") == 0) {
        *zone = mem_zalloc(1, sizeof(**zone));
        return ERR_OK;
    }
    if (!is_name(name)) {
        return problem_set(problem, ERR_INVALID,
                           "\"%.70s\" is no name of a time zone; one looks like Europe/Oslo, "
                           "America/New_York or UTC",
                           name);
    }
    (void)snprintf(path, sizeof(path), "%s/%s", TIME_ZONE_DIRECTORY, name);
    enum err err = file_read(&bytes, path, FILE_MAX_BYTES, NULL);
    if (err == ERR_OK) {
        err = time_zone_parse(buf_view(&bytes), zone);
    }
    buf_release(&bytes);
    if (err == ERR_NOT_FOUND) {
        return problem_set(problem, err,
                           "there is no time zone \"%s\" (the system's database is %s); names are "
                           "like Europe/Oslo, America/New_York or UTC",
                           name, TIME_ZONE_DIRECTORY);
    }
    return err == ERR_OK ? ERR_OK
                         : problem_set(problem, err, "time zone \"%s\": %s/%s cannot be used: %s",
                                       name, TIME_ZONE_DIRECTORY, name, err_sentence(err));
}

/* ---- Offsets ---- */

/* How many changes lie at or before the moment. */
static unsigned changes_until(const struct time_zone *zone, int64_t unix_s)
{
    unsigned low = 0;
    unsigned high = zone->count;
    while (low < high) {
        unsigned mid = low + (high - low) / 2;
        if (zone->changes[mid].at_s <= unix_s) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

static int32_t offset_at(const struct time_zone *zone, int64_t unix_s, int64_t *next_s)
{
    unsigned passed = changes_until(zone, unix_s);
    if (passed < zone->count) {
        *next_s = zone->changes[passed].at_s;
        return passed == 0 ? zone->first_offset_s : zone->changes[passed - 1].offset_s;
    }
    if (zone->has_rule) {
        return time_zone_rule_offset_s(&zone->rule, unix_s, next_s);
    }
    *next_s = INT64_MAX;
    return passed == 0 ? zone->first_offset_s : zone->changes[passed - 1].offset_s;
}

/* Far below what would overflow, far above what anybody asks for. */
static int64_t seconds_of(uint64_t unix_ms)
{
    return (int64_t)(unix_ms / 1000);
}

int32_t time_zone_offset_s(const struct time_zone *zone, uint64_t unix_ms)
{
    int64_t next_s = 0;
    return offset_at(zone, seconds_of(unix_ms), &next_s);
}

/* A file may name moments that no clock will show. */
static uint64_t ms_of(int64_t unix_s)
{
    return unix_s > INT64_MAX / 1000 ? UINT64_MAX : (uint64_t)unix_s * 1000;
}

uint64_t time_zone_change_ms(const struct time_zone *zone, uint64_t unix_ms)
{
    int64_t at_s = seconds_of(unix_ms);
    int64_t next_s = at_s;
    int32_t offset_s = offset_at(zone, at_s, &next_s);
    for (unsigned i = 0; i < CHANGES_LOOKED && next_s != INT64_MAX; i++) {
        int64_t change_s = next_s;
        if (offset_at(zone, change_s, &next_s) != offset_s) { /* not only its name changed */
            return ms_of(change_s);
        }
    }
    return UINT64_MAX;
}

static int64_t floor_day(int64_t local_s)
{
    return local_s / DAY_S - (local_s % DAY_S < 0);
}

uint32_t time_zone_day(const struct time_zone *zone, uint64_t unix_ms)
{
    int64_t day = floor_day(seconds_of(unix_ms) + time_zone_offset_s(zone, unix_ms));
    return day < 0 ? 0 : (uint32_t)day;
}

uint64_t time_zone_next_day_ms(const struct time_zone *zone, uint64_t unix_ms)
{
    int64_t at_s = seconds_of(unix_ms);
    int64_t next_s = 0;
    int32_t offset_s = offset_at(zone, at_s, &next_s);
    int64_t day = floor_day(at_s + offset_s);
    for (unsigned i = 0; i < CHANGES_LOOKED; i++) {
        int64_t midnight_s = (day + 1) * DAY_S - offset_s;
        if (midnight_s < next_s) {
            return (uint64_t)midnight_s * 1000;
        }
        at_s = next_s;
        offset_s = offset_at(zone, at_s, &next_s);
        if (floor_day(at_s + offset_s) > day) {
            return (uint64_t)at_s * 1000;
        }
    }
    return unix_ms + (uint64_t)DAY_S * 1000;
}

/* ---- Spans of the day ---- */

static bool parse_clock(const uint8_t *at, uint16_t *minutes)
{
    for (unsigned i = 0; i < 5; i++) {
        if (i == 2 ? at[i] != ':' : at[i] < '0' || at[i] > '9') {
            return false;
        }
    }
    unsigned hour = (unsigned)(at[0] - '0') * 10 + (unsigned)(at[1] - '0');
    unsigned minute = (unsigned)(at[3] - '0') * 10 + (unsigned)(at[4] - '0');
    *minutes = (uint16_t)((hour * 60 + minute) % DAY_MIN);
    return minute < 60 && (hour < 24 || (hour == 24 && minute == 0));
}

bool day_span_parse(struct slice text, struct day_span *span)
{
    return text.len == DAY_SPAN_CHARS && text.data[5] == '-' &&
           parse_clock(text.data, &span->from_min) && parse_clock(text.data + 6, &span->to_min) &&
           span->from_min != span->to_min;
}

void day_span_write(char out[DAY_SPAN_CHARS + 1], const struct day_span *span)
{
    (void)snprintf(out, DAY_SPAN_CHARS + 1, "%02u:%02u-%02u:%02u", span->from_min / 60u % 24u,
                   span->from_min % 60u, span->to_min / 60u % 24u, span->to_min % 60u);
}

static bool is_within(const struct day_span *span, int64_t second_of_day)
{
    int64_t minute = second_of_day / 60;
    return span->from_min < span->to_min ? minute >= span->from_min && minute < span->to_min
                                         : minute >= span->from_min || minute < span->to_min;
}

bool day_span_covers(const struct day_span *span, const struct time_zone *zone, uint64_t unix_ms,
                     uint64_t *until_ms)
{
    int64_t at_s = seconds_of(unix_ms);
    int64_t next_s = 0;
    int32_t offset_s = offset_at(zone, at_s, &next_s);
    int64_t second = at_s + offset_s - floor_day(at_s + offset_s) * DAY_S;
    bool covers = is_within(span, second);
    bool is_same = true;
    /* The answer can change only where the clock shows an end of the span, or where it jumps. */
    for (unsigned i = 0; is_same && i < CHANGES_LOOKED; i++) {
        int64_t from_s = (span->from_min * INT64_C(60) - second + DAY_S - 1) % DAY_S + 1;
        int64_t to_s = (span->to_min * INT64_C(60) - second + DAY_S - 1) % DAY_S + 1;
        int64_t look_s = at_s + (from_s < to_s ? from_s : to_s);
        at_s = next_s < look_s ? next_s : look_s;
        offset_s = offset_at(zone, at_s, &next_s);
        second = at_s + offset_s - floor_day(at_s + offset_s) * DAY_S;
        is_same = is_within(span, second) == covers;
    }
    if (until_ms != NULL) {
        *until_ms = (uint64_t)at_s * 1000;
    }
    return covers;
}
