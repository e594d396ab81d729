/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receipts as a table: what a receipt of each kind makes of a recipient in each state, on a plan of
 * one step that waits for a delivery. And two of them make the same in either order.
 */
#include "tests/unit/engine_rig.h"
#include "tests/unit/unit.h"

#define CREDIT   1024u
#define LIMIT_MS 10000u /* short of the lease time */

static const struct rig_fate ACCEPTED = {.outcome = OUTCOME_ACCEPTED, .reason = 200};
static const struct rig_fate REJECTED = {.outcome = OUTCOME_REJECTED, .reason = 400};
static const struct rig_fate NOWHERE = {.outcome = OUTCOME_REJECTED, .reason = REASON_NO_ENDPOINT};
static const struct rig_fate RETURNED = {.outcome = OUTCOME_RETURNED, .reason = REASON_DRAINED};
static const struct rig_fate UNCERTAIN = {.outcome = OUTCOME_UNCERTAIN,
                                          .reason = REASON_TIMED_OUT_AFTER};

/* Two recipients are leased; the second one stays so, and the campaign goes on for him. */
static void begin(struct rig *rig, enum plan_on_uncertain on_uncertain)
{
    rig_init(rig);
    struct campaign_def def = rig_def(rig, 1, 2);
    def.control.not_after_ms = rig->now_ms + LIMIT_MS;
    def.plan.steps[0].until = PLAN_DELIVERED;
    def.plan.steps[0].on_uncertain = on_uncertain;
    rig_add(rig, &def);
    assert_int_equal(engine_launch(rig->engine, 1, rig->now_ms, NULL), ERR_OK);
    rig_join(rig, 1, 1, CREDIT);
    rig_run(rig, 0);
    assert_int_equal(rig_leased(rig), 2);
}

static enum err receive(struct rig *rig, enum receipt_kind kind)
{
    const struct receipt receipt = {.campaign = 1, .kind = kind};
    return engine_receipt(rig->engine, &receipt, rig->now_ms);
}

static enum delivery_state state_of(struct rig *rig)
{
    return (enum delivery_state)rig_state(rig, 1, 0).state;
}

/* The first recipient is brought into the state; false for one that nobody is ever in. */
static bool bring(struct rig *rig, enum delivery_state state)
{
    begin(rig, state == DELIVERY_UNCERTAIN ? PLAN_HOLD : PLAN_RESEND);
    const struct rig_batch batch = rig->batches[0];
    switch (state) {
    case DELIVERY_NONE:
    case DELIVERY_STATES:
        return false;
    case DELIVERY_LEASED:
        break;
    case DELIVERY_WAITING:
        rig_say(rig, &batch, 0, 1, &RETURNED);
        break;
    case DELIVERY_ACCEPTED:
        rig_say(rig, &batch, 0, 1, &ACCEPTED);
        break;
    case DELIVERY_DELIVERED:
        assert_int_equal(receive(rig, RECEIPT_DELIVERED), ERR_OK);
        break;
    case DELIVERY_ACKNOWLEDGED:
        assert_int_equal(engine_acknowledge(rig->engine, 1, 0, rig->now_ms), ERR_OK);
        break;
    case DELIVERY_RETRYING:
    case DELIVERY_UNCERTAIN:
        rig_say(rig, &batch, 0, 1, &UNCERTAIN);
        break;
    case DELIVERY_FAILED:
        rig_say(rig, &batch, 0, 1, &REJECTED);
        break;
    case DELIVERY_UNREACHABLE:
        rig_say(rig, &batch, 0, 1, &NOWHERE);
        break;
    case DELIVERY_SUPPRESSED:
        rig_say(rig, &batch, 0, 1, &RETURNED);
        assert_int_equal(engine_suppress(rig->engine, 1, 0, ENGINE_ALL_CHANNELS, ENGINE_ALL_RANKS,
                                         REASON_MANUAL, rig->now_ms),
                         ERR_OK);
        break;
    case DELIVERY_EXPIRED:
        rig_say(rig, &batch, 0, 1, &RETURNED);
        rig_run(rig, LIMIT_MS);
        break;
    case DELIVERY_CANCELLED:
        rig_say(rig, &batch, 0, 1, &RETURNED);
        assert_int_equal(engine_cancel(rig->engine, 1, rig->now_ms, NULL), ERR_OK);
        break;
    }
    assert_string_equal(delivery_state_name(state_of(rig)), delivery_state_name(state));
    return true;
}

/* `accepted` proves what was in doubt or not known yet; `delivered` counts wherever he stands;
 * `failed` and `bounced` take back what was not more than accepted; `complained` moves nobody. */
static enum delivery_state expected(enum delivery_state state, enum receipt_kind kind)
{
    bool is_sent = state == DELIVERY_WAITING || state == DELIVERY_LEASED ||
                   state == DELIVERY_RETRYING || state == DELIVERY_UNCERTAIN ||
                   state == DELIVERY_ACCEPTED;
    switch (kind) {
    case RECEIPT_ACCEPTED:
        return is_sent ? DELIVERY_ACCEPTED : state;
    case RECEIPT_DELIVERED:
        return state == DELIVERY_ACKNOWLEDGED ? state : DELIVERY_DELIVERED;
    case RECEIPT_FAILED:
    case RECEIPT_BOUNCED:
        return is_sent ? DELIVERY_FAILED : state;
    case RECEIPT_COMPLAINED:
    case RECEIPT_KINDS:
        break;
    }
    return state;
}

static void check_once(struct rig *rig, enum delivery_state state, enum receipt_kind kind)
{
    assert_int_equal(receive(rig, kind), ERR_OK);
    assert_string_equal(delivery_state_name(state_of(rig)),
                        delivery_state_name(expected(state, kind)));
    assert_int_equal(rig_state(rig, 1, 0).complained, kind == RECEIPT_COMPLAINED);
    rig_check(rig);
    struct recipient_state once = rig_state(rig, 1, 0);
    unsigned records = rig->record_count;
    assert_int_equal(receive(rig, kind), ERR_OK);
    struct recipient_state twice = rig_state(rig, 1, 0);
    assert_memory_equal(&once, &twice, sizeof(once));
    rig_check(rig);
    assert_int_equal(rig->record_count, records);
    rig_restart(rig);
    struct recipient_state replayed = rig_state(rig, 1, 0);
    assert_memory_equal(&once, &replayed, sizeof(once));
}

static void each_kind_does_in_each_state_what_the_table_says_and_once(void **test)
{
    (void)test;
    for (unsigned s = 0; s < DELIVERY_STATES; s++) {
        for (unsigned kind = 0; kind < RECEIPT_KINDS; kind++) {
            struct rig rig;
            if (bring(&rig, (enum delivery_state)s)) {
                rig_check(&rig);
                check_once(&rig, (enum delivery_state)s, (enum receipt_kind)kind);
            }
            rig_release(&rig);
        }
    }
}

static struct recipient_state after_both(enum delivery_state state, unsigned first, unsigned second)
{
    struct rig rig;
    struct recipient_state after = {0};
    if (bring(&rig, state)) {
        assert_int_equal(receive(&rig, (enum receipt_kind)first), ERR_OK);
        assert_int_equal(receive(&rig, (enum receipt_kind)second), ERR_OK);
        after = rig_state(&rig, 1, 0);
        rig_check(&rig);
    }
    rig_release(&rig);
    return after;
}

static void two_receipts_make_the_same_in_either_order(void **test)
{
    (void)test;
    for (unsigned s = 0; s < DELIVERY_STATES; s++) {
        for (unsigned first = 0; first < RECEIPT_KINDS; first++) {
            for (unsigned second = 0; second < first; second++) {
                struct recipient_state a = after_both((enum delivery_state)s, first, second);
                struct recipient_state b = after_both((enum delivery_state)s, second, first);
                assert_string_equal(delivery_state_name((enum delivery_state)a.state),
                                    delivery_state_name((enum delivery_state)b.state));
                assert_int_equal(a.complained, b.complained);
                assert_int_equal(recipient_is_open(&a), recipient_is_open(&b));
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_does_in_each_state_what_the_table_says_and_once),
        cmocka_unit_test(two_receipts_make_the_same_in_either_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
