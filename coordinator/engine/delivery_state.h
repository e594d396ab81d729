/* SPDX-License-Identifier: Apache-2.0 */
/*
 * delivery_state: where one recipient of a campaign stands, and the one table that says what may
 * happen to it.
 *
 * docs/delivery-states.md shows the picture; tests walk every state x event.
 */
#ifndef TOCSIN_ENGINE_DELIVERY_STATE_H
#define TOCSIN_ENGINE_DELIVERY_STATE_H

#include <stdbool.h>
#include <stdint.h>

/* X(name, word, final). Numbers are stored: add at the end. NONE is a place that is no recipient (a
 * duplicate row). */
#define DELIVERY_STATE_MAP(X)                                                                      \
    X(NONE, "none", true)                                                                          \
    X(WAITING, "waiting", false)                                                                   \
    X(LEASED, "leased", false)                                                                     \
    X(ACCEPTED, "accepted", true)                                                                  \
    X(DELIVERED, "delivered", true)                                                                \
    X(ACKNOWLEDGED, "acknowledged", true)                                                          \
    X(RETRYING, "retrying", false)                                                                 \
    X(FAILED, "failed", true)                                                                      \
    X(SUPPRESSED, "suppressed", true)                                                              \
    X(UNREACHABLE, "unreachable", true)                                                            \
    X(EXPIRED, "expired", true)                                                                    \
    X(CANCELLED, "cancelled", true)                                                                \
    X(UNCERTAIN, "uncertain", true)

enum delivery_state {
#define DELIVERY_STATE_MEMBER(name, word, final) DELIVERY_##name,
    DELIVERY_STATE_MAP(DELIVERY_STATE_MEMBER)
#undef DELIVERY_STATE_MEMBER
        DELIVERY_STATES
};

const char *delivery_state_name(enum delivery_state state);
bool delivery_state_parse(const char *name, enum delivery_state *state);
/* Nothing more will happen to the recipient by itself, unless his step is open. `uncertain` is
 * held: it may have been reached, nobody sends again unasked, and a late outcome may still settle
 * it. */
bool delivery_state_is_final(enum delivery_state state);

/* What can happen. Numbers are stored in the journal: add at the end. X(name, word) */
#define DELIVERY_EVENT_MAP(X)                                                                      \
    X(LEASED, "leased")               /* handed to a worker */                                     \
    X(ACCEPTED, "accepted")           /* the provider took it */                                   \
    X(DEFERRED, "deferred")           /* not taken, again at `due`; an attempt is used */          \
    X(RELEASED, "released")           /* not tried or throttled, again at `due`; costs nothing */  \
    X(NEXT_ENDPOINT, "next_endpoint") /* refused for good there; on to the contact's next one */   \
    X(REPEATED, "repeated")           /* uncertain whether sent; again at `due`, same token */     \
    X(HELD, "held")                   /* uncertain whether sent; kept so */                        \
    X(FAILED, "failed")               /* can never work, or no attempts left */                    \
    X(UNREACHABLE, "unreachable")     /* there never was an endpoint */                            \
    X(EXPIRED, "expired")             /* the step's time is over */                                \
    X(CANCELLED, "cancelled")         /* the campaign was cancelled before it was sent */          \
    X(CLIMBED, "climbed")             /* the step ended without what it was for; on to the next */ \
    X(ACKNOWLEDGED, "acknowledged")   /* the recipient said that he knows */                       \
    X(UNANSWERED, "unanswered") /* nothing more is tried; what was accepted stays accepted */      \
    X(BARRED, "barred")         /* an endpoint, or all, must not be sent to from now on */         \
    X(SUPPRESSED, "suppressed") /* he must not be sent to, and was not */                          \
    X(DELIVERED, "delivered")   /* a receipt says that it arrived */                               \
    X(BOUNCED, "bounced")       /* a receipt says that it did not, for good */                     \
    X(CONFIRMED, "confirmed")   /* one of an earlier step arrived; the ladder goes on */           \
    X(COMPLAINED, "complained") /* a receipt says that he does not want it */                      \
    X(RETRIED, "retried")       /* a new round of the campaign: he starts anew */

enum delivery_event {
#define DELIVERY_EVENT_MEMBER(name, word) DELIVERY_EVENT_##name,
    DELIVERY_EVENT_MAP(DELIVERY_EVENT_MEMBER)
#undef DELIVERY_EVENT_MEMBER
        DELIVERY_EVENTS
};

const char *delivery_event_name(enum delivery_event event);

/* Whether the event is no move: who is leased stays in his lease. */
static inline bool delivery_event_is_remark(enum delivery_event event)
{
    return event == DELIVERY_EVENT_CONFIRMED || event == DELIVERY_EVENT_COMPLAINED ||
           event == DELIVERY_EVENT_BARRED;
}

/* The state after `event` in `state`, or DELIVERY_STATES if the table has no such row: then the
 * event must not be made (and a journal that holds it is damaged). */
enum delivery_state delivery_state_next(enum delivery_state state, enum delivery_event event);

/* What became of the endpoints and steps before the present one, the best of them: stored in two
 * bits. */
enum delivery_before { BEFORE_NOTHING, BEFORE_REACHED, BEFORE_DOUBTED, BEFORE_DELIVERED };

/* One recipient of an open campaign: 8 bytes. */
#define RECIPIENT_USED_MAX 127u
struct recipient_state {
    uint8_t state : 4;
    uint8_t uncertain : 1; /* the last attempt may have reached the provider */
    uint8_t tried : 1;     /* some endpoint was there and was tried */
    uint8_t before : 2;    /* enum delivery_before: accepted, may have been, or delivered */
    uint8_t step : 4;
    uint8_t endpoint : 4; /* rank of the endpoint now being tried */
    uint8_t attempt : 4;  /* attempts used on this endpoint; the number of the next one */
    uint8_t repeats : 4;  /* how often an uncertain attempt was repeated */
    uint8_t used : 7;     /* of the step's time for retrying, in RECIPIENT_USED_MAX parts */
    uint8_t complained : 1;
    uint32_t due_cs; /* next try, in 10 ms after the campaign's creation */
};

/* Sent, and the ladder goes on at due_cs unless something is heard before. */
static inline bool recipient_is_open(const struct recipient_state *state)
{
    return (state->state == DELIVERY_ACCEPTED || state->state == DELIVERY_UNCERTAIN ||
            state->state == DELIVERY_DELIVERED) &&
           state->due_cs != 0;
}

/* How many recipients stand on a rung, or have ended there. */
struct rung_counts {
    uint32_t states[DELIVERY_STATES];
    uint32_t open; /* of the accepted, delivered and uncertain: an answer is awaited */
};

/* What tells the attempts of a step apart, as it stands in the token: each endpoint has its own. */
static inline uint8_t recipient_attempt_number(const struct recipient_state *state)
{
    return (uint8_t)(state->endpoint << 4 | state->attempt);
}

#endif
