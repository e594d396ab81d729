/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/engine/lease.h"

#include "common/mem.h"

void lease_table_release(struct lease_table *table)
{
    struct lease *lease = NULL;
    struct lease *next = NULL;
    HASH_ITER(hh, table->by_id, lease, next)
    {
        lease_remove(table, lease);
    }
}

struct lease *lease_find(const struct lease_table *table, uint64_t id)
{
    struct lease *lease = NULL;
    HASH_FIND(hh, table->by_id, &id, sizeof(id), lease);
    return lease;
}

struct lease *lease_new(struct lease_table *table, uint64_t id)
{
    struct lease *lease = mem_zalloc(1, sizeof(*lease));
    lease->id = id;
    HASH_ADD(hh, table->by_id, id, sizeof(lease->id), lease);
    table->count++;
    return lease;
}

void lease_remove(struct lease_table *table, struct lease *lease)
{
    HASH_DELETE(hh, table->by_id, lease);
    table->count--;
    mem_free(lease);
}

void lease_add_places(struct lease *lease, unsigned offset, unsigned span)
{
    for (unsigned i = offset; i < offset + span; i++) {
        bitmap_set(&lease->places, i);
    }
    lease->left = (uint16_t)bitmap_count(&lease->places);
}

void lease_remove_places(struct lease *lease, unsigned offset, unsigned span)
{
    for (unsigned i = offset; i < offset + span; i++) {
        bitmap_clear(&lease->places, i);
    }
    lease->left = (uint16_t)bitmap_count(&lease->places);
}

struct bitmap lease_places_between(const struct lease *lease, unsigned from, unsigned to)
{
    struct bitmap before;
    struct bitmap between;
    bitmap_fill(&before, from);
    bitmap_fill(&between, to);
    for (unsigned w = 0; w < BITMAP_WORDS; w++) {
        between.words[w] &= lease->places.words[w] & ~before.words[w];
    }
    return between;
}
