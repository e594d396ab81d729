/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pair: the two tracks of a recipient whose plan has a step with_previous. On the *ladder* he
 * climbs all steps but these; on the *side* he stands on the step beside, or on none
 * (DELIVERY_NONE). Each track is a recipient_state of its own, with its own events, leases and
 * timers: in memory the side's lie in pages of their own, after those of the ladder (page +
 * page_count), so that a campaign without a pair has none of them.
 *
 * The step of a pair ends on its track when its message cannot be sent, when its time is over and
 * no repetition of it is left, or, if the plan says so, while its channel is down (down.c). A
 * repetition is a climb on its track. The ladder climbs from the pair when both have ended, and
 * neither came to what it waits for. A step that did keeps the ladder where it is, and the other
 * one goes on for itself. An acknowledgement ends both.
 */
#ifndef TOCSIN_ENGINE_PAIR_H
#define TOCSIN_ENGINE_PAIR_H

#include "coordinator/engine/delivery_state.h"
#include "coordinator/engine/plan.h"

/* Is something to be done, or an answer awaited, on this track? */
bool track_is_under_way(const struct recipient_state *track);
/* Do the two stand on the steps of one pair? */
bool pair_is_together(const struct plan *plan, const struct recipient_state *ladder,
                      const struct recipient_state *side);
/* What a recipient on two tracks is counted and shown as: the more advanced of both, in the order
 *
 *     unreachable, failed without a try as its channel was down, suppressed, failed, expired,
 *     cancelled, waiting, retrying, leased, uncertain, accepted, delivered, acknowledged
 *
 * but the ladder's alone while it goes on elsewhere than beside. He is open (recipient_is_open)
 * while one of his tracks is under way. */
struct recipient_state pair_state(const struct plan *plan, const struct recipient_state *ladder,
                                  const struct recipient_state *side);

#endif
