/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of those who wait on a step of which no provider can be used.
 */
#include "tests/unit/engine_rig.h"
#include "tests/unit/unit.h"

#define CREDIT   (64u * 1024)
#define GRACE_MS 5000u

static const struct rig_fate ACCEPTED = {.outcome = OUTCOME_ACCEPTED, .reason = 200};
static const struct rig_fate REFUSED = {.outcome = OUTCOME_MISCONFIGURED, .reason = 401};
static const struct rig_fate UNCERTAIN = {.outcome = OUTCOME_UNCERTAIN,
                                          .reason = REASON_TIMED_OUT_AFTER};
static const struct rig_fate UNCONNECTED = {.outcome = OUTCOME_DEFERRED,
                                            .reason = REASON_CONNECT_FAILED};

/* Providers 0 and 1 send SMS, the first step; 2 sends e-mail, the second. */
static void down_init(struct rig *rig, enum plan_if_down if_down, enum plan_until until,
                      uint32_t slots, uint32_t holes)
{
    rig_init_with(rig, &(struct engine_settings){.epoch = 1,
                                                 .seed = 1,
                                                 .heartbeat_ms = RIG_HEARTBEAT_MS,
                                                 .lease_ms = RIG_LEASE_MS,
                                                 .down_grace_ms = GRACE_MS});
    for (uint8_t p = 0; p < 3; p++) {
        rig_add_provider(rig, p, 0);
    }
    rig->providers[2].channel = CHANNEL_EMAIL;
    engine_add_provider(rig->engine, &rig->providers[2]);
    struct campaign_def def = rig_def(rig, 1, slots);
    def.recipients -= holes;
    def.plan.step_count = 2;
    plan_step_defaults(&def.plan.steps[1], CHANNEL_EMAIL);
    def.plan.steps[0].if_down = if_down;
    def.plan.steps[0].until = until;
    rig_add(rig, &def);
}

static void start(struct rig *rig, uint32_t credit)
{
    assert_int_equal(engine_launch(rig->engine, 1, rig->now_ms, NULL), ERR_OK);
    rig_join(rig, 1, 11, credit);
    rig_run(rig, 0);
}

static void say_all(struct rig *rig, const struct rig_fate *fate)
{
    for (unsigned b = 0; b < rig->batch_count; b++) {
        rig_say(rig, &rig->batches[b], 0, PAGE_RECIPIENTS, fate);
    }
}

/* SMS meet this fate (NULL: the worker says nothing), e-mails are accepted. Returns how many of
 * these there were. */
static uint32_t pass_with(struct rig *rig, uint64_t ms, const struct rig_fate *sms)
{
    uint32_t climbed = 0;
    for (uint64_t passed = 0; passed < ms; passed += 100) {
        (void)engine_worker_heartbeat(rig->engine, 1, rig->now_ms);
        rig_run(rig, 100);
        for (unsigned b = 0; b < rig->batch_count; b++) {
            bool is_sms = rig->batches[b].wire.step == 0;
            climbed += is_sms ? 0 : rig->batches[b].wire.count;
            if (!is_sms || sms != NULL) {
                rig_say(rig, &rig->batches[b], 0, PAGE_RECIPIENTS, is_sms ? sms : &ACCEPTED);
            }
        }
    }
    return climbed;
}

static uint32_t pass(struct rig *rig, uint64_t ms)
{
    return pass_with(rig, ms, &REFUSED);
}

static void everybody_climbs_when_the_grace_is_over(void **test)
{
    (void)test;
    struct rig rig;
    struct bitmap holes = {{0}};
    bitmap_set(&holes, 7);
    down_init(&rig, PLAN_DOWN_CLIMB, PLAN_ACKNOWLEDGED, 3000, 1);
    rig_add_holes(&rig, 1, 2, &holes);
    start(&rig, 2048); /* nobody of the last page is leased */
    assert_int_equal(rig.batch_count, 2);
    say_all(&rig, &REFUSED);
    assert_int_equal(pass(&rig, GRACE_MS - 200), 0);
    assert_true(rig_provider(&rig, 0).down_since_ms != 0);
    assert_int_equal(rig_provider(&rig, 2).down_since_ms, 0);
    assert_int_equal(pass(&rig, 1000), 2999);
    struct event event;
    rig_check(&rig);
    assert_true(rig_last_event(&rig, 1, DELIVERY_EVENT_CLIMBED, &event));
    assert_int_equal(event.reason, REASON_CHANNEL_DOWN);
    assert_int_equal(rig_count_events(&rig, 1, DELIVERY_EVENT_CLIMBED), 2999);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACCEPTED), 2999);
    rig_release(&rig);
}

static void by_default_they_wait(void **test)
{
    (void)test;
    struct rig rig;
    down_init(&rig, PLAN_DOWN_WAIT, PLAN_ACKNOWLEDGED, 2048, 0);
    start(&rig, CREDIT);
    say_all(&rig, &REFUSED);
    assert_int_equal(pass(&rig, 20 * GRACE_MS), 0);
    rig_check(&rig);
    assert_int_equal(rig_count_events(&rig, 1, DELIVERY_EVENT_CLIMBED), 0);
    rig_release(&rig);
}

static void one_provider_that_is_left_is_enough(void **test)
{
    (void)test;
    struct rig rig;
    down_init(&rig, PLAN_DOWN_CLIMB, PLAN_ACKNOWLEDGED, 2048, 0);
    start(&rig, CREDIT);
    rig_say(&rig, &rig.batches[0], 0, 1024, &REFUSED);
    assert_int_equal(pass_with(&rig, 4 * GRACE_MS, NULL), 0);
    rig_check(&rig);
    rig_release(&rig);
}

static void a_blink_makes_nobody_climb(void **test)
{
    (void)test;
    struct rig rig;
    down_init(&rig, PLAN_DOWN_CLIMB, PLAN_ACKNOWLEDGED, 2048, 0);
    start(&rig, CREDIT);
    say_all(&rig, &UNCONNECTED);
    assert_int_equal(rig_provider(&rig, 1).breaker, BREAKER_OPEN);
    /* They are back, but nobody is sent to for a while, as all wait for their backoff. */
    assert_int_equal(pass_with(&rig, 60000, &ACCEPTED), 0);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACCEPTED), 2048);
    rig_check(&rig);
    rig_release(&rig);
}

/* He would be sent to twice, and need not be. */
static void who_may_be_done_waits(void **test)
{
    (void)test;
    struct rig rig;
    down_init(&rig, PLAN_DOWN_CLIMB, PLAN_ACCEPTED, 2048, 0);
    start(&rig, CREDIT);
    rig_say(&rig, &rig.batches[0], 0, 1000, &UNCERTAIN);
    rig_say(&rig, &rig.batches[0], 1000, 24, &REFUSED);
    rig_say(&rig, &rig.batches[1], 0, 1024, &REFUSED);
    assert_int_equal(pass(&rig, 20 * GRACE_MS), 24 + 1024);
    struct recipient_state state = rig_state(&rig, 1, 0);
    assert_int_equal(state.step, 0);
    assert_int_equal(state.uncertain, 1);
    rig_check(&rig);
    rig_release(&rig);
}

static void who_must_say_so_himself_climbs_also_in_doubt(void **test)
{
    (void)test;
    struct rig rig;
    down_init(&rig, PLAN_DOWN_CLIMB, PLAN_ACKNOWLEDGED, 2048, 0);
    start(&rig, CREDIT);
    rig_say(&rig, &rig.batches[0], 0, 1000, &UNCERTAIN);
    rig_say(&rig, &rig.batches[0], 1000, 24, &REFUSED);
    rig_say(&rig, &rig.batches[1], 0, 1024, &REFUSED);
    assert_int_equal(pass(&rig, 20 * GRACE_MS), 2048);
    assert_int_equal(rig_state(&rig, 1, 0).before, BEFORE_DOUBTED);
    rig_check(&rig);
    rig_release(&rig);
}

static void a_provider_that_no_worker_could_open_is_down(void **test)
{
    (void)test;
    struct rig rig;
    const struct wire_unopened unopened[] = {{.provider = 0, .why = "no secret"},
                                             {.provider = 1, .why = "no secret"}};
    down_init(&rig, PLAN_DOWN_CLIMB, PLAN_ACKNOWLEDGED, 2048, 0);
    assert_int_equal(engine_launch(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    assert_int_equal(pass(&rig, 4 * GRACE_MS), 0); /* without a worker everything waits */
    assert_int_equal(rig_state(&rig, 1, 0).step, 0);
    engine_worker_hello(rig.engine, 1, "w1", 11, rig.now_ms);
    engine_worker_unopened(rig.engine, 1, unopened, 2);
    engine_worker_credit(rig.engine, 1, (const uint32_t[CHANNEL_KINDS]){CREDIT, CREDIT},
                         rig.now_ms);
    assert_int_equal(pass(&rig, GRACE_MS - 200), 0);
    assert_int_equal(pass(&rig, 1000), 2048);
    rig_check(&rig);
    rig_release(&rig);
}

/* A few are sent as a probe again and again. They climb too, whatever the times of both. */
static void who_is_a_probe_climbs_in_the_end(void **test)
{
    (void)test;
    for (unsigned delay_ms = 0; delay_ms < 1000; delay_ms += 50) {
        struct rig rig;
        down_init(&rig, PLAN_DOWN_CLIMB, PLAN_ACKNOWLEDGED, 2048, 0);
        for (uint8_t p = 0; p < 2; p++) {
            rig.providers[p].breaker_ms = 1000;
            engine_add_provider(rig.engine, &rig.providers[p]);
        }
        start(&rig, CREDIT);
        say_all(&rig, &UNCONNECTED);
        uint32_t climbed = pass_with(&rig, delay_ms, &UNCONNECTED);
        assert_int_equal(climbed + pass_with(&rig, 30000, &UNCONNECTED), 2048);
        rig_check(&rig);
        rig_release(&rig);
    }
}

static void who_is_on_the_last_step_waits(void **test)
{
    (void)test;
    struct rig rig;
    down_init(&rig, PLAN_DOWN_CLIMB, PLAN_ACKNOWLEDGED, 1024, 0);
    start(&rig, CREDIT);
    say_all(&rig, &REFUSED);
    for (unsigned i = 0; i < 4 * GRACE_MS / 100; i++) {
        (void)engine_worker_heartbeat(rig.engine, 1, rig.now_ms);
        rig_run(&rig, 100);
        say_all(&rig, &REFUSED); /* whatever it is */
    }
    assert_int_equal(rig_count(&rig, 1, DELIVERY_WAITING), 1024);
    assert_int_equal(rig_state(&rig, 1, 0).step, 1);
    rig_check(&rig);
    rig_release(&rig);
}

/* ---- Whom nothing but what was down can reach ---- */

static const struct rig_fate NO_ENDPOINT = {.outcome = OUTCOME_REJECTED,
                                            .reason = REASON_NO_ENDPOINT};

/* What is sent meets these fates (SMS, and e-mail; NULL: the worker says nothing). */
static void pass_by(struct rig *rig, uint64_t ms, const struct rig_fate *sms,
                    const struct rig_fate *email)
{
    for (uint64_t passed = 0; passed < ms; passed += 100) {
        (void)engine_worker_heartbeat(rig->engine, 1, rig->now_ms);
        rig_run(rig, 100);
        for (unsigned b = 0; b < rig->batch_count; b++) {
            const struct rig_fate *fate = rig->batches[b].wire.step == 0 ? sms : email;
            if (fate != NULL) {
                rig_say(rig, &rig->batches[b], 0, PAGE_RECIPIENTS, fate);
            }
        }
    }
}

/* Both providers of SMS are down from the start, as no worker can open them; nobody has e-mail. */
static void passed_init(struct rig *rig, uint32_t slots)
{
    const struct wire_unopened unopened[] = {{.provider = 0, .why = "no secret"},
                                             {.provider = 1, .why = "no secret"}};
    down_init(rig, PLAN_DOWN_CLIMB, PLAN_ACCEPTED, slots, 0);
    assert_int_equal(engine_launch(rig->engine, 1, rig->now_ms, NULL), ERR_OK);
    engine_worker_hello(rig->engine, 1, "w1", 11, rig->now_ms);
    engine_worker_unopened(rig->engine, 1, unopened, 2);
    engine_worker_credit(rig->engine, 1, (const uint32_t[CHANNEL_KINDS]){CREDIT, CREDIT},
                         rig->now_ms);
    pass_by(rig, 2 * GRACE_MS, NULL, &NO_ENDPOINT);
}

/* He waits as if the plan said so, over a restart too, and is sent to when the channel is back. */
static void who_has_no_other_endpoint_goes_back_and_waits(void **test)
{
    (void)test;
    struct rig rig;
    passed_init(&rig, 2000);
    struct event event;
    rig_check(&rig);
    assert_true(rig_last_event(&rig, 1, DELIVERY_EVENT_CLIMBED, &event));
    assert_int_equal(event.reason, REASON_PASSED_BY);
    assert_int_equal(event.step, 0);
    assert_int_equal(rig_count_events(&rig, 1, DELIVERY_EVENT_CLIMBED), 2 * 2000);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_WAITING), 2000);
    pass_by(&rig, 20 * GRACE_MS, NULL, &NO_ENDPOINT);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_WAITING), 2000);
    assert_int_equal(rig_state(&rig, 1, 1999).step, 0);
    rig_check(&rig);
    assert_int_equal(rig_count_events(&rig, 1, DELIVERY_EVENT_CLIMBED), 2 * 2000);
    rig_restart(&rig);
    engine_worker_hello(rig.engine, 1, "w1", 12, rig.now_ms); /* it has the secret now */
    engine_worker_credit(rig.engine, 1, (const uint32_t[CHANNEL_KINDS]){CREDIT, CREDIT},
                         rig.now_ms);
    pass_by(&rig, 1000, &ACCEPTED, NULL);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACCEPTED), 2000);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    rig_check(&rig);
    rig_release(&rig);
}

static void who_has_no_endpoint_there_either_is_unreachable(void **test)
{
    (void)test;
    struct rig rig;
    passed_init(&rig, 10);
    engine_worker_unopened(rig.engine, 1, NULL, 0);
    pass_by(&rig, 1000, &NO_ENDPOINT, &NO_ENDPOINT);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_UNREACHABLE), 10);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    rig_check(&rig);
    rig_release(&rig);
}

/* Where he may not be sent to, he is not sent back; and neither when it is too late. */
static void who_is_suppressed_or_late_does_not_go_back(void **test)
{
    (void)test;
    struct rig rig;
    passed_init(&rig, 3);
    assert_int_equal(engine_suppress(rig.engine, 1, 0, CHANNEL_SMS, ENGINE_ALL_RANKS,
                                     REASON_OPTED_OUT, rig.now_ms),
                     ERR_OK);
    pass_by(&rig, 1000, NULL, &NO_ENDPOINT);
    assert_int_equal(rig_state(&rig, 1, 0).state, DELIVERY_SUPPRESSED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_WAITING), 2);
    assert_int_equal(engine_cancel(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_CANCELLED), 2);
    rig_check(&rig);
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_climbs_when_the_grace_is_over),
        cmocka_unit_test(by_default_they_wait),
        cmocka_unit_test(one_provider_that_is_left_is_enough),
        cmocka_unit_test(a_blink_makes_nobody_climb),
        cmocka_unit_test(who_may_be_done_waits),
        cmocka_unit_test(who_must_say_so_himself_climbs_also_in_doubt),
        cmocka_unit_test(a_provider_that_no_worker_could_open_is_down),
        cmocka_unit_test(who_is_a_probe_climbs_in_the_end),
        cmocka_unit_test(who_is_on_the_last_step_waits),
        cmocka_unit_test(who_has_no_other_endpoint_goes_back_and_waits),
        cmocka_unit_test(who_has_no_endpoint_there_either_is_unreachable),
        cmocka_unit_test(who_is_suppressed_or_late_does_not_go_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
