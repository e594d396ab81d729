/* SPDX-License-Identifier: Apache-2.0 */
/* Which provider is leased from, how much, and in whose turn. */
#include "tests/dice.h"
#include "tests/unit/engine_rig.h"
#include "tests/unit/unit.h"

/* ---- Providers ---- */

static unsigned leased_from(const struct rig *rig, uint8_t provider)
{
    unsigned leased = 0;
    for (unsigned b = 0; b < rig->batch_count; b++) {
        leased += rig->batches[b].wire.provider == provider ? rig->batches[b].wire.count : 0;
    }
    return leased;
}

/* Of 50 pages, so many points were leased to provider 1. */
static unsigned points_of_second(struct rig *rig)
{
    unsigned leased = 0;
    unsigned of_it = 0;
    for (unsigned round = 0; round < 5; round++) {
        rig_run(rig, 10);
        leased += rig_leased(rig);
        of_it += leased_from(rig, 1);
        rig_accept_all(rig);
    }
    assert_int_equal(leased, 50 * 1024);
    return of_it * 100 / leased;
}

static void live(struct rig *rig, unsigned seconds)
{
    for (unsigned second = 0; second < seconds; second++) {
        engine_worker_heartbeat(rig->engine, 1, rig->now_ms);
        rig_run(rig, 1000);
        rig_accept_all(rig);
    }
}

/* What a provider did not get while it was down it does not get afterwards either: else everybody
 * would be sent through one that has just come back. It begins with a little, and has its part
 * again when it has done well for a while. */
static void a_provider_that_comes_back_gets_its_share_and_no_more(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_add_provider(&rig, 1, 0);
    rig_launch(&rig, 1, 1024 * 2000);
    rig_join(&rig, 1, 11, 1024 * 10);
    rig_run(&rig, 0);
    for (unsigned b = 0; b < rig.batch_count; b++) {
        bool is_wrong = rig.batches[b].wire.provider == 1;
        rig_say(&rig, &rig.batches[b], 0, rig.batches[b].wire.count,
                &(struct rig_fate){.outcome = is_wrong ? OUTCOME_MISCONFIGURED : OUTCOME_ACCEPTED,
                                   .reason = is_wrong ? 401 : 200});
    }
    for (unsigned round = 0; round < 6; round++) {
        rig_run(&rig, 10);
        assert_int_equal(leased_from(&rig, 1), 0);
        rig_accept_all(&rig);
    }
    struct provider_view view;
    assert_true(engine_provider(rig.engine, 1, &view));
    assert_true(view.breaker == BREAKER_OPEN && view.part == 50);
    live(&rig, 31); /* until a probe succeeds */
    assert_true(engine_provider(rig.engine, 1, &view));
    assert_true(view.breaker == BREAKER_CLOSED && view.share <= 20);
    assert_in_range(points_of_second(&rig), 1, 20);
    live(&rig, 60);
    assert_true(engine_provider(rig.engine, 1, &view));
    assert_true(view.breaker == BREAKER_CLOSED && view.share == 50);
    assert_in_range(points_of_second(&rig), 48, 52);
    rig_release(&rig);
}

/* Both accept everything, but one takes 30 times as long. */
static void a_provider_that_is_slow_gets_less(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_add_provider(&rig, 1, 0);
    rig_launch(&rig, 1, 1024 * 1000);
    rig_join(&rig, 1, 11, 1024 * 10);
    for (unsigned second = 0; second < 30; second++) {
        (void)engine_worker_heartbeat(rig.engine, 1, rig.now_ms);
        rig_run(&rig, 1000);
        for (unsigned b = 0; b < rig.batch_count; b++) {
            const struct wire_batch *batch = &rig.batches[b].wire;
            const struct wire_outcome_group group = {.lease = batch->lease,
                                                     .campaign = 1,
                                                     .timed = 10,
                                                     .latency_ms =
                                                         batch->provider == 1 ? 30000 : 1000};
            const struct wire_outcomes outcomes = {
                .instance = 11, .seq = ++rig.seq, .group_count = 1, .groups = &group};
            engine_outcomes(rig.engine, 1, &outcomes, rig.now_ms);
        }
        rig_accept_all(&rig);
    }
    assert_true(rig_provider(&rig, 0).latency_ms > 99 && rig_provider(&rig, 0).latency_ms < 101);
    assert_true(rig_provider(&rig, 1).latency_ms > 2999 && rig_provider(&rig, 1).latency_ms < 3001);
    assert_true(rig_provider(&rig, 0).share == 100 - HEALTH_LEAST);
    assert_in_range(points_of_second(&rig), 2, 8);
    rig_release(&rig);
}

static void providers_of_a_channel_share_by_weight(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_add_provider(&rig, 1, 0);
    rig.providers[1].weight = 3;
    engine_add_provider(rig.engine, &rig.providers[1]);
    rig_launch(&rig, 1, 40 * 1024);
    rig_join(&rig, 1, 11, 65536);
    rig_run(&rig, 0);
    unsigned of_provider[2] = {0};
    for (unsigned i = 0; i < rig.batch_count; i++) {
        of_provider[rig.batches[i].wire.provider] += rig.batches[i].wire.count;
    }
    assert_int_equal(of_provider[0], 10 * 1024);
    assert_int_equal(of_provider[1], 30 * 1024);
    rig_release(&rig);
}

static void a_provider_that_the_plan_leaves_out_is_not_used(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_add_provider(&rig, 5, 0);
    struct campaign_def def = rig_def(&rig, 1, 2048);
    def.plan.steps[0].providers = 1u << 5;
    rig_add(&rig, &def);
    assert_int_equal(engine_launch(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    rig_join(&rig, 1, 11, 65536);
    rig_run(&rig, 0);
    assert_int_equal(rig.batch_count, 2);
    assert_int_equal(rig.batches[0].wire.provider, 5);
    assert_int_equal(rig.batches[1].wire.provider, 5);
    rig_release(&rig);
}

static void a_provider_of_another_channel_is_not_used(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    struct campaign_def def = rig_def(&rig, 1, 2048);
    plan_step_defaults(&def.plan.steps[0], CHANNEL_EMAIL);
    rig_add(&rig, &def);
    assert_int_equal(engine_launch(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    rig_join(&rig, 1, 11, 65536);
    rig_run(&rig, 0);
    assert_int_equal(rig.batch_count, 0);
    rig_release(&rig);
}

static void a_limited_provider_is_never_leased_more_than_its_rate(void **test)
{
    (void)test;
    struct rig rig;
    struct dice dice = {9};
    rig_init_with(&rig, &(struct engine_settings){
                            .epoch = 1, .heartbeat_ms = 1000, .lease_ms = RIG_LEASE_MS});
    rig_add_provider(&rig, 0, 300);
    rig_launch(&rig, 1, 5000);
    rig_join(&rig, 1, 11, 65536);
    rig_join(&rig, 2, 12, 65536);
    unsigned total = 0;
    unsigned passed_ms = 0;
    while (total < 5000 && passed_ms < 30000) {
        unsigned pass_ms = dice_between(&dice, 1, 25);
        passed_ms += pass_ms;
        rig_run(&rig, pass_ms);
        total += rig_leased(&rig);
        assert_true(total <= 10 + passed_ms * 300 / 1000 + 1);
        for (unsigned i = 0; i < rig.batch_count; i++) {
            uint32_t spread_ms = rig.batches[i].wire.spread_ms;
            assert_true(spread_ms >= rig.batches[i].wire.count * 10 / 3);
        }
        rig_accept_all(&rig);
        engine_worker_heartbeat(rig.engine, 1, rig.now_ms);
        engine_worker_heartbeat(rig.engine, 2, rig.now_ms);
    }
    assert_int_equal(total, 5000);
    assert_true(passed_ms < 18000);
    rig_check(&rig);
    rig_release(&rig);
}

/* Leased in the next two seconds, asked for every 10 ms. */
static unsigned leased_in_two_seconds(struct rig *rig)
{
    unsigned total = 0;
    for (unsigned i = 0; i < 200; i++) {
        rig_run(rig, 10);
        total += rig_leased(rig);
        rig_accept_all(rig);
        engine_worker_heartbeat(rig->engine, 1, rig->now_ms);
    }
    return total;
}

static void a_running_campaign_feels_another_limit_at_once(void **test)
{
    (void)test;
    struct rig rig;
    rig_init_with(&rig, &(struct engine_settings){
                            .epoch = 1, .heartbeat_ms = 1000, .lease_ms = RIG_LEASE_MS});
    rig_add_provider(&rig, 0, 1000);
    rig_launch(&rig, 1, 20000);
    rig_join(&rig, 1, 11, 65536);
    assert_in_range(leased_in_two_seconds(&rig), 1900, 2101);
    engine_provider_limit(rig.engine, 0, 100, 0, rig.now_ms);
    assert_true(rig_provider(&rig, 0).rate_now_per_s == 100);
    assert_in_range(leased_in_two_seconds(&rig), 180, 211);
    engine_provider_limit(rig.engine, 0, 2000, 0, rig.now_ms);
    assert_in_range(leased_in_two_seconds(&rig), 3800, 4201);
    rig_check(&rig);
    rig_release(&rig);
}

static void a_restart_does_not_refill_the_bucket(void **test)
{
    (void)test;
    struct rig rig;
    rig_init_with(&rig, &(struct engine_settings){
                            .epoch = 1, .heartbeat_ms = 1000, .lease_ms = RIG_LEASE_MS});
    rig_add_provider(&rig, 0, 100);
    rig.providers[0].burst = 100;
    engine_add_provider(rig.engine, &rig.providers[0]);
    rig_launch(&rig, 1, 3000);
    rig_join(&rig, 1, 11, 65536);
    rig_run(&rig, 1);
    assert_int_equal(rig_leased(&rig), 100);
    rig_close(&rig);
    rig_restart(&rig);
    rig_join(&rig, 1, 11, 65536);
    rig_run(&rig, 1);
    assert_int_equal(rig_leased(&rig), 0);
    rig_run(&rig, 500);
    assert_true(rig_leased(&rig) >= 49 && rig_leased(&rig) <= 51);
    rig_release(&rig);
}

/* Or a provider would see its limit once from each worker that has something. */
static void batches_of_one_provider_take_turns_whoever_has_them(void **test)
{
    (void)test;
    struct rig rig;
    rig_init_with(&rig, &(struct engine_settings){
                            .epoch = 1, .heartbeat_ms = 1000, .lease_ms = RIG_LEASE_MS});
    rig_add_provider(&rig, 0, 100);
    rig_launch(&rig, 1, 1000);
    rig_join(&rig, 1, 11, 1000);
    rig_run(&rig, 0);
    assert_int_equal(rig_leased(&rig), 4); /* the burst */
    assert_int_equal(rig.batches[0].wire.wait_ms, 0);
    assert_int_equal(rig.batches[0].wire.spread_ms, 40);
    rig_join(&rig, 2, 12, 1000);
    rig_run(&rig, 20);
    assert_int_equal(rig_leased(&rig), 2);
    assert_int_equal(rig.batches[0].worker, 2);
    assert_int_equal(rig.batches[0].wire.wait_ms, 20); /* the other has the next 20 ms */
    assert_int_equal(rig.batches[0].wire.spread_ms, 20);
    rig_release(&rig);
}

/* The disk was slow, and they leave together. */
static void leases_that_waited_for_the_disk_go_out_in_their_turns(void **test)
{
    (void)test;
    struct rig rig;
    unsigned sent = 0;
    unsigned end_ms = 0;
    rig_init_with(&rig, &(struct engine_settings){
                            .epoch = 1, .heartbeat_ms = 1000, .lease_ms = RIG_LEASE_MS});
    rig_add_provider(&rig, 0, 1000);
    rig_launch(&rig, 1, 10000);
    rig_join(&rig, 1, 11, 5000);
    rig_join(&rig, 2, 12, 5000);
    for (unsigned ms = 0; ms < 800; ms += 20) {
        rig.now_ms += 20;
        (void)engine_run(rig.engine, rig.now_ms);
        engine_worker_heartbeat(rig.engine, 1, rig.now_ms);
        engine_worker_heartbeat(rig.engine, 2, rig.now_ms);
    }
    rig_effects(&rig);
    for (unsigned i = 0; i < rig.batch_count; i++) {
        const struct wire_batch *batch = &rig.batches[i].wire;
        assert_true(batch->wait_ms >= end_ms); /* none before the end of the last */
        assert_true(batch->wait_ms + batch->spread_ms >= sent + batch->count);
        end_ms = batch->wait_ms + batch->spread_ms;
        sent += batch->count;
    }
    assert_in_range(sent, 500, 600); /* what waited too long is leased anew */
    assert_true(rig_count(&rig, 1, DELIVERY_LEASED) == sent);
    rig_check(&rig);
    rig_release(&rig);
}

/* Tokens given to it would be lost to the others. */
static void a_silent_worker_is_leased_nothing(void **test)
{
    (void)test;
    struct rig rig;
    rig_init_with(&rig, &(struct engine_settings){
                            .epoch = 1, .heartbeat_ms = 1000, .lease_ms = RIG_LEASE_MS});
    rig_add_provider(&rig, 0, 100);
    rig_launch(&rig, 1, 1000);
    rig_join(&rig, 1, 11, 1000);
    rig_run(&rig, 100);
    assert_int_equal(rig.batches[0].worker, 1);
    rig_run(&rig, 1900);
    assert_int_equal(rig_leased(&rig), 0);
    rig_join(&rig, 2, 12, 1000);
    rig_run(&rig, 100);
    assert_int_equal(rig.batches[0].worker, 2);
    rig_release(&rig);
}

/* How long the engine lets itself sleep is never past the moment that something can be leased. */
static void the_engine_wakes_when_a_bucket_has_filled(void **test)
{
    (void)test;
    struct rig rig;
    rig_init_with(&rig, &(struct engine_settings){
                            .epoch = 1, .heartbeat_ms = 1000, .lease_ms = RIG_LEASE_MS});
    rig_add_provider(&rig, 0, 20);
    rig_launch(&rig, 1, 200);
    rig_join(&rig, 1, 11, 65536);
    unsigned total = 0;
    uint32_t wait_ms = 0;
    uint64_t start_ms = rig.now_ms;
    for (unsigned i = 0; i < 1000 && total < 200; i++) {
        rig.now_ms += wait_ms;
        rig.batch_count = 0;
        rig.effect_count = 0;
        wait_ms = engine_run(rig.engine, rig.now_ms);
        rig_effects(&rig);
        total += rig_leased(&rig);
        rig_accept_all(&rig);
        engine_worker_heartbeat(rig.engine, 1, rig.now_ms);
    }
    assert_int_equal(total, 200);
    assert_true(rig.now_ms - start_ms < 11000);
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_provider_that_is_slow_gets_less),
        cmocka_unit_test(providers_of_a_channel_share_by_weight),
        cmocka_unit_test(a_provider_that_comes_back_gets_its_share_and_no_more),
        cmocka_unit_test(a_provider_that_the_plan_leaves_out_is_not_used),
        cmocka_unit_test(a_provider_of_another_channel_is_not_used),
        cmocka_unit_test(a_limited_provider_is_never_leased_more_than_its_rate),
        cmocka_unit_test(a_running_campaign_feels_another_limit_at_once),
        cmocka_unit_test(a_restart_does_not_refill_the_bucket),
        cmocka_unit_test(batches_of_one_provider_take_turns_whoever_has_them),
        cmocka_unit_test(leases_that_waited_for_the_disk_go_out_in_their_turns),
        cmocka_unit_test(a_silent_worker_is_leased_nothing),
        cmocka_unit_test(the_engine_wakes_when_a_bucket_has_filled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
