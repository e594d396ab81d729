/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "coordinator/link/peers.h"
#include "tests/unit/unit.h"

#define SILENT_MS 15000
#define START_MS  UINT64_C(1700000000000)

static int set_up(void **state)
{
    static struct peers peers;
    peers = (struct peers){.silent_ms = SILENT_MS};
    *state = &peers;
    return 0;
}

static int tear_down(void **state)
{
    peers_release(*state);
    return 0;
}

static uint32_t number_of(struct peers *peers, unsigned i, uint64_t now_ms)
{
    char name[16];
    snprintf(name, sizeof(name), "n%u", i);
    return peers_number(peers, slice_str(name), now_ms);
}

static void a_peer_keeps_its_number(void **state)
{
    struct peers *peers = *state;
    assert_int_equal(peers_number(peers, slice_str("w1"), START_MS), 1);
    assert_int_equal(peers_number(peers, slice_str("w2"), START_MS), 2);
    assert_int_equal(peers_number(peers, slice_str("w1"), START_MS + SILENT_MS), 1);
    assert_slice_is(peers_id(peers, 1), "w1");
    assert_slice_is(peers_id(peers, 2), "w2");
    assert_slice_is(peers_id(peers, 0), "");
    assert_slice_is(peers_id(peers, 3), "");
}

/* Each new worker has a new name, as where machines are made and taken away. */
static void workers_may_come_and_go_for_ever(void **state)
{
    struct peers *peers = *state;
    uint64_t now_ms = START_MS;
    for (unsigned i = 0; i < 3 * PEERS_MAX; i++) {
        assert_int_equal(peers_number(peers, slice_str("stays"), now_ms), 1);
        assert_int_equal(number_of(peers, i, now_ms), i + 2);
        now_ms += 100;
    }
    assert_slice_is(peers_id(peers, 1), "stays");
    assert_slice_is(peers_id(peers, 2), "");
    assert_slice_is(peers_id(peers, 3 * PEERS_MAX + 1), "n12287");
}

static void one_peer_too_many_has_to_wait_until_another_was_silent(void **state)
{
    struct peers *peers = *state;
    for (unsigned i = 0; i < PEERS_MAX; i++) {
        assert_int_equal(number_of(peers, i, START_MS + i), i + 1);
    }
    assert_int_equal(number_of(peers, 0, START_MS + PEERS_MAX), 1);
    uint64_t silent_ms = START_MS + 1 + SILENT_MS; /* n1 has been */
    assert_int_equal(peers_number(peers, slice_str("w1"), silent_ms - 1), 0);
    assert_int_equal(peers_number(peers, slice_str("w1"), silent_ms), PEERS_MAX + 1);
    assert_slice_is(peers_id(peers, 1), "n0");
    assert_slice_is(peers_id(peers, 2), "");
    assert_int_equal(peers_number(peers, slice_str("w2"), silent_ms), 0);
}

static void who_was_forgotten_comes_back_as_another(void **state)
{
    struct peers *peers = *state;
    assert_int_equal(peers_number(peers, slice_str("w1"), START_MS), 1);
    for (unsigned i = 0; i < PEERS_MAX; i++) {
        number_of(peers, i, START_MS + SILENT_MS);
    }
    assert_slice_is(peers_id(peers, 1), "");
    assert_int_equal(peers_number(peers, slice_str("w1"), START_MS + 2 * SILENT_MS), PEERS_MAX + 2);
}

#define PEERS_TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PEERS_TEST(a_peer_keeps_its_number),
        PEERS_TEST(workers_may_come_and_go_for_ever),
        PEERS_TEST(one_peer_too_many_has_to_wait_until_another_was_silent),
        PEERS_TEST(who_was_forgotten_comes_back_as_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
