/* SPDX-License-Identifier: Apache-2.0 */
/*
 * respect_document: what spares recipients, as clients write it in a campaign and operators in the
 * coordinator's settings:
 *     "quiet_hours":{"from":"22:00","to":"07:00","channels":["sms","voice"],"zone":"Europe/Oslo"}
 *     "frequency_cap":{"messages":3,"per":"7d"}
 * Either may be "none": then the settings' default does not hold.
 */
#ifndef TOCSIN_CONTENT_RESPECT_DOCUMENT_H
#define TOCSIN_CONTENT_RESPECT_DOCUMENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "coordinator/content/document_reader.h"

#define RESPECT_ZONE_MAX     64 /* bytes of a time zone's name */
#define RESPECT_MESSAGES_MAX 100
#define RESPECT_PER_MIN_MS   (UINT64_C(60) * 1000)
#define RESPECT_PER_MAX_MS   (UINT64_C(366) * 24 * 3600 * 1000)

/* In the recipient's own time, from `from_min` to `to_min` after midnight; over midnight if `to` is
 * the smaller one. */
struct quiet_hours {
    unsigned channels; /* bit c: channel c; 0: there are none */
    unsigned from_min;
    unsigned to_min;
    char zone[RESPECT_ZONE_MAX + 1]; /* of whoever has none of his own */
};

/* Of all campaigns launched within so long nobody gets more than so many messages. */
struct frequency_cap {
    uint32_t messages; /* 0: no cap */
    uint64_t per_ms;
};

struct respect {
    struct quiet_hours quiet_hours;
    struct frequency_cap frequency_cap;
};

/* The value of the member. What is not read is as it was. is_stored: it was checked when it was
 * taken, and whether there (still) is such a time zone is not asked. ERR_INVALID, ERR_LIMIT. */
enum err respect_document_quiet_hours(struct document_reader *reader, json_t *value, bool is_stored,
                                      struct quiet_hours *hours) WARN_UNUSED;
enum err respect_document_frequency_cap(struct document_reader *reader, json_t *value,
                                        struct frequency_cap *cap) WARN_UNUSED;
/* The same as clients see it, a new reference; null if there are none. */
json_t *respect_document_show_quiet_hours(const struct quiet_hours *hours);
json_t *respect_document_show_frequency_cap(const struct frequency_cap *cap);

#endif
