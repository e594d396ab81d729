/* SPDX-License-Identifier: Apache-2.0 */
/*
 * change: what of a campaign is changed after it was made, as its own events. Internal to the
 * engine.
 *     changed      step: which field · lease, worker, due: its new value:
 *         rate     lease: thousandths of a recipient per second; 0: none
 *         priority lease: its number
 *         weight   lease
 *         not_after  lease: unix ms, or 0 · worker: ms after it, or its last round, began, or 0
 *         stop rules lease: counts, worker: of_at_least, reason: percents, of `failed` in the low
 *                  half and of `complained` in the high half
 *
 * A further field is a member of enum campaign_field, a member of struct campaign_change and a row
 * in change.c.
 */
#ifndef TOCSIN_ENGINE_CHANGE_H
#define TOCSIN_ENGINE_CHANGE_H

#include <stdbool.h>

#include "coordinator/engine/event.h"

struct campaign;

/* Applies CAMPAIGN_EVENT_CHANGED; false if there is no such field or value (nothing changed). */
bool change_apply(struct campaign *campaign, const struct event *event);

#endif
