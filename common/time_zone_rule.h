/* SPDX-License-Identifier: Apache-2.0 */
/*
 * time_zone_rule: the rule at the end of a TZif file that says how a zone goes on for ever: the TZ
 * string of POSIX with the extensions of RFC 8536 ("CET-1CEST,M3.5.0,M10.5.0/3"). A value.
 */
#ifndef TOCSIN_COMMON_TIME_ZONE_RULE_H
#define TOCSIN_COMMON_TIME_ZONE_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/slice.h"

enum time_zone_date_kind {
    TIME_ZONE_WEEKDAY,     /* Mm.w.d: the w-th weekday d of month m, 5 is the last */
    TIME_ZONE_JULIAN,      /* Jn: day 1..365, 29 February is never counted */
    TIME_ZONE_DAY_OF_YEAR, /* n: day 0..365 */
};

struct time_zone_date {
    enum time_zone_date_kind kind;
    int month;
    int week;
    int day;
    int32_t time_s; /* local time of that day, -167 to 167 hours */
};

struct time_zone_rule {
    int32_t offset_s; /* standard time, added to UTC */
    bool has_summer;
    int32_t summer_offset_s;
    struct time_zone_date start; /* of summer time, by standard time */
    struct time_zone_date end;   /* by summer time */
};

bool time_zone_rule_parse(struct slice text, struct time_zone_rule *rule);
/* The offset at a moment; *next_s (may be NULL): when it changes, INT64_MAX if never. */
int32_t time_zone_rule_offset_s(const struct time_zone_rule *rule, int64_t unix_s, int64_t *next_s);

#endif
