/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/engine/pair.h"

/* Failed without any try: given up as its channel was down. */
#define ORDER_GIVEN_UP 2
static const uint8_t ORDER[DELIVERY_STATES] = {
    [DELIVERY_NONE] = 0,          [DELIVERY_UNREACHABLE] = 1, [DELIVERY_SUPPRESSED] = 3,
    [DELIVERY_FAILED] = 4,        [DELIVERY_EXPIRED] = 5,     [DELIVERY_CANCELLED] = 6,
    [DELIVERY_WAITING] = 7,       [DELIVERY_RETRYING] = 8,    [DELIVERY_LEASED] = 9,
    [DELIVERY_UNCERTAIN] = 10,    [DELIVERY_ACCEPTED] = 11,   [DELIVERY_DELIVERED] = 12,
    [DELIVERY_ACKNOWLEDGED] = 13,
};

static unsigned order_of(const struct recipient_state *state)
{
    bool is_given_up = state->state == DELIVERY_FAILED && state->tried == 0;
    return is_given_up ? ORDER_GIVEN_UP : ORDER[state->state];
}

bool track_is_under_way(const struct recipient_state *track)
{
    return track->state == DELIVERY_WAITING || track->state == DELIVERY_RETRYING ||
           track->state == DELIVERY_LEASED || recipient_is_open(track);
}

/* The best that was reached on a track so far, as far as it is known. */
static enum delivery_before best_of(const struct recipient_state *track)
{
    if (track->state == DELIVERY_DELIVERED || track->before == BEFORE_DELIVERED) {
        return BEFORE_DELIVERED;
    }
    if (track->state == DELIVERY_ACCEPTED || track->before == BEFORE_REACHED) {
        return BEFORE_REACHED;
    }
    return track->uncertain ? BEFORE_DOUBTED : (enum delivery_before)track->before;
}

/* A track that has ended stands for the best that was reached on it. */
static struct recipient_state ended_state(const struct recipient_state *track)
{
    static const enum delivery_state OF[] = {[BEFORE_NOTHING] = DELIVERY_NONE,
                                             [BEFORE_REACHED] = DELIVERY_ACCEPTED,
                                             [BEFORE_DOUBTED] = DELIVERY_UNCERTAIN,
                                             [BEFORE_DELIVERED] = DELIVERY_DELIVERED};
    struct recipient_state state = *track;
    enum delivery_state best = OF[best_of(track)];
    if (!track_is_under_way(track) && ORDER[best] > order_of(track)) {
        state.state = best & 15u;
        state.due_cs = 0;
    }
    return state;
}

bool pair_is_together(const struct plan *plan, const struct recipient_state *ladder,
                      const struct recipient_state *side)
{
    return side->state != DELIVERY_NONE && plan_has_beside(plan, ladder->step) &&
           plan_beside(plan, ladder->step) == plan_first_time(plan, side->step);
}

struct recipient_state pair_state(const struct plan *plan, const struct recipient_state *ladder,
                                  const struct recipient_state *side)
{
    if (side->state == DELIVERY_NONE) {
        return *ladder;
    }
    bool is_beside = pair_is_together(plan, ladder, side);
    struct recipient_state first = ended_state(ladder);
    struct recipient_state second = ended_state(side);
    bool is_alone = !is_beside && track_is_under_way(ladder);
    bool is_second = !is_alone && order_of(&second) > order_of(&first);
    struct recipient_state state = is_second ? second : first;
    const struct recipient_state *other = is_second ? ladder : side;
    state.complained = ladder->complained | side->complained;
    state.tried = ladder->tried | side->tried;
    enum delivery_before known = best_of(other);
    if (known == BEFORE_DELIVERED || state.before == BEFORE_NOTHING ||
        (known == BEFORE_REACHED && state.before == BEFORE_DOUBTED)) {
        state.before = known & 3u;
    }
    if (delivery_state_is_final((enum delivery_state)state.state) && track_is_under_way(other) &&
        state.due_cs == 0) {
        state.due_cs = other->due_cs == 0 ? 1 : other->due_cs; /* open */
    }
    return state;
}
