/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table in which each page has one slot, by its number and its audience: neighbours have
 * different slots, and of two pages with the same one the later stays. When the bytes do not
 * suffice, a hand that goes around the slots makes room. Nothing cleverer is needed: asked at
 * random, every page is as good as another, and asked in order, each is needed once.
 */
#include "coordinator/audience/key_cache.h"

#include <assert.h>
#include <string.h>

#include "common/mem.h"

#define SLOTS    2048u      /* a power of two */
#define KEYS_MAX UINT16_MAX /* bytes of a page's keys: what an offset can say */

struct key_slot {
    uint64_t audience;
    uint32_t page;
    uint16_t count; /* places; 0: nothing is here */
    size_t bytes;
    uint16_t *ends; /* of the keys, which follow */
};

struct key_cache {
    size_t bytes_max;
    size_t bytes;
    unsigned hand;
    struct key_slot slots[SLOTS];
};

struct key_cache *key_cache_new(size_t bytes_max)
{
    struct key_cache *cache = mem_zalloc(1, sizeof(*cache));
    cache->bytes_max = bytes_max;
    return cache;
}

static void slot_clear(struct key_cache *cache, struct key_slot *slot)
{
    cache->bytes -= slot->bytes;
    mem_free(slot->ends);
    *slot = (struct key_slot){0};
}

void key_cache_free(struct key_cache *cache)
{
    if (cache != NULL) {
        for (unsigned i = 0; i < SLOTS; i++) {
            slot_clear(cache, &cache->slots[i]);
        }
        mem_free(cache);
    }
}

static unsigned slot_number(uint64_t audience, uint32_t page)
{
    uint64_t mixed = audience * UINT64_C(0x9e3779b97f4a7c15);
    return ((unsigned)(mixed >> 40) + page) % SLOTS;
}

bool key_cache_get(const struct key_cache *cache, uint64_t audience, uint32_t page, unsigned place,
                   struct slice *key)
{
    const struct key_slot *slot = &cache->slots[slot_number(audience, page)];
    if (slot->count == 0 || slot->audience != audience || slot->page != page) {
        return false;
    }
    *key = slice_of(NULL, 0);
    if (place < slot->count) {
        const uint8_t *keys = (const uint8_t *)(slot->ends + slot->count);
        unsigned from = place == 0 ? 0 : slot->ends[place - 1];
        *key = slice_of(keys + from, slot->ends[place] - from);
    }
    return true;
}

/* Room for so many bytes, which must be fewer than it may hold. */
static void make_room(struct key_cache *cache, size_t bytes)
{
    while (cache->bytes + bytes > cache->bytes_max) {
        slot_clear(cache, &cache->slots[cache->hand]);
        cache->hand = (cache->hand + 1) % SLOTS;
    }
}

void key_cache_put(struct key_cache *cache, uint64_t audience, uint32_t page,
                   struct page_view *view)
{
    const struct page_view_column *column = &view->column[0];
    size_t bytes = view->count * sizeof(uint16_t) + column->blob_bytes;
    if (view->count == 0 || column->blob_bytes > KEYS_MAX || bytes > cache->bytes_max) {
        return;
    }
    struct key_slot *slot = &cache->slots[slot_number(audience, page)];
    slot_clear(cache, slot);
    make_room(cache, bytes);
    *slot = (struct key_slot){audience, page, (uint16_t)view->count, bytes, mem_alloc(bytes)};
    cache->bytes += bytes;
    unsigned end = 0;
    for (unsigned place = 0; place < view->count; place++) {
        page_seek(view, place);
        end += (unsigned)page_value(view, 0).len;
        slot->ends[place] = (uint16_t)end;
    }
    assert(end == column->blob_bytes); /* page_open has checked it */
    if (end > 0) {
        memcpy(slot->ends + slot->count, column->blob, end);
    }
}

size_t key_cache_bytes(const struct key_cache *cache)
{
    return cache->bytes;
}
