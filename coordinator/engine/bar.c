/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/engine/bar.h"

#include <string.h>

#include "common/mem.h"

#define BARS_MIN 4
#define BYTE     0xffu

void bars_free(struct bars *bars)
{
    mem_free(bars);
}

unsigned bars_from(const struct bars *bars, unsigned place)
{
    unsigned low = 0;
    unsigned high = bars == NULL ? 0 : bars->count;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (bars->list[middle].place < place) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool covers(const struct bar *bar, unsigned channel, unsigned rank)
{
    return (bar->channel == BAR_ALL || bar->channel == channel) &&
           (bar->rank == BAR_ALL || bar->rank == rank);
}

const struct bar *bars_find_whole(const struct bars *bars, unsigned place)
{
    for (unsigned i = bars_from(bars, place);
         bars != NULL && i < bars->count && bars->list[i].place == place; i++) {
        if (bars->list[i].channel == BAR_ALL && bars->list[i].rank == BAR_ALL) {
            return &bars->list[i];
        }
    }
    return NULL;
}

const struct bar *bars_find(const struct bars *bars, unsigned place, unsigned channel,
                            unsigned rank)
{
    const struct bar *found = bars_find_whole(bars, place);
    for (unsigned i = bars_from(bars, place);
         found == NULL && bars != NULL && i < bars->count && bars->list[i].place == place; i++) {
        found = covers(&bars->list[i], channel, rank) ? &bars->list[i] : NULL;
    }
    return found;
}

static void make_room(struct bars **bars)
{
    unsigned count = *bars == NULL ? 0 : (*bars)->count;
    unsigned cap = *bars == NULL ? 0 : (*bars)->cap;
    if (count < cap) {
        return;
    }
    cap = cap == 0 ? BARS_MIN : cap * 2;
    struct bars *larger = mem_alloc(sizeof(*larger) + cap * sizeof(larger->list[0]));
    if (*bars != NULL) {
        memcpy(larger->list, (*bars)->list, count * sizeof(larger->list[0]));
        mem_free(*bars);
    }
    larger->count = count;
    larger->cap = cap;
    *bars = larger;
}

void bars_add(struct bars **bars, const struct bar *bar)
{
    unsigned at = bars_from(*bars, bar->place);
    for (; *bars != NULL && at < (*bars)->count && (*bars)->list[at].place == bar->place; at++) {
        if ((*bars)->list[at].channel == bar->channel && (*bars)->list[at].rank == bar->rank) {
            return;
        }
    }
    make_room(bars);
    struct bar *list = (*bars)->list;
    memmove(&list[at + 1], &list[at], ((*bars)->count - at) * sizeof(*list));
    list[at] = *bar;
    (*bars)->count++;
}

uint64_t bar_to_event(const struct bar *bar)
{
    return (uint64_t)bar->channel << 8 | bar->rank;
}

struct bar bar_of_event(const struct event *event)
{
    return (struct bar){
        .place = event->offset,
        .channel = (uint8_t)(event->worker >> 8 & BYTE),
        .rank = (uint8_t)(event->worker & BYTE),
        .reason = event->reason,
    };
}

void bars_add_event(struct bars **bars, const struct event *event)
{
    struct bar bar = bar_of_event(event);
    for (unsigned i = 0; i < event->span; i++) {
        bar.place = (uint16_t)(event->offset + i);
        bars_add(bars, &bar);
    }
}

void bars_encode(const struct bars *bars, struct buf *buf)
{
    unsigned count = bars == NULL ? 0 : bars->count;
    buf_varint(buf, count);
    for (unsigned i = 0; i < count; i++) {
        buf_u16(buf, bars->list[i].place);
        buf_u8(buf, bars->list[i].channel);
        buf_u8(buf, bars->list[i].rank);
        buf_u16(buf, bars->list[i].reason);
    }
}

bool bars_decode(struct bars **bars, unsigned slots, struct reader *reader)
{
    uint64_t count = reader_varint(reader);
    unsigned before = 0;
    for (uint64_t i = 0; i < count && !reader->bad; i++) {
        struct bar bar = {.place = reader_u16(reader)};
        bar.channel = reader_u8(reader);
        bar.rank = reader_u8(reader);
        bar.reason = reader_u16(reader);
        if (reader->bad || bar.place >= slots || bar.place < before) {
            return false;
        }
        before = bar.place;
        bars_add(bars, &bar);
    }
    return !reader->bad;
}
