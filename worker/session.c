/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/session.h"

#include <assert.h>

struct session_row {
    enum session_action action;
    enum session_state next;
};

/* Every state × event. A stale WELCOME is answered by nothing: a HELLO that is due will be
 * repeated, and the coordinator of the larger epoch will answer it. */
static const struct session_row session_rows[SESSION_STATES][SESSION_EVENTS] =
    {
        [SESSION_IDLE] =
            {
                [SESSION_ON_LINK] = {SESSION_HELLO, SESSION_GREETING},
                [SESSION_ON_WELCOME_NEW] = {SESSION_ADOPT, SESSION_UP},
                [SESSION_ON_WELCOME_SAME] = {SESSION_RESUME, SESSION_UP},
                [SESSION_ON_WELCOME_STALE] = {SESSION_NOTHING, SESSION_IDLE},
                [SESSION_ON_REFUSED] = {SESSION_NOTHING, SESSION_IDLE},
                [SESSION_ON_SILENCE] = {SESSION_NOTHING, SESSION_IDLE},
                [SESSION_ON_HELLO_DUE] = {SESSION_NOTHING, SESSION_IDLE},
            },
        [SESSION_GREETING] =
            {
                [SESSION_ON_LINK] = {SESSION_HELLO, SESSION_GREETING},
                [SESSION_ON_WELCOME_NEW] = {SESSION_ADOPT, SESSION_UP},
                [SESSION_ON_WELCOME_SAME] = {SESSION_RESUME, SESSION_UP},
                [SESSION_ON_WELCOME_STALE] = {SESSION_NOTHING, SESSION_GREETING},
                [SESSION_ON_REFUSED] = {SESSION_BLOCKED, SESSION_REFUSED},
                [SESSION_ON_SILENCE] = {SESSION_NOTHING, SESSION_GREETING},
                [SESSION_ON_HELLO_DUE] = {SESSION_HELLO, SESSION_GREETING},
            },
        [SESSION_UP] =
            {
                [SESSION_ON_LINK] = {SESSION_HELLO, SESSION_GREETING},
                [SESSION_ON_WELCOME_NEW] = {SESSION_ADOPT, SESSION_UP},
                [SESSION_ON_WELCOME_SAME] = {SESSION_REFRESH, SESSION_UP},
                [SESSION_ON_WELCOME_STALE] = {SESSION_NOTHING, SESSION_UP},
                [SESSION_ON_REFUSED] = {SESSION_BLOCKED, SESSION_REFUSED},
                [SESSION_ON_SILENCE] = {SESSION_HELLO, SESSION_GREETING},
                [SESSION_ON_HELLO_DUE] = {SESSION_NOTHING, SESSION_UP},
            },
        [SESSION_REFUSED] =
            {
                [SESSION_ON_LINK] = {SESSION_HELLO, SESSION_GREETING},
                [SESSION_ON_WELCOME_NEW] = {SESSION_ADOPT, SESSION_UP},
                [SESSION_ON_WELCOME_SAME] = {SESSION_RESUME, SESSION_UP},
                [SESSION_ON_WELCOME_STALE] = {SESSION_NOTHING, SESSION_REFUSED},
                [SESSION_ON_REFUSED] = {SESSION_BLOCKED, SESSION_REFUSED},
                [SESSION_ON_SILENCE] = {SESSION_NOTHING, SESSION_REFUSED},
                [SESSION_ON_HELLO_DUE] = {SESSION_HELLO, SESSION_REFUSED},
            },
};

const char *session_state_name(enum session_state state)
{
    static const char *const names[] = {
#define SESSION_STATE_WORD(name, word) word,
        SESSION_STATE_MAP(SESSION_STATE_WORD)
#undef SESSION_STATE_WORD
    };
    assert(state < SESSION_STATES);
    return names[state];
}

static uint64_t silence_ms(const struct session *session, uint64_t now_ms)
{
    return now_ms > session->heard_ms ? now_ms - session->heard_ms : 0;
}

/* When HELLO is to be said again, if there is no answer to the one that leaves now. */
static void plan_hello(struct session *session, enum session_state from, uint64_t now_ms)
{
    uint32_t wait_ms = SESSION_REFUSED_MS;
    if (session->state == SESSION_GREETING) {
        bool is_first = from != SESSION_GREETING || session->hello_wait_ms == 0;
        wait_ms = is_first ? SESSION_HELLO_MS : session->hello_wait_ms * 2;
        wait_ms = wait_ms > SESSION_HELLO_MAX_MS ? SESSION_HELLO_MAX_MS : wait_ms;
    }
    session->hello_wait_ms = wait_ms;
    session->hello_due_ms = now_ms + wait_ms;
}

enum session_action session_step(struct session *session, enum session_event event, uint64_t now_ms)
{
    assert(event < SESSION_EVENTS);
    enum session_state from = session->state;
    const struct session_row *row = &session_rows[from][event];
    session->state = row->next;
    switch (row->action) {
    case SESSION_HELLO:
    case SESSION_BLOCKED:
        plan_hello(session, from, now_ms);
        break;
    case SESSION_ADOPT:
    case SESSION_RESUME:
        session->heartbeat_due_ms = now_ms;
        session->heard_ms = now_ms;
        break;
    case SESSION_NOTHING:
    case SESSION_REFRESH:
        break;
    }
    return row->action;
}

void session_on_hello_unsent(struct session *session, uint64_t now_ms)
{
    session->hello_wait_ms = 0;
    session->hello_due_ms = now_ms + SESSION_UNSENT_MS;
}

enum session_event session_take_welcome(struct session *session, uint64_t epoch,
                                        uint32_t heartbeat_ms, uint32_t lease_ms)
{
    if (epoch < session->epoch) {
        return SESSION_ON_WELCOME_STALE;
    }
    bool is_new = epoch > session->epoch;
    session->epoch = epoch;
    session->heartbeat_ms = heartbeat_ms > 0 ? heartbeat_ms : 1;
    session->lease_ms = lease_ms;
    return is_new ? SESSION_ON_WELCOME_NEW : SESSION_ON_WELCOME_SAME;
}

bool session_on_heard(struct session *session, uint64_t now_ms)
{
    bool has_lapsed = silence_ms(session, now_ms) >= session->lease_ms;
    session->heard_ms = now_ms;
    return has_lapsed;
}

static uint64_t silent_from_ms(const struct session *session)
{
    return session->heard_ms + (uint64_t)session->heartbeat_ms * SESSION_HEARTBEATS_SILENT;
}

bool session_due(const struct session *session, uint64_t now_ms, enum session_event *event)
{
    switch (session->state) {
    case SESSION_IDLE:
        return false;
    case SESSION_UP:
        *event = SESSION_ON_SILENCE;
        return now_ms >= silent_from_ms(session);
    case SESSION_GREETING:
    case SESSION_REFUSED:
        *event = SESSION_ON_HELLO_DUE;
        return now_ms >= session->hello_due_ms;
    case SESSION_STATES:
        break;
    }
    return false;
}

bool session_heartbeat_is_due(struct session *session, uint64_t now_ms)
{
    if (session->state != SESSION_UP || now_ms < session->heartbeat_due_ms) {
        return false;
    }
    session->heartbeat_due_ms = now_ms + session->heartbeat_ms;
    return true;
}

bool session_may_start(const struct session *session, uint64_t now_ms)
{
    return session->epoch > 0 && silence_ms(session, now_ms) < session->lease_ms;
}

uint32_t session_wait_ms(const struct session *session, uint64_t now_ms)
{
    uint64_t next_ms = session->hello_due_ms;
    if (session->state == SESSION_IDLE) {
        return UINT32_MAX;
    }
    if (session->state == SESSION_UP) {
        uint64_t silent_ms = silent_from_ms(session);
        next_ms = session->heartbeat_due_ms < silent_ms ? session->heartbeat_due_ms : silent_ms;
    }
    uint64_t wait_ms = next_ms > now_ms ? next_ms - now_ms : 0;
    return wait_ms < UINT32_MAX ? (uint32_t)wait_ms : UINT32_MAX;
}
