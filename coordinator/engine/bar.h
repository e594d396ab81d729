/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bar: what a recipient of a campaign must not be sent to, and why; and all bars of one page. Most
 * pages have none, and most recipients of the others neither: 6 bytes for each bar.
 *
 * In a journal event (BARRED) what is barred stands in `worker`, the reason in `reason`. In a
 * page's snapshot: varint count, then for each bar u16 place, u8 channel, u8 rank, u16 reason, in
 * the order of the places.
 */
#ifndef TOCSIN_ENGINE_BAR_H
#define TOCSIN_ENGINE_BAR_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/slice.h"
#include "coordinator/engine/event.h"

#define BAR_ALL 255 /* channels, or ranks */

struct bar {
    uint16_t place;
    uint8_t channel; /* enum channel_kind, or BAR_ALL */
    uint8_t rank;    /* of the endpoint on the channel, or BAR_ALL */
    uint16_t reason;
};

struct bars {
    unsigned count;
    unsigned cap;
    struct bar list[]; /* by place */
};

/* NULL is fine. */
void bars_free(struct bars *bars);
/* Makes *bars if it is NULL. What is barred already stays with its reason. */
void bars_add(struct bars **bars, const struct bar *bar);
/* The index of the first bar of a place that is not before `place`. bars may be NULL. */
unsigned bars_from(const struct bars *bars, unsigned place);
/* What keeps the place from being sent to at this endpoint; NULL: nothing. That all is barred is
 * said rather than that this endpoint is. */
const struct bar *bars_find(const struct bars *bars, unsigned place, unsigned channel,
                            unsigned rank);
/* All is barred; NULL: it is not. */
const struct bar *bars_find_whole(const struct bars *bars, unsigned place);

/* Places of the event from its `worker`. */
void bars_add_event(struct bars **bars, const struct event *event);
uint64_t bar_to_event(const struct bar *bar);
/* The bar that an event made for its first place. */
struct bar bar_of_event(const struct event *event);

/* NULL: none. */
void bars_encode(const struct bars *bars, struct buf *buf);
/* Of a page with `slots` places. False: they are no bars. */
bool bars_decode(struct bars **bars, unsigned slots, struct reader *reader);

#endif
