/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/engine/under_way.h"

#include <string.h>

#define CRUMB 8 /* one in so many of the limit */

static void drop_left(struct under_way *under_way, unsigned index)
{
    under_way->left[index] = under_way->left[--under_way->left_count];
}

static void age(struct under_way *under_way, uint64_t now_ms)
{
    uint64_t slot = now_ms / UNDER_WAY_SLOT_MS;
    if (slot <= under_way->slot) {
        return;
    }
    for (unsigned i = under_way->left_count; i > 0; i--) {
        if (under_way->left[i - 1].slot + UNDER_WAY_SLOTS <= slot) {
            drop_left(under_way, i - 1);
        }
    }
    if (slot - under_way->slot >= UNDER_WAY_SLOTS) {
        memset(under_way->lost, 0, sizeof(under_way->lost));
        under_way->slot = slot;
    }
    while (under_way->slot < slot) {
        under_way->lost[++under_way->slot % UNDER_WAY_SLOTS] = 0;
    }
}

void under_way_lose(struct under_way *under_way, uint32_t count, uint64_t now_ms)
{
    age(under_way, now_ms);
    under_way->lost[under_way->slot % UNDER_WAY_SLOTS] += count;
}

void under_way_leave(struct under_way *under_way, uint64_t lease, unsigned offset, unsigned span,
                     uint64_t now_ms)
{
    age(under_way, now_ms);
    for (unsigned place = offset; place < offset + span; place++) {
        if (under_way->left_count == UNDER_WAY_LEFT_MAX) {
            under_way_lose(under_way, 1, now_ms);
        } else {
            under_way->left[under_way->left_count++] =
                (struct under_way_left){lease, under_way->slot, (uint16_t)place};
        }
    }
}

void under_way_hear(struct under_way *under_way, uint64_t lease, unsigned offset, unsigned span)
{
    for (unsigned i = under_way->left_count; i > 0; i--) {
        const struct under_way_left *left = &under_way->left[i - 1];
        if (left->lease == lease && left->place >= offset && left->place < offset + span) {
            drop_left(under_way, i - 1);
        }
    }
}

void under_way_skip(struct under_way *under_way, uint64_t ms)
{
    struct under_way before = *under_way;
    under_way->slot += (ms + UNDER_WAY_SLOT_MS - 1) / UNDER_WAY_SLOT_MS;
    for (unsigned i = 0; i < under_way->left_count; i++) {
        under_way->left[i].slot += under_way->slot - before.slot;
    }
    for (unsigned i = 0; i < UNDER_WAY_SLOTS; i++) {
        under_way->lost[(under_way->slot + i) % UNDER_WAY_SLOTS] =
            before.lost[(before.slot + i) % UNDER_WAY_SLOTS];
    }
}

uint32_t under_way_count(struct under_way *under_way, uint64_t now_ms)
{
    age(under_way, now_ms);
    uint32_t count = under_way->leased + under_way->left_count;
    for (unsigned i = 0; i < UNDER_WAY_SLOTS; i++) {
        count += under_way->lost[i];
    }
    return count;
}

uint32_t under_way_room(struct under_way *under_way, uint32_t limit, uint32_t want, uint64_t now_ms)
{
    if (limit == 0) {
        return want;
    }
    uint32_t count = under_way_count(under_way, now_ms);
    uint32_t room = count < limit ? limit - count : 0;
    uint32_t crumb = limit / CRUMB;
    return room >= want ? want : room >= crumb ? room : 0;
}
