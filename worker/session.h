/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session: where a worker stands with its coordinator: not connected, greeting, up, or refused. It
 * decides when to say HELLO, when a heartbeat is due, what a WELCOME means, and when silence has
 * lasted so long that the leases must be taken for lost. A value; time comes in.
 */
#ifndef TOCSIN_WORKER_SESSION_H
#define TOCSIN_WORKER_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#define SESSION_HEARTBEATS_SILENT                                                                  \
    5 /* so many heartbeats without a word, and HELLO is said again                                \
       */
#define SESSION_HELLO_MS     1000
#define SESSION_HELLO_MAX_MS 5000 /* the wait doubles up to this */
#define SESSION_REFUSED_MS   5000
#define SESSION_UNSENT_MS    100 /* until a HELLO that could not leave is tried again */

#define SESSION_STATE_MAP(X)                                                                       \
    X(IDLE, "idle")         /* the link has never been up */                                       \
    X(GREETING, "greeting") /* HELLO is said until it is answered */                               \
    X(UP, "up")                                                                                    \
    X(REFUSED, "refused") /* asked again now and then */

enum session_state {
#define SESSION_STATE_MEMBER(name, word) SESSION_##name,
    SESSION_STATE_MAP(SESSION_STATE_MEMBER)
#undef SESSION_STATE_MEMBER
        SESSION_STATES
};

enum session_event {
    SESSION_ON_LINK,          /* the link is there (again) */
    SESSION_ON_WELCOME_NEW,   /* of a larger epoch */
    SESSION_ON_WELCOME_SAME,  /* of the present epoch */
    SESSION_ON_WELCOME_STALE, /* of a smaller one */
    SESSION_ON_REFUSED,
    SESSION_ON_SILENCE,   /* nothing heard for SESSION_HEARTBEATS_SILENT heartbeats */
    SESSION_ON_HELLO_DUE, /* HELLO was not answered */
    SESSION_EVENTS
};

/* What the caller has to do. */
enum session_action {
    SESSION_NOTHING,
    SESSION_HELLO,   /* say it */
    SESSION_ADOPT,   /* a new life of the coordinator: everything of the former one is returned */
    SESSION_RESUME,  /* the same life, after a break: what is not confirmed is sent again */
    SESSION_REFRESH, /* the same life, without a break: only providers may have changed */
    SESSION_BLOCKED  /* refused: say so */
};

struct session {
    enum session_state state;
    uint64_t epoch; /* the largest seen; 0: none */
    uint32_t heartbeat_ms;
    uint32_t lease_ms;
    uint64_t heard_ms; /* when the coordinator was last heard of */
    uint64_t hello_due_ms;
    uint32_t hello_wait_ms;
    uint64_t heartbeat_due_ms;
};

const char *session_state_name(enum session_state state);
enum session_action session_step(struct session *session, enum session_event event,
                                 uint64_t now_ms);
/* The HELLO could not leave: the link is not there yet. */
void session_on_hello_unsent(struct session *session, uint64_t now_ms);
/* A WELCOME's values; call before session_step with the event that it returns. */
enum session_event session_take_welcome(struct session *session, uint64_t epoch,
                                        uint32_t heartbeat_ms, uint32_t lease_ms);
/* A message of the present epoch arrived. True: silence had lasted past the lease, so that
 * everything not started is to be returned. */
bool session_on_heard(struct session *session, uint64_t now_ms);
/* The event that time brings now, if any. */
bool session_due(const struct session *session, uint64_t now_ms, enum session_event *event);
/* True at most once each heartbeat, and only while up. */
bool session_heartbeat_is_due(struct session *session, uint64_t now_ms);
/* May attempts be started on leases of this epoch? Not past lease_ms of silence: the coordinator
 * has given the leases up by then. */
bool session_may_start(const struct session *session, uint64_t now_ms);
/* In how many ms time will bring something. */
uint32_t session_wait_ms(const struct session *session, uint64_t now_ms);

#endif
