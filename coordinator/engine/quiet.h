/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quiet: who must not be disturbed now. Internal to the engine; the shell's side is struct
 * quiet_source in engine.h.
 *
 * Whether a recipient is held follows from his zone and the time alone: nothing is decided, nothing
 * stands in the journal, and a restart comes to the same. Per campaign with quiet hours there is a
 * table of its zones, and per page the zone of each place, read when somebody of the page is first
 * to be leased: 16 bytes a page, and 2 bytes a recipient where a page has more than one zone.
 *
 * A recipient is held from quiet_margin_ms before his quiet hours begin until they end: what was
 * leased before has left by then, and what has not is called back. A batch carries the time too, so
 * that a worker that is held up meanwhile, or cut off, sends nothing when it wakes.
 *
 * A provider may have quiet hours of its own: nothing is leased of it then, nor in the margin
 * before, whatever the campaign's priority. What lies with workers as they begin comes back by the
 * time that its batch carries, and goes to another provider, or waits.
 */
#ifndef TOCSIN_ENGINE_QUIET_H
#define TOCSIN_ENGINE_QUIET_H

#include <stdbool.h>
#include <stdint.h>

#include "coordinator/engine/engine.h"

struct campaign;
struct lease;
struct provider;
struct roster_entry;

struct quiet_zone {
    bool is_known;
    struct quiet_span span;
    uint64_t held_until_ms; /* 0: may be sent to */
};

struct quiet_page {
    uint16_t *zones; /* by place; NULL: all in `only` */
    uint16_t only;
    bool has_zones; /* they count: as they were read, or the campaign's own in their place */
    bool is_known;
};

/* Of one campaign. */
struct quiet {
    struct quiet_page *pages;
    uint32_t page_count;
    struct quiet_zone *zones;
    uint32_t zone_count;
    uint64_t change_ms; /* nobody's being held changes before */
};

/* Pages whose zones are read in one run of the engine; the rest has its turn in the next one. */
#define QUIET_READS_PER_RUN 16

/* NULL for a campaign whose quiet hours hold for nobody. */
struct quiet *quiet_new(const struct campaign_def *def, uint32_t page_count);
void quiet_free(struct quiet *quiet);
/* Do quiet hours hold on the step's channel? */
bool quiet_is_step(const struct campaign *campaign, unsigned step);
/* Time went on: who is held is worked out anew if it may have changed, and batches of those whose
 * quiet hours begin are called back. */
void quiet_advance(struct engine *engine, struct campaign *campaign);
/* The zones of the page are known, or are now. */
void quiet_know_page(struct engine *engine, struct campaign *campaign, uint32_t page);
bool quiet_knows_page(const struct campaign *campaign, uint32_t page);
/* Until when the recipient is held; 0: he is not. The page is known, or nobody is held. */
uint64_t quiet_until_ms(const struct campaign *campaign, uint32_t page, unsigned place);
bool quiet_holds_any(const struct campaign *campaign, uint32_t page);
/* Nothing is leased of the provider now. */
bool quiet_holds_provider(const struct engine *engine, const struct provider *provider);
/* Somebody of the lease is held, or its provider is. */
bool quiet_holds_lease(struct engine *engine, const struct lease *lease);
/* When the first of the lease, of whom nobody is held, or its provider falls asleep; UINT64_MAX:
 * never. */
uint64_t quiet_begins_ms(const struct engine *engine, const struct lease *lease);
/* A worker is there again: what it may still hold of those who are held now is called back. */
void quiet_tell(struct engine *engine, const struct roster_entry *entry);

#endif
