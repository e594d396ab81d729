/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detour: who climbed past a step only because its channel was down. If nothing was sent to him on
 * the way and nothing can be on the steps that are left, he is not unreachable: he goes back to the
 * first step of the plan that may be passed by so, and climbs from there once more; this time he
 * waits wherever a channel is down, as he would if the plan did not say `if_down: climb`. Nothing
 * is sent twice by that, for nothing was sent.
 *
 * A byte for each place of a page, in pages that somebody climbed so in: it is in no need of one
 * elsewhere. It follows from the events (CLIMBED, FAILED and HELD with their reasons, RETRIED), and
 * is kept in a page's snapshot as rounds are (round.h). Internal to the engine but for page_rest.
 */
#ifndef TOCSIN_ENGINE_DETOUR_H
#define TOCSIN_ENGINE_DETOUR_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "coordinator/engine/event.h"

enum detour {
    DETOUR_NONE,
    DETOUR_PASSED, /* by a step that was down */
    DETOUR_BACK,   /* he has gone back, and waits now */
    DETOURS
};

/* detours: NULL is DETOUR_NONE for all. */
enum detour detour_of(const uint8_t *detours, unsigned place);
/* Takes what the event changes. Makes *detours if it is NULL and must be. */
void detours_take(uint8_t **detours, const struct event *event);
/* Only if there are any. */
void detours_encode(const uint8_t *detours, unsigned slots, struct buf *buf);
/* False: they are no detours of `slots` places. */
bool detours_decode(uint8_t **detours, unsigned slots, struct reader *reader);

#endif
