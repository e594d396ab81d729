/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/engine/delivery_state.h"
#include "tests/unit/unit.h"

/*
 * What may happen, written out once more by hand: a row for each state, a column for each event in
 * the order of the enumeration (leased, accepted, deferred, released, next endpoint, repeated,
 * held, failed, unreachable, expired, cancelled, climbed, acknowledged, unanswered, barred,
 * suppressed, delivered, bounced, confirmed, complained, retried). `-` is no such transition, a
 * letter the state that follows: L leased, A accepted, R retrying, W waiting, U uncertain, F
 * failed, N unreachable, X expired, C cancelled, K acknowledged, D delivered, S suppressed.
 */
static const char *const EXPECTED[DELIVERY_STATES] = {
    [DELIVERY_NONE] = "-----------W---------",
    [DELIVERY_WAITING] = "LA--W-UF-XCWKAWSDFWW-",
    [DELIVERY_LEASED] = "-ARWWRUFNXCWKALSDFLL-",
    [DELIVERY_ACCEPTED] = "-----------WKAA-DFAA-",
    [DELIVERY_DELIVERED] = "-----------WKDD----D-",
    [DELIVERY_ACKNOWLEDGED] = "-------------------K-",
    [DELIVERY_RETRYING] = "LA--W-UF-XCWKARSDFRR-",
    [DELIVERY_FAILED] = "----W-U----WKAF-D--FW",
    [DELIVERY_SUPPRESSED] = "-----------WK-S-D--SW",
    [DELIVERY_UNREACHABLE] = "-----------WK-N-D--NW",
    [DELIVERY_EXPIRED] = "-----------WK-X-D--XW",
    [DELIVERY_CANCELLED] = "------------K-C-D--C-",
    [DELIVERY_UNCERTAIN] = "-A----U----WKAU-DFUUW",
};

static enum delivery_state state_of_letter(char letter)
{
    static const struct {
        char letter;
        enum delivery_state state;
    } LETTERS[] = {
        {'L', DELIVERY_LEASED},       {'A', DELIVERY_ACCEPTED},   {'R', DELIVERY_RETRYING},
        {'W', DELIVERY_WAITING},      {'U', DELIVERY_UNCERTAIN},  {'F', DELIVERY_FAILED},
        {'N', DELIVERY_UNREACHABLE},  {'X', DELIVERY_EXPIRED},    {'C', DELIVERY_CANCELLED},
        {'K', DELIVERY_ACKNOWLEDGED}, {'S', DELIVERY_SUPPRESSED}, {'D', DELIVERY_DELIVERED}};
    for (unsigned i = 0; i < sizeof(LETTERS) / sizeof(LETTERS[0]); i++) {
        if (LETTERS[i].letter == letter) {
            return LETTERS[i].state;
        }
    }
    return DELIVERY_STATES;
}

static void every_state_meets_every_event_as_expected(void **test)
{
    (void)test;
    for (unsigned s = 0; s < DELIVERY_STATES; s++) {
        assert_int_equal(strlen(EXPECTED[s]), DELIVERY_EVENTS);
        for (unsigned e = 0; e < DELIVERY_EVENTS; e++) {
            enum delivery_state next =
                delivery_state_next((enum delivery_state)s, (enum delivery_event)e);
            if (next != state_of_letter(EXPECTED[s][e])) {
                fail_msg("%s and %s gives %s", delivery_state_name((enum delivery_state)s),
                         delivery_event_name((enum delivery_event)e), delivery_state_name(next));
            }
        }
    }
}

static void numbers_outside_of_the_table_lead_nowhere(void **test)
{
    (void)test;
    assert_int_equal(delivery_state_next(DELIVERY_STATES, DELIVERY_EVENT_LEASED), DELIVERY_STATES);
    assert_int_equal(delivery_state_next(DELIVERY_WAITING, DELIVERY_EVENTS), DELIVERY_STATES);
    assert_int_equal(delivery_state_next((enum delivery_state)200, (enum delivery_event)200),
                     DELIVERY_STATES);
    assert_string_equal(delivery_state_name(DELIVERY_STATES), "?");
    assert_string_equal(delivery_event_name(DELIVERY_EVENTS), "?");
}

/* Whoever is in a state that is not final can still get to one. From a final state leads: what the
 * recipient himself says; a late outcome to accepted; while his step is open, its end; another
 * round; and, from one step of a pair that has ended, the climb when the other one has too. */
static void final_states_are_left_only_as_said(void **test)
{
    (void)test;
    for (unsigned s = 0; s < DELIVERY_STATES; s++) {
        bool is_final = delivery_state_is_final((enum delivery_state)s);
        bool can_be_open = s == DELIVERY_ACCEPTED || s == DELIVERY_UNCERTAIN ||
                           s == DELIVERY_DELIVERED || s == DELIVERY_FAILED; /* as it bounces */
        bool leads_on = false;
        for (unsigned e = 0; e < DELIVERY_EVENTS; e++) {
            enum delivery_state next =
                delivery_state_next((enum delivery_state)s, (enum delivery_event)e);
            leads_on |= next != DELIVERY_STATES;
            if (is_final && next != DELIVERY_STATES && next != s && e != DELIVERY_EVENT_RETRIED &&
                e != DELIVERY_EVENT_CLIMBED) {
                assert_true(next == DELIVERY_ACKNOWLEDGED || next == DELIVERY_DELIVERED ||
                            can_be_open);
            }
        }
        assert_true(leads_on || is_final);
    }
}

static void names_are_parsed_back(void **test)
{
    (void)test;
    enum delivery_state state;
    for (unsigned s = DELIVERY_WAITING; s < DELIVERY_STATES; s++) {
        assert_true(delivery_state_parse(delivery_state_name((enum delivery_state)s), &state));
        assert_int_equal(state, s);
    }
    assert_false(delivery_state_parse("none", &state));
    assert_false(delivery_state_parse("Waiting", &state));
    assert_false(delivery_state_parse("", &state));
}

/* They are stored: a number that changes its meaning makes old journals lie. */
static void stored_numbers_never_change(void **test)
{
    (void)test;
    assert_int_equal(DELIVERY_NONE, 0);
    assert_int_equal(DELIVERY_WAITING, 1);
    assert_int_equal(DELIVERY_LEASED, 2);
    assert_int_equal(DELIVERY_ACCEPTED, 3);
    assert_int_equal(DELIVERY_RETRYING, 6);
    assert_int_equal(DELIVERY_UNCERTAIN, 12);
    assert_int_equal(DELIVERY_EVENT_LEASED, 0);
    assert_int_equal(DELIVERY_EVENT_ACCEPTED, 1);
    assert_int_equal(DELIVERY_EVENT_REPEATED, 5);
    assert_int_equal(DELIVERY_EVENT_CANCELLED, 10);
    assert_int_equal(DELIVERY_EVENT_CLIMBED, 11);
    assert_int_equal(DELIVERY_EVENT_ACKNOWLEDGED, 12);
    assert_int_equal(DELIVERY_EVENT_UNANSWERED, 13);
    assert_int_equal(DELIVERY_EVENT_BARRED, 14);
    assert_int_equal(DELIVERY_EVENT_SUPPRESSED, 15);
    assert_int_equal(DELIVERY_EVENT_DELIVERED, 16);
    assert_int_equal(DELIVERY_EVENT_BOUNCED, 17);
    assert_int_equal(DELIVERY_EVENT_CONFIRMED, 18);
    assert_int_equal(DELIVERY_EVENT_COMPLAINED, 19);
    assert_int_equal(DELIVERY_EVENT_RETRIED, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_meets_every_event_as_expected),
        cmocka_unit_test(numbers_outside_of_the_table_lead_nowhere),
        cmocka_unit_test(final_states_are_left_only_as_said),
        cmocka_unit_test(names_are_parsed_back),
        cmocka_unit_test(stored_numbers_never_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
