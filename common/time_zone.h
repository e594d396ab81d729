/* SPDX-License-Identifier: Apache-2.0 */
/*
 * time_zone: a named zone of the time zone database, and what can be asked of it: the offset from
 * UTC at a moment, the calendar day of a moment, and whether a moment lies within a span of the
 * day. An open zone is never changed, so that any thread may ask; nothing here uses the process's
 * own zone (TZ, tzset).
 *
 * Zones are read from TIME_ZONE_DIRECTORY (TZif, RFC 8536, version 2 and later); "UTC" needs no
 * file. Leap seconds are not counted, as unix time does not count them; "right/" zones are refused.
 */
#ifndef TOCSIN_COMMON_TIME_ZONE_H
#define TOCSIN_COMMON_TIME_ZONE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/slice.h"

#define TIME_ZONE_DIRECTORY "/usr/share/zoneinfo"
#define TIME_ZONE_NAME_MAX  64
/* "22:00-07:00" */
#define DAY_SPAN_CHARS 11

struct time_zone;

/* ERR_NOT_FOUND: there is no zone of that name; ERR_INVALID: no name of a zone, or the file is no
 * TZif; ERR_IO. The problem names the zone and shows what a right name looks like. */
enum err time_zone_open(const char *name, struct time_zone **zone,
                        struct problem *problem) WARN_UNUSED;
/* From the bytes of a TZif file. ERR_INVALID, ERR_LIMIT. */
enum err time_zone_parse(struct slice tzif, struct time_zone **zone) WARN_UNUSED;
void time_zone_free(struct time_zone *zone);

/* What is added to UTC to get local time. Before the first known moment: that moment's. */
int32_t time_zone_offset_s(const struct time_zone *zone, uint64_t unix_ms);
/* When the offset changes next, after unix_ms; UINT64_MAX: never. */
uint64_t time_zone_change_ms(const struct time_zone *zone, uint64_t unix_ms);
/* The first moment of the next local calendar day, which is midnight, but where clocks jump over
 * midnight the moment after the jump. */
uint64_t time_zone_next_day_ms(const struct time_zone *zone, uint64_t unix_ms);
/* The local calendar day, counted from 1970-01-01. */
uint32_t time_zone_day(const struct time_zone *zone, uint64_t unix_ms);

/* A part of every day by the clock on the wall: from, up to but without `to`, over midnight if `to`
 * is the smaller one. */
struct day_span {
    uint16_t from_min; /* minutes since midnight, 0..1439 */
    uint16_t to_min;   /* another than from_min */
};

/* "HH:MM-HH:MM"; 24:00 is 00:00. False: something else, or both ends are the same. */
bool day_span_parse(struct slice text, struct day_span *span);
void day_span_write(char out[DAY_SPAN_CHARS + 1], const struct day_span *span);
/* Does the clock on the wall stand within the span? *until_ms (may be NULL): when the answer
 * changes. An hour that comes twice is within the span twice; a span that a jump of the clock skips
 * does not come that day. */
bool day_span_covers(const struct day_span *span, const struct time_zone *zone, uint64_t unix_ms,
                     uint64_t *until_ms);

#endif
