/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zone_clock: what the engine asks about quiet hours (struct quiet_source): in which time zone each
 * recipient of a page is, and when it is quiet there. Zones are read from the time zone database
 * once, when the first recipient of one is seen; a page's zones are those of its column `timezone`.
 *
 * A zone that the database does not know (any more) counts as the campaign's own, and that as UTC;
 * both are logged once. One thread at a time.
 */
#ifndef TOCSIN_REPORT_ZONE_CLOCK_H
#define TOCSIN_REPORT_ZONE_CLOCK_H

#include "coordinator/audience/audience_registry.h"
#include "coordinator/content/campaign_registry.h"
#include "coordinator/engine/engine.h"
#include "coordinator/ledger/ledger.h"

struct zone_clock;

/* All are borrowed until zone_clock_free. */
struct zone_clock *zone_clock_new(struct ledger *ledger, const struct audience_registry *audiences,
                                  const struct campaign_registry *campaigns);
void zone_clock_free(struct zone_clock *clock); /* NULL is fine */
struct quiet_source zone_clock_source(struct zone_clock *clock);

/* A zone's number, from 1 on; 0, the campaign's own, if it is no name of one. */
uint16_t zone_clock_number(struct zone_clock *clock, struct slice name);
/* The quiet hours in a zone that go on at this time, or else the next ones. */
struct quiet_span zone_clock_span(struct zone_clock *clock, const struct quiet_hours *hours,
                                  uint16_t number, uint64_t at_ms);

#endif
