/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/engine/delivery_state.h"

#include <string.h>

struct state_row {
    const char *name;
    bool final;
};

static const struct state_row STATES[DELIVERY_STATES] = {
#define STATE_ROW(name, word, final) [DELIVERY_##name] = {word, final},
    DELIVERY_STATE_MAP(STATE_ROW)
#undef STATE_ROW
};

static const char *const EVENTS[DELIVERY_EVENTS] = {
#define EVENT_ROW(name, word) [DELIVERY_EVENT_##name] = (word),
    DELIVERY_EVENT_MAP(EVENT_ROW)
#undef EVENT_ROW
};

/*
 * next + 1, so that 0 means "no such row". ACCEPTED out of WAITING, RETRYING and UNCERTAIN is the
 * late outcome of an attempt whose lease had been given up, made only where `uncertain` is set.
 * HELD and UNANSWERED out of WAITING and RETRYING are the end of a campaign that was cancelled,
 * made only where an attempt may have been taken, or was on an earlier step. CLIMBED out of
 * ACCEPTED, UNCERTAIN and DELIVERED ends the waiting of an open step. NEXT_ENDPOINT, CLIMBED,
 * FAILED and SUPPRESSED out of WAITING and RETRYING go past endpoints that are barred. A person's
 * word counts wherever he stands, and so does a receipt that says delivered.
 *
 * RETRIED is made only of a campaign that has finished.
 * CLIMBED out of FAILED, SUPPRESSED, UNREACHABLE and EXPIRED leaves a pair of steps of which the
 * other one has ended too; out of NONE it begins on the side (pair.h).
 *
 * BOUNCED is followed at once, in the same block, by what the ladder makes of it, if that is not
 * the end: NEXT_ENDPOINT, CLIMBED, or what earlier steps reached (UNANSWERED, HELD, DELIVERED). So
 * is ACCEPTED, by DELIVERED, where it is the end and an earlier step was delivered.
 */
#define TO(state) ((uint8_t)(DELIVERY_##state + 1))

static const uint8_t NEXT[DELIVERY_STATES][DELIVERY_EVENTS] =
    {
        [DELIVERY_NONE] =
            {
                [DELIVERY_EVENT_CLIMBED] = TO(WAITING),
            },
        [DELIVERY_WAITING] =
            {
                [DELIVERY_EVENT_LEASED] = TO(LEASED),
                [DELIVERY_EVENT_ACCEPTED] = TO(ACCEPTED),
                [DELIVERY_EVENT_HELD] = TO(UNCERTAIN),
                [DELIVERY_EVENT_EXPIRED] = TO(EXPIRED),
                [DELIVERY_EVENT_CANCELLED] = TO(CANCELLED),
                [DELIVERY_EVENT_ACKNOWLEDGED] = TO(ACKNOWLEDGED),
                [DELIVERY_EVENT_UNANSWERED] = TO(ACCEPTED),
                [DELIVERY_EVENT_NEXT_ENDPOINT] = TO(WAITING),
                [DELIVERY_EVENT_CLIMBED] = TO(WAITING),
                [DELIVERY_EVENT_FAILED] = TO(FAILED),
                [DELIVERY_EVENT_BARRED] = TO(WAITING),
                [DELIVERY_EVENT_SUPPRESSED] = TO(SUPPRESSED),
                [DELIVERY_EVENT_DELIVERED] = TO(DELIVERED),
                [DELIVERY_EVENT_BOUNCED] = TO(FAILED),
                [DELIVERY_EVENT_CONFIRMED] = TO(WAITING),
                [DELIVERY_EVENT_COMPLAINED] = TO(WAITING),
            },
        [DELIVERY_RETRYING] =
            {
                [DELIVERY_EVENT_LEASED] = TO(LEASED),
                [DELIVERY_EVENT_ACCEPTED] = TO(ACCEPTED),
                [DELIVERY_EVENT_HELD] = TO(UNCERTAIN),
                [DELIVERY_EVENT_EXPIRED] = TO(EXPIRED),
                [DELIVERY_EVENT_CANCELLED] = TO(CANCELLED),
                [DELIVERY_EVENT_ACKNOWLEDGED] = TO(ACKNOWLEDGED),
                [DELIVERY_EVENT_UNANSWERED] = TO(ACCEPTED),
                [DELIVERY_EVENT_NEXT_ENDPOINT] = TO(WAITING),
                [DELIVERY_EVENT_CLIMBED] = TO(WAITING),
                [DELIVERY_EVENT_FAILED] = TO(FAILED),
                [DELIVERY_EVENT_BARRED] = TO(RETRYING),
                [DELIVERY_EVENT_SUPPRESSED] = TO(SUPPRESSED),
                [DELIVERY_EVENT_DELIVERED] = TO(DELIVERED),
                [DELIVERY_EVENT_BOUNCED] = TO(FAILED),
                [DELIVERY_EVENT_CONFIRMED] = TO(RETRYING),
                [DELIVERY_EVENT_COMPLAINED] = TO(RETRYING),
            },
        [DELIVERY_LEASED] =
            {
                [DELIVERY_EVENT_ACCEPTED] = TO(ACCEPTED),
                [DELIVERY_EVENT_DEFERRED] = TO(RETRYING),
                [DELIVERY_EVENT_RELEASED] = TO(WAITING),
                [DELIVERY_EVENT_NEXT_ENDPOINT] = TO(WAITING),
                [DELIVERY_EVENT_REPEATED] = TO(RETRYING),
                [DELIVERY_EVENT_HELD] = TO(UNCERTAIN),
                [DELIVERY_EVENT_FAILED] = TO(FAILED),
                [DELIVERY_EVENT_UNREACHABLE] = TO(UNREACHABLE),
                [DELIVERY_EVENT_EXPIRED] = TO(EXPIRED),
                [DELIVERY_EVENT_CANCELLED] = TO(CANCELLED),
                [DELIVERY_EVENT_CLIMBED] = TO(WAITING),
                [DELIVERY_EVENT_ACKNOWLEDGED] = TO(ACKNOWLEDGED),
                [DELIVERY_EVENT_UNANSWERED] = TO(ACCEPTED),
                [DELIVERY_EVENT_BARRED] = TO(LEASED),
                [DELIVERY_EVENT_SUPPRESSED] = TO(SUPPRESSED),
                [DELIVERY_EVENT_DELIVERED] = TO(DELIVERED),
                [DELIVERY_EVENT_BOUNCED] = TO(FAILED),
                [DELIVERY_EVENT_CONFIRMED] = TO(LEASED),
                [DELIVERY_EVENT_COMPLAINED] = TO(LEASED),
            },
        [DELIVERY_ACCEPTED] =
            {
                [DELIVERY_EVENT_CLIMBED] = TO(WAITING),
                [DELIVERY_EVENT_ACKNOWLEDGED] = TO(ACKNOWLEDGED),
                [DELIVERY_EVENT_UNANSWERED] = TO(ACCEPTED),
                [DELIVERY_EVENT_BARRED] = TO(ACCEPTED),
                [DELIVERY_EVENT_DELIVERED] = TO(DELIVERED),
                [DELIVERY_EVENT_BOUNCED] = TO(FAILED),
                [DELIVERY_EVENT_CONFIRMED] = TO(ACCEPTED),
                [DELIVERY_EVENT_COMPLAINED] = TO(ACCEPTED),
            },
        [DELIVERY_UNCERTAIN] =
            {
                [DELIVERY_EVENT_ACCEPTED] = TO(ACCEPTED),
                [DELIVERY_EVENT_CLIMBED] = TO(WAITING),
                [DELIVERY_EVENT_ACKNOWLEDGED] = TO(ACKNOWLEDGED),
                [DELIVERY_EVENT_HELD] = TO(UNCERTAIN),
                [DELIVERY_EVENT_UNANSWERED] = TO(ACCEPTED),
                [DELIVERY_EVENT_BARRED] = TO(UNCERTAIN),
                [DELIVERY_EVENT_DELIVERED] = TO(DELIVERED),
                [DELIVERY_EVENT_BOUNCED] = TO(FAILED),
                [DELIVERY_EVENT_CONFIRMED] = TO(UNCERTAIN),
                [DELIVERY_EVENT_COMPLAINED] = TO(UNCERTAIN),
                [DELIVERY_EVENT_RETRIED] = TO(WAITING),
            },
        [DELIVERY_DELIVERED] =
            {
                [DELIVERY_EVENT_CLIMBED] = TO(WAITING),
                [DELIVERY_EVENT_ACKNOWLEDGED] = TO(ACKNOWLEDGED),
                [DELIVERY_EVENT_UNANSWERED] = TO(DELIVERED),
                [DELIVERY_EVENT_COMPLAINED] = TO(DELIVERED),
                [DELIVERY_EVENT_BARRED] = TO(DELIVERED),
            },
        [DELIVERY_ACKNOWLEDGED] =
            {
                [DELIVERY_EVENT_COMPLAINED] = TO(ACKNOWLEDGED),
            },
        [DELIVERY_FAILED] =
            {
                [DELIVERY_EVENT_NEXT_ENDPOINT] = TO(WAITING),
                [DELIVERY_EVENT_HELD] = TO(UNCERTAIN),
                [DELIVERY_EVENT_CLIMBED] = TO(WAITING),
                [DELIVERY_EVENT_ACKNOWLEDGED] = TO(ACKNOWLEDGED),
                [DELIVERY_EVENT_UNANSWERED] = TO(ACCEPTED),
                [DELIVERY_EVENT_DELIVERED] = TO(DELIVERED),
                [DELIVERY_EVENT_COMPLAINED] = TO(FAILED),
                [DELIVERY_EVENT_BARRED] = TO(FAILED),
                [DELIVERY_EVENT_RETRIED] = TO(WAITING),
            },
        [DELIVERY_SUPPRESSED] =
            {
                [DELIVERY_EVENT_CLIMBED] = TO(WAITING),
                [DELIVERY_EVENT_ACKNOWLEDGED] = TO(ACKNOWLEDGED),
                [DELIVERY_EVENT_BARRED] = TO(SUPPRESSED),
                [DELIVERY_EVENT_DELIVERED] = TO(DELIVERED),
                [DELIVERY_EVENT_COMPLAINED] = TO(SUPPRESSED),
                [DELIVERY_EVENT_RETRIED] = TO(WAITING), /* of a pair the other step failed */
            },
        [DELIVERY_UNREACHABLE] =
            {
                [DELIVERY_EVENT_CLIMBED] = TO(WAITING),
                [DELIVERY_EVENT_ACKNOWLEDGED] = TO(ACKNOWLEDGED),
                [DELIVERY_EVENT_BARRED] = TO(UNREACHABLE),
                [DELIVERY_EVENT_DELIVERED] = TO(DELIVERED),
                [DELIVERY_EVENT_COMPLAINED] = TO(UNREACHABLE),
                [DELIVERY_EVENT_RETRIED] = TO(WAITING),
            },
        [DELIVERY_EXPIRED] =
            {
                [DELIVERY_EVENT_CLIMBED] = TO(WAITING),
                [DELIVERY_EVENT_ACKNOWLEDGED] = TO(ACKNOWLEDGED),
                [DELIVERY_EVENT_BARRED] = TO(EXPIRED),
                [DELIVERY_EVENT_DELIVERED] = TO(DELIVERED),
                [DELIVERY_EVENT_COMPLAINED] = TO(EXPIRED),
                [DELIVERY_EVENT_RETRIED] = TO(WAITING),
            },
        [DELIVERY_CANCELLED] =
            {
                [DELIVERY_EVENT_ACKNOWLEDGED] = TO(ACKNOWLEDGED),
                [DELIVERY_EVENT_BARRED] = TO(CANCELLED),
                [DELIVERY_EVENT_DELIVERED] = TO(DELIVERED),
                [DELIVERY_EVENT_COMPLAINED] = TO(CANCELLED),
            },
};

const char *delivery_state_name(enum delivery_state state)
{
    return state < DELIVERY_STATES ? STATES[state].name : "?";
}

bool delivery_state_parse(const char *name, enum delivery_state *state)
{
    for (unsigned s = DELIVERY_WAITING; s < DELIVERY_STATES; s++) {
        if (strcmp(STATES[s].name, name) == 0) {
            *state = (enum delivery_state)s;
            return true;
        }
    }
    return false;
}

bool delivery_state_is_final(enum delivery_state state)
{
    return STATES[state].final;
}

const char *delivery_event_name(enum delivery_event event)
{
    return event < DELIVERY_EVENTS ? EVENTS[event] : "?";
}

enum delivery_state delivery_state_next(enum delivery_state state, enum delivery_event event)
{
    if (state >= DELIVERY_STATES || event >= DELIVERY_EVENTS || NEXT[state][event] == 0) {
        return DELIVERY_STATES;
    }
    return (enum delivery_state)(NEXT[state][event] - 1);
}
