/* SPDX-License-Identifier: Apache-2.0 */
/*
 * under_way: how many recipients of a provider may be under way at this moment, over all workers:
 * those that are leased, and those that left their lease without anybody knowing what became of
 * their request. Who left it because he acknowledged, or because his receipt came, counts until his
 * outcome is heard of; whom a lost worker had, for a while longer, as his request may still be
 * open. A value; time comes in.
 */
#ifndef TOCSIN_ENGINE_UNDER_WAY_H
#define TOCSIN_ENGINE_UNDER_WAY_H

#include <stdint.h>

/* What was lost counts for three to four of these. */
#define UNDER_WAY_SLOT_MS 20000
#define UNDER_WAY_SLOTS   4

/* So many who left their lease are known by their places; any more are as good as lost. */
#define UNDER_WAY_LEFT_MAX 128

struct under_way_left {
    uint64_t lease;
    uint64_t slot;
    uint16_t place;
};

/* Zeroed memory is nothing under way. */
struct under_way {
    uint32_t leased;
    uint64_t slot; /* number of the newest slot: time / UNDER_WAY_SLOT_MS */
    uint32_t lost[UNDER_WAY_SLOTS];
    unsigned left_count;
    struct under_way_left left[UNDER_WAY_LEFT_MAX];
};

void under_way_lose(struct under_way *under_way, uint32_t count, uint64_t now_ms);
/* Places of a lease that left it before their outcomes came, and outcomes of such places: what is
 * not among those who left changes nothing. */
void under_way_leave(struct under_way *under_way, uint64_t lease, unsigned offset, unsigned span,
                     uint64_t now_ms);
void under_way_hear(struct under_way *under_way, uint64_t lease, unsigned offset, unsigned span);
/* The clock was set ahead by so much, which nobody lived through. */
void under_way_skip(struct under_way *under_way, uint64_t ms);
uint32_t under_way_count(struct under_way *under_way, uint64_t now_ms);
/* How many of `want` may be leased when at most `limit` may be under way (0: any number); 0 also
 * while hardly any could, for a lease costs a page. */
uint32_t under_way_room(struct under_way *under_way, uint32_t limit, uint32_t want,
                        uint64_t now_ms);

#endif
