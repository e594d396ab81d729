/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"
#include "worker/session.h"

struct expected {
    enum session_action action;
    enum session_state next;
};

/* The table, spelt out a second time. */
static const struct expected table[SESSION_STATES][SESSION_EVENTS] = {
    /* LINK, WELCOME_NEW, WELCOME_SAME, WELCOME_STALE, REFUSED, SILENCE, HELLO_DUE */
    [SESSION_IDLE] = {{SESSION_HELLO, SESSION_GREETING},
                      {SESSION_ADOPT, SESSION_UP},
                      {SESSION_RESUME, SESSION_UP},
                      {SESSION_NOTHING, SESSION_IDLE},
                      {SESSION_NOTHING, SESSION_IDLE},
                      {SESSION_NOTHING, SESSION_IDLE},
                      {SESSION_NOTHING, SESSION_IDLE}},
    [SESSION_GREETING] = {{SESSION_HELLO, SESSION_GREETING},
                          {SESSION_ADOPT, SESSION_UP},
                          {SESSION_RESUME, SESSION_UP},
                          {SESSION_NOTHING, SESSION_GREETING},
                          {SESSION_BLOCKED, SESSION_REFUSED},
                          {SESSION_NOTHING, SESSION_GREETING},
                          {SESSION_HELLO, SESSION_GREETING}},
    [SESSION_UP] = {{SESSION_HELLO, SESSION_GREETING},
                    {SESSION_ADOPT, SESSION_UP},
                    {SESSION_REFRESH, SESSION_UP},
                    {SESSION_NOTHING, SESSION_UP},
                    {SESSION_BLOCKED, SESSION_REFUSED},
                    {SESSION_HELLO, SESSION_GREETING},
                    {SESSION_NOTHING, SESSION_UP}},
    [SESSION_REFUSED] = {{SESSION_HELLO, SESSION_GREETING},
                         {SESSION_ADOPT, SESSION_UP},
                         {SESSION_RESUME, SESSION_UP},
                         {SESSION_NOTHING, SESSION_REFUSED},
                         {SESSION_BLOCKED, SESSION_REFUSED},
                         {SESSION_NOTHING, SESSION_REFUSED},
                         {SESSION_HELLO, SESSION_REFUSED}},
};

static void every_state_meets_every_event(void **state)
{
    (void)state;
    for (unsigned from = 0; from < SESSION_STATES; from++) {
        for (unsigned event = 0; event < SESSION_EVENTS; event++) {
            struct session session = {.state = (enum session_state)from};
            enum session_action action = session_step(&session, (enum session_event)event, 1000);
            assert_int_equal(action, table[from][event].action);
            assert_int_equal(session.state, table[from][event].next);
            assert_non_null(session_state_name(session.state));
        }
    }
}

static struct session up_at(uint64_t now_ms)
{
    struct session session = {0};
    (void)session_step(&session, SESSION_ON_LINK, now_ms);
    enum session_event event = session_take_welcome(&session, 5, 1000, 15000);
    (void)session_step(&session, event, now_ms);
    return session;
}

static void a_welcome_is_new_the_same_or_stale_by_its_epoch(void **state)
{
    (void)state;
    struct session session = up_at(1000);
    assert_int_equal(session_take_welcome(&session, 5, 2000, 9), SESSION_ON_WELCOME_SAME);
    assert_int_equal(session.heartbeat_ms, 2000);
    assert_int_equal(session_take_welcome(&session, 4, 3000, 9), SESSION_ON_WELCOME_STALE);
    assert_int_equal(session.heartbeat_ms, 2000);
    assert_int_equal(session_take_welcome(&session, 6, 0, 9), SESSION_ON_WELCOME_NEW);
    assert_int_equal(session.epoch, 6);
    assert_int_equal(session.heartbeat_ms, 1); /* never a busy loop */
}

static void hello_waits_longer_each_time_it_is_not_answered(void **state)
{
    (void)state;
    static const uint64_t waits_ms[] = {1000, 2000, 4000, 5000, 5000};
    struct session session = {0};
    enum session_event event = SESSION_EVENTS;
    uint64_t now_ms = 1000;
    assert_false(session_due(&session, now_ms, &event));
    (void)session_step(&session, SESSION_ON_LINK, now_ms);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(session_wait_ms(&session, now_ms), waits_ms[i]);
        assert_false(session_due(&session, now_ms + waits_ms[i] - 1, &event));
        now_ms += waits_ms[i];
        assert_true(session_due(&session, now_ms, &event));
        assert_int_equal(event, SESSION_ON_HELLO_DUE);
        assert_int_equal(session_step(&session, event, now_ms), SESSION_HELLO);
    }
}

static void silence_is_noticed_after_five_heartbeats(void **state)
{
    (void)state;
    struct session session = up_at(1000);
    enum session_event event = SESSION_EVENTS;
    assert_false(session_on_heard(&session, 2000));
    assert_false(session_due(&session, 6999, &event));
    assert_true(session_due(&session, 7000, &event));
    assert_int_equal(event, SESSION_ON_SILENCE);
}

static void past_the_lease_time_nothing_may_start(void **state)
{
    (void)state;
    struct session session = up_at(1000);
    assert_true(session_may_start(&session, 15999));
    assert_false(session_may_start(&session, 16000));
    assert_true(session_on_heard(&session, 16000));
    assert_true(session_may_start(&session, 16000));
    struct session never = {0};
    assert_false(session_may_start(&never, 0));
}

static void heartbeats_are_due_once_each_and_only_while_up(void **state)
{
    (void)state;
    struct session session = up_at(1000);
    assert_true(session_heartbeat_is_due(&session, 1000));
    assert_false(session_heartbeat_is_due(&session, 1999));
    assert_int_equal(session_wait_ms(&session, 1500), 500);
    assert_true(session_heartbeat_is_due(&session, 2000));
    (void)session_step(&session, SESSION_ON_SILENCE, 8000);
    assert_false(session_heartbeat_is_due(&session, 9000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_meets_every_event),
        cmocka_unit_test(a_welcome_is_new_the_same_or_stale_by_its_epoch),
        cmocka_unit_test(hello_waits_longer_each_time_it_is_not_answered),
        cmocka_unit_test(silence_is_noticed_after_five_heartbeats),
        cmocka_unit_test(past_the_lease_time_nothing_may_start),
        cmocka_unit_test(heartbeats_are_due_once_each_and_only_while_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
