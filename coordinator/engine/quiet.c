/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/engine/quiet.h"

#include <assert.h>
#include <utlist.h>

#include "common/mem.h"
#include "coordinator/engine/engine_state.h"

bool quiet_is_step(const struct campaign *campaign, unsigned step)
{
    return campaign->quiet != NULL &&
           (campaign->def.quiet_channels >> campaign->def.plan.steps[step].channel & 1) != 0;
}

struct quiet *quiet_new(const struct campaign_def *def, uint32_t page_count)
{
    if (def->quiet_channels == 0 || def->priority == PRIORITY_CRITICAL) {
        return NULL;
    }
    struct quiet *quiet = mem_zalloc(1, sizeof(*quiet));
    quiet->page_count = page_count;
    quiet->pages = mem_zalloc(page_count, sizeof(*quiet->pages));
    return quiet;
}

void quiet_free(struct quiet *quiet)
{
    if (quiet == NULL) {
        return;
    }
    for (uint32_t p = 0; p < quiet->page_count; p++) {
        mem_free(quiet->pages[p].zones);
    }
    mem_free(quiet->pages);
    mem_free(quiet->zones);
    mem_free(quiet);
}

/* ---- Zones ---- */

/* Works out anew whether the zone is held; true if it was not and is now. */
static bool advance_zone(struct engine *engine, struct campaign *campaign, uint16_t number)
{
    struct quiet *quiet = campaign->quiet;
    struct quiet_zone *zone = &quiet->zones[number];
    uint64_t now_ms = engine->now_ms;
    bool was_held = zone->held_until_ms != 0;
    if (!zone->is_known || zone->span.until_ms <= now_ms) {
        const struct quiet_source *source = &engine->quiet_source;
        zone->is_known = true;
        zone->span = source->span(source->arg, &campaign->def, number, now_ms);
    }
    uint64_t margin_ms = engine->settings.quiet_margin_ms;
    bool is_held = zone->span.from_ms <= now_ms + margin_ms && now_ms < zone->span.until_ms;
    uint64_t change_ms = is_held ? zone->span.until_ms : zone->span.from_ms - margin_ms;
    change_ms = change_ms > now_ms ? change_ms : now_ms + 1;
    zone->held_until_ms = is_held ? zone->span.until_ms : 0;
    quiet->change_ms = change_ms < quiet->change_ms ? change_ms : quiet->change_ms;
    return is_held && !was_held;
}

static void know_zone(struct engine *engine, struct campaign *campaign, uint16_t number)
{
    struct quiet *quiet = campaign->quiet;
    if (number >= quiet->zone_count) {
        uint32_t count = number + 1u;
        quiet->zones = mem_resize(quiet->zones, count, sizeof(*quiet->zones));
        memset(&quiet->zones[quiet->zone_count], 0,
               (count - quiet->zone_count) * sizeof(*quiet->zones));
        quiet->zone_count = count;
    }
    if (!quiet->zones[number].is_known) {
        (void)advance_zone(engine, campaign, number);
    }
}

/* ---- Pages ---- */

bool quiet_knows_page(const struct campaign *campaign, uint32_t page)
{
    return campaign->quiet->pages[campaign_base_page(campaign, page)].is_known;
}

/* A page that cannot be read now counts as one of the campaign's own zone: whoever is leased of it
 * will be told so. */
void quiet_know_page(struct engine *engine, struct campaign *campaign, uint32_t page)
{
    const struct quiet_source *source = &engine->quiet_source;
    page = campaign_base_page(campaign, page);
    struct quiet_page *known = &campaign->quiet->pages[page];
    unsigned slots = campaign_page_slots(campaign, page);
    uint16_t zones[PAGE_RECIPIENTS] = {0};
    if (known->is_known) {
        return;
    }
    known->has_zones = true;
    known->is_known = source->zones(source->arg, &campaign->def, page, zones, slots);
    known->only = zones[0];
    engine->quiet_reads++;
    bool is_mixed = false;
    for (unsigned i = 0; i < slots; i++) {
        is_mixed |= zones[i] != zones[0];
        know_zone(engine, campaign, zones[i]);
    }
    if (known->is_known && is_mixed) {
        known->zones = mem_copy(zones, slots * sizeof(*zones));
    }
}

uint64_t quiet_until_ms(const struct campaign *campaign, uint32_t page, unsigned place)
{
    const struct quiet *quiet = campaign->quiet;
    const struct quiet_page *known = &quiet->pages[campaign_base_page(campaign, page)];
    uint16_t zone = known->zones != NULL ? known->zones[place] : known->only;
    return known->has_zones && zone < quiet->zone_count ? quiet->zones[zone].held_until_ms : 0;
}

bool quiet_holds_any(const struct campaign *campaign, uint32_t page)
{
    page = campaign_base_page(campaign, page);
    unsigned slots =
        campaign->quiet->pages[page].zones == NULL ? 1 : campaign_page_slots(campaign, page);
    for (unsigned i = 0; i < slots; i++) {
        if (quiet_until_ms(campaign, page, i) != 0) {
            return true;
        }
    }
    return false;
}

/* Hours that are over hold as well: the next are told before the engine runs, and when the time has
 * jumped they may have begun. */
bool quiet_holds_provider(const struct engine *engine, const struct provider *provider)
{
    bool is_told = provider->quiet.until_ms != 0;
    return provider->is_there && is_told &&
           provider->quiet.from_ms <= engine->now_ms + engine->settings.quiet_margin_ms;
}

bool quiet_holds_lease(struct engine *engine, const struct lease *lease)
{
    if (quiet_holds_provider(engine, &engine->providers[lease->provider])) {
        return true;
    }
    if (!quiet_is_step(lease->campaign, lease->step)) {
        return false;
    }
    quiet_advance(engine, lease->campaign);
    quiet_know_page(engine, lease->campaign, lease->page); /* a former life may have leased it */
    for (unsigned i = bitmap_next(&lease->places, 0); i < BITMAP_BITS;
         i = bitmap_next(&lease->places, i + 1)) {
        if (quiet_until_ms(lease->campaign, lease->page, i) != 0) {
            return true;
        }
    }
    return false;
}

uint64_t quiet_begins_ms(const struct engine *engine, const struct lease *lease)
{
    const struct quiet *quiet = lease->campaign->quiet;
    const struct provider *provider = &engine->providers[lease->provider];
    uint64_t begins_ms = provider->is_there ? provider->quiet.from_ms : UINT64_MAX;
    if (!quiet_is_step(lease->campaign, lease->step)) {
        return begins_ms;
    }
    const struct quiet_page *known =
        &quiet->pages[campaign_base_page(lease->campaign, lease->page)];
    for (unsigned i = bitmap_next(&lease->places, 0); i < BITMAP_BITS;
         i = bitmap_next(&lease->places, i + 1)) {
        uint16_t zone = known->zones != NULL ? known->zones[i] : known->only;
        if (zone < quiet->zone_count && quiet->zones[zone].span.from_ms < begins_ms) {
            begins_ms = quiet->zones[zone].span.from_ms;
        }
        if (known->zones == NULL) {
            break;
        }
    }
    return begins_ms;
}

/* ---- Calling back ---- */

/* A worker returns all that it has not sent of the campaign; who may be sent to is leased again. */
static void call_back(struct engine *engine, const struct roster_entry *entry,
                      struct campaign *campaign)
{
    for (struct lease *l = engine->leases.by_id; l != NULL; l = l->hh.next) {
        if (l->campaign == campaign && l->instance == entry->instance &&
            quiet_holds_lease(engine, l)) {
            engine_tell_stopped(engine, entry, campaign);
            return;
        }
    }
}

void quiet_tell(struct engine *engine, const struct roster_entry *entry)
{
    struct campaign *campaign = NULL;
    DL_FOREACH(engine->live, campaign)
    {
        if (campaign->state == CAMPAIGN_RUNNING) {
            call_back(engine, entry, campaign);
        }
    }
}

void quiet_advance(struct engine *engine, struct campaign *campaign)
{
    struct quiet *quiet = campaign->quiet;
    if (quiet == NULL || quiet->change_ms > engine->now_ms) {
        return;
    }
    bool has_begun = false;
    quiet->change_ms = UINT64_MAX;
    for (uint32_t zone = 0; zone < quiet->zone_count; zone++) {
        has_begun |= quiet->zones[zone].is_known && advance_zone(engine, campaign, (uint16_t)zone);
    }
    for (unsigned i = 0; has_begun && i < engine->roster.count; i++) {
        if (engine->roster.entries[i].present) {
            call_back(engine, &engine->roster.entries[i], campaign);
        }
    }
}

/* ---- The shell ---- */

void engine_provider_quiet(struct engine *engine, uint8_t id, const struct quiet_span *span)
{
    assert(id < WIRE_PROVIDERS_MAX && engine->providers[id].is_there);
    engine->providers[id].quiet = *span;
}

void engine_set_quiet_source(struct engine *engine, const struct quiet_source *source)
{
    engine->quiet_source = *source;
}

static uint64_t held_until(struct engine *engine, struct campaign *campaign, uint32_t page,
                           unsigned place)
{
    struct recipient_state state = campaign_recipient(campaign, page, place);
    struct fold fold = campaign_fold(campaign);
    if ((state.state != DELIVERY_WAITING && state.state != DELIVERY_RETRYING) ||
        !quiet_is_step(campaign, state.step)) {
        return 0;
    }
    quiet_advance(engine, campaign);
    quiet_know_page(engine, campaign, page);
    uint64_t until_ms = quiet_until_ms(campaign, page, place);
    return until_ms > fold_due_ms(&fold, state.due_cs) ? until_ms : 0;
}

uint64_t engine_held_until(struct engine *engine, uint64_t id, uint32_t ordinal, uint64_t now_ms)
{
    struct campaign *campaign = engine_find_campaign(engine, id);
    engine_advance(engine, now_ms);
    if (campaign == NULL || campaign->quiet == NULL || ordinal >= campaign->def.slots) {
        return 0;
    }
    uint32_t page = ordinal / PAGE_RECIPIENTS;
    unsigned place = ordinal % PAGE_RECIPIENTS;
    uint64_t until_ms = held_until(engine, campaign, page, place);
    if (until_ms == 0 && campaign_has_pair(campaign)) {
        until_ms = held_until(engine, campaign, campaign_other_page(campaign, page), place);
    }
    return until_ms;
}
