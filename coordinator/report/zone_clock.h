/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zone_clock: what the engine asks about quiet hours (struct quiet_source): in which time zone each
 * recipient of a page is, and when it is quiet there. Zones are read from the time zone database
 * once, when the first recipient of one is seen; a page's zones are those of its column `timezone`.
 *
 * A zone that the database does not know (any more) counts as the campaign's own, and that as UTC;
 * both are logged once. Loop's thread only.
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

#endif
