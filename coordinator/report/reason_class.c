/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/reason_class.h"

#include <stddef.h>

#include "proto/outcome.h"

static const struct {
    const char *name;
    const char *meaning;
} CLASSES[REASON_CLASSES] = {
#define REASON_CLASS_ROW(name, word, meaning) [REASON_CLASS_##name] = {word, meaning},
    REASON_CLASS_MAP(REASON_CLASS_ROW)
#undef REASON_CLASS_ROW
};

/* The first row that a reason is in holds. */
static const struct {
    uint16_t first;
    uint16_t last;
    enum reason_class reason_class;
} RANGES[] = {
    {100, 599, REASON_CLASS_ANSWER},
    {REASON_NO_ENDPOINT, REASON_NO_ENDPOINT, REASON_CLASS_NO_ENDPOINT},
    {REASON_PAGE_DAMAGED, REASON_CONTENT_UNKNOWN, REASON_CLASS_WORKER},
    {REASON_CHANNEL_UNKNOWN, REASON_CHANNEL_UNKNOWN, REASON_CLASS_SETTINGS},
    {REASON_ENDPOINT_UNFIT, REASON_ENDPOINT_DEAD, REASON_CLASS_ADDRESS},
    {1001, 1099, REASON_CLASS_MESSAGE},
    {REASON_AUTHENTICATION_FAILED, REASON_SECRET_MISSING, REASON_CLASS_SETTINGS},
    {REASON_ADDRESS_REFUSED, REASON_ADDRESS_REFUSED, REASON_CLASS_ADDRESS},
    {REASON_ENDPOINT_REFUSED, REASON_ENDPOINT_REFUSED, REASON_CLASS_ADDRESS},
    {REASON_MESSAGE_REFUSED, REASON_MESSAGE_REFUSED, REASON_CLASS_MESSAGE},
    {REASON_SETTINGS_REFUSED, REASON_TOKEN_MISSING, REASON_CLASS_SETTINGS},
    {1101, 1199, REASON_CLASS_CONNECTION},
    {1201, 1299, REASON_CLASS_HELD_BACK},
    {REASON_LEASE_EXPIRED, REASON_WORKER_RESTARTED, REASON_CLASS_WORKER},
    {REASON_CHANNEL_DOWN, REASON_PASSED_BY, REASON_CLASS_CHANNEL_DOWN},
    {1303, 1399, REASON_CLASS_TIME},
    {1400, 1499, REASON_CLASS_SUPPRESSED},
    {1500, 1599, REASON_CLASS_RESPECT},
    {1610, 1649, REASON_CLASS_ADDRESS},
    {1600, 1699, REASON_CLASS_RECEIPT},
};

const char *reason_class_name(enum reason_class reason_class)
{
    return reason_class < REASON_CLASSES ? CLASSES[reason_class].name : "?";
}

const char *reason_class_meaning(enum reason_class reason_class)
{
    return reason_class < REASON_CLASSES ? CLASSES[reason_class].meaning : "?";
}

enum reason_class reason_class_of(uint16_t reason)
{
    for (size_t i = 0; i < sizeof(RANGES) / sizeof(RANGES[0]); i++) {
        if (reason >= RANGES[i].first && reason <= RANGES[i].last) {
            return RANGES[i].reason_class;
        }
    }
    return REASON_CLASS_UNKNOWN;
}
