/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed_alarms: what somebody should look at now. Whoever watches says again and again what is amiss
 * (feed_alarms_hold); what was so for long enough is raised, and cleared when it is not said any
 * more. Both are facts of the feed; which alarms are on is kept in the ledger, so that one that has
 * gone over a restart is cleared. Loop's thread only.
 */
#ifndef TOCSIN_API_FEED_ALARMS_H
#define TOCSIN_API_FEED_ALARMS_H

#include <jansson.h>
#include <stdint.h>

#include "common/err.h"
#include "coordinator/api/feed.h"

struct api;
struct feed_alarms;

enum feed_alarm_kind {
    FEED_ALARM_LEDGER_STALLED, /* nothing gets to the disk, or there is no room */
    FEED_ALARM_PROVIDER_DOWN,
    FEED_ALARM_CAMPAIGN_STUCK,
    FEED_ALARM_DEADLINE_IN_DANGER,
    FEED_ALARM_SUBSCRIBER_GONE,
    FEED_ALARM_KINDS
};

enum err feed_alarms_open(struct feed_alarms **out, struct api *api, struct feed *feed,
                          struct problem *problem) WARN_UNUSED;
void feed_alarms_close(struct feed_alarms *alarms); /* NULL is fine */

/* It is so now. The subject names what it is of; the detail is for people. */
void feed_alarms_hold(struct feed_alarms *alarms, enum feed_alarm_kind kind, uint64_t campaign,
                      const char *subject, const char *detail);
/* All that holds was said. */
void feed_alarms_look(struct feed_alarms *alarms, uint64_t now_ms);
unsigned feed_alarms_count(const struct feed_alarms *alarms);
/* Those that are on, the longest first: an array. */
json_t *feed_alarms_json(const struct feed_alarms *alarms);

#endif
