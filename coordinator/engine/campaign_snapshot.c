/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page of a campaign as bytes: the states of its recipients, its open leases, and what of it is
 * barred; and back again, also as former versions wrote it.
 */
#include <string.h>

#include "common/mem.h"
#include "coordinator/engine/campaign.h"
#include "coordinator/engine/detour.h"
#include "coordinator/engine/pair.h"

/* Version 1 kept the time of the lease in due_cs of who had been accepted or held. Versions 1 and 2
 * knew nobody barred, and had a bit each for reached and doubted, which may both be set and mean
 * reached. Version 3 had room for eight steps, version 4 for one round. */
#define SNAPSHOT_VERSION    5
#define VERSION_WITH_ROUNDS 5
#define VERSION_WITH_RUNGS  4
#define VERSION_WITH_BARS   3
#define VERSION_WITH_BEFORE 3
/* Of a lease in a snapshot: id, instance, provider, step, places. */
#define LEASE_BYTES (8u + 8 + 1 + 1 + 8u * BITMAP_WORDS)
/* Only where the plan has a pair: after the states and the leases come those of the side. */
#define VERSION_WITH_SIDE 6
/* Only where somebody passed by a step that was down: the same two, and detours at the end. */
#define VERSION_WITH_DETOURS          7
#define VERSION_WITH_DETOURS_AND_SIDE 8

static uint8_t version_of(bool has_pair, bool has_detours)
{
    if (has_detours) {
        return has_pair ? VERSION_WITH_DETOURS_AND_SIDE : VERSION_WITH_DETOURS;
    }
    return has_pair ? VERSION_WITH_SIDE : SNAPSHOT_VERSION;
}

static bool has_side(uint8_t version)
{
    return version == VERSION_WITH_SIDE || version == VERSION_WITH_DETOURS_AND_SIDE;
}

static void encode_leases(const struct lease *first, struct buf *buf)
{
    unsigned count = 0;
    for (const struct lease *l = first; l != NULL; l = l->next_of_page) {
        count++;
    }
    buf_varint(buf, count);
    for (const struct lease *l = first; l != NULL; l = l->next_of_page) {
        buf_u64(buf, l->id);
        buf_u64(buf, l->instance);
        buf_u8(buf, l->provider);
        buf_u8(buf, l->step);
        for (unsigned w = 0; w < BITMAP_WORDS; w++) {
            buf_u64(buf, l->places.words[w]);
        }
    }
}

void campaign_snapshot(struct campaign *campaign, uint32_t page, struct buf *buf)
{
    unsigned slots = campaign_page_slots(campaign, page);
    bool has_pair = campaign_has_pair(campaign);
    buf_u8(buf, version_of(has_pair, campaign->pages[page].rest.detours != NULL));
    fold_states_encode(campaign_states(campaign, page), slots, buf);
    if (has_pair) {
        fold_states_encode(campaign_states(campaign, campaign_other_page(campaign, page)), slots,
                           buf);
    }
    encode_leases(campaign->pages[page].leases, buf);
    if (has_pair) {
        encode_leases(campaign->pages[campaign_other_page(campaign, page)].leases, buf);
    }
    bars_encode(campaign->pages[page].rest.bars, buf);
    rounds_encode(campaign->pages[page].rest.rounds, slots, buf);
    detours_encode(campaign->pages[page].rest.detours, slots, buf);
}

/* All of the lease's places are leased, and in no other lease. */
static bool restored_lease_is_sound(const struct campaign *campaign, const struct lease *lease,
                                    struct bitmap *taken)
{
    const struct recipient_state *states = campaign->pages[lease->page].states;
    unsigned slots = campaign_page_slots(campaign, lease->page);
    for (unsigned i = bitmap_next(&lease->places, 0); i < BITMAP_BITS;
         i = bitmap_next(&lease->places, i + 1)) {
        if (i >= slots || states[i].state != DELIVERY_LEASED || bitmap_has(taken, i)) {
            return false;
        }
        bitmap_set(taken, i);
    }
    return lease->left > 0 && lease->provider < WIRE_PROVIDERS_MAX &&
           lease->step < campaign->def.plan.step_count &&
           plan_is_beside(&campaign->def.plan, lease->step) ==
               campaign_is_side(campaign, lease->page);
}

static bool restore_lease(struct campaign *campaign, struct lease_table *leases, uint32_t page,
                          struct reader *reader, struct bitmap *taken)
{
    uint64_t id = reader_u64(reader);
    if (id == 0 || lease_find(leases, id) != NULL) {
        return false;
    }
    struct lease *lease = campaign_add_lease(campaign, leases, page, id);
    lease->instance = reader_u64(reader);
    lease->provider = reader_u8(reader);
    lease->step = reader_u8(reader);
    for (unsigned w = 0; w < BITMAP_WORDS; w++) {
        lease->places.words[w] = reader_u64(reader);
    }
    lease->left = (uint16_t)bitmap_count(&lease->places);
    return !reader->bad && restored_lease_is_sound(campaign, lease, taken);
}

static enum err restore_leases(struct campaign *campaign, struct lease_table *leases, uint32_t page,
                               struct reader *reader)
{
    struct bitmap taken = {{0}};
    uint64_t count = reader_varint(reader);
    for (uint64_t i = 0; i < count; i++) {
        if (!restore_lease(campaign, leases, page, reader, &taken)) {
            return ERR_CORRUPT;
        }
    }
    unsigned leased = 0;
    for (unsigned i = 0; i < campaign_page_slots(campaign, page); i++) {
        leased += campaign->pages[page].states[i].state == DELIVERY_LEASED;
    }
    return !reader->bad && leased == bitmap_count(&taken) ? ERR_OK : ERR_CORRUPT;
}

static enum err restore_rest(struct page_rest *rest, unsigned slots, uint8_t version,
                             struct reader *reader)
{
    page_rest_release(rest);
    if (version >= VERSION_WITH_BARS && !bars_decode(&rest->bars, slots, reader)) {
        return ERR_CORRUPT;
    }
    if (version >= VERSION_WITH_ROUNDS && !rounds_decode(&rest->rounds, slots, reader)) {
        return ERR_CORRUPT;
    }
    if (version >= VERSION_WITH_DETOURS && !detours_decode(&rest->detours, slots, reader)) {
        return ERR_CORRUPT;
    }
    return !reader->bad && reader_left(reader) == 0 ? ERR_OK : ERR_CORRUPT;
}

static bool steps_are_of_plan(const struct campaign *campaign, uint32_t page)
{
    const struct plan *plan = &campaign->def.plan;
    bool is_side = campaign_is_side(campaign, page);
    for (unsigned i = 0; i < campaign_page_slots(campaign, page); i++) {
        const struct recipient_state *state = &campaign->pages[page].states[i];
        bool is_nobody = is_side && state->state == DELIVERY_NONE;
        if (state->step >= plan->step_count ||
            (!is_nobody && plan_is_beside(plan, state->step) != is_side)) {
            return false;
        }
    }
    return true;
}

/* Until version 3 a step had three bits, of the fourth was made whether he complained, and `used`
 * had eight. */
static void update_state(struct recipient_state *state, uint8_t version)
{
    unsigned used = (unsigned)state->complained << 7 | state->used;
    state->complained = ((unsigned)state->step >> 3) & 1u;
    state->step &= 7u;
    state->used = used >> 1 & RECIPIENT_USED_MAX;
    if (version < VERSION_WITH_BEFORE) {
        bool is_to_close = version == 1 && recipient_is_open(state);
        state->due_cs = is_to_close ? 0 : state->due_cs;
        state->before = state->before == 3 ? BEFORE_REACHED : state->before;
        state->complained = 0;
    }
}

/* side: NULL if the plan has no pair. */
static enum err read_states(struct reader *reader, struct recipient_state *states,
                            struct recipient_state *side, unsigned count)
{
    uint8_t version = reader_u8(reader);
    if (version < 1 || version > VERSION_WITH_DETOURS_AND_SIDE) {
        return reader->bad ? ERR_CORRUPT : ERR_UNSUPPORTED;
    }
    if ((side != NULL) != has_side(version) || !fold_states_decode(reader, states, count) ||
        (side != NULL && !fold_states_decode(reader, side, count))) {
        return ERR_CORRUPT;
    }
    for (unsigned i = 0; version < VERSION_WITH_RUNGS && i < count; i++) {
        update_state(&states[i], version);
    }
    return ERR_OK;
}

enum err engine_snapshot_page(struct slice state_page, struct recipient_state *states,
                              struct recipient_state *side, unsigned count, struct page_rest *rest)
{
    struct reader reader = reader_of(state_page);
    enum err err = read_states(&reader, states, side, count);
    if (err != ERR_OK) {
        return err;
    }
    for (unsigned track = 0; track < (side == NULL ? 1u : 2u); track++) {
        uint64_t leases = reader_varint(&reader);
        for (uint64_t i = 0; i < leases && !reader.bad; i++) {
            (void)reader_bytes(&reader, LEASE_BYTES);
        }
    }
    return restore_rest(rest, count, state_page.data[0], &reader);
}

enum err campaign_restore(struct campaign *campaign, struct lease_table *leases, uint32_t page,
                          struct slice snapshot)
{
    if (page >= campaign->page_count || campaign->pages == NULL) {
        return ERR_CORRUPT;
    }
    struct reader reader = reader_of(snapshot);
    bool has_pair = campaign_has_pair(campaign);
    uint32_t other = has_pair ? campaign_other_page(campaign, page) : page;
    unsigned slots = campaign_page_slots(campaign, page);
    struct recipient_state *states = campaign_states(campaign, page);
    struct fold fold = campaign_fold_page(campaign, page);
    campaign->pages[page].is_restored = true;
    campaign->pages[other].is_restored = true;
    fold_count(&fold, states, slots, -1);
    enum err err =
        read_states(&reader, states, has_pair ? campaign_states(campaign, other) : NULL, slots);
    if (err != ERR_OK) {
        return err;
    }
    if (!steps_are_of_plan(campaign, page) || !steps_are_of_plan(campaign, other)) {
        return ERR_CORRUPT;
    }
    fold_count(&fold, states, slots, 1);
    err = restore_leases(campaign, leases, page, &reader);
    if (err == ERR_OK && has_pair) {
        err = restore_leases(campaign, leases, other, &reader);
    }
    return err == ERR_OK
               ? restore_rest(&campaign->pages[page].rest, slots, snapshot.data[0], &reader)
               : err;
}
