/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is leased to whom, and when.
 */
#include "tests/unit/engine_rig.h"
#include "tests/unit/unit.h"

static const struct rig_fate ACCEPTED = {.outcome = OUTCOME_ACCEPTED, .reason = 200};

static void a_whole_page_is_one_lease_and_one_event(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_launch(&rig, 1, 3000);
    rig_join(&rig, 1, 11, 65536);
    rig_run(&rig, 0);
    assert_int_equal(rig.batch_count, 3);
    assert_int_equal(rig_leased(&rig), 3000);
    assert_int_equal(rig.batches[0].wire.count, 1024);
    assert_true(rig.batches[0].wire.whole);
    assert_int_equal(rig.batches[2].wire.count, 3000 - 2048);
    assert_true(rig.batches[2].wire.whole);
    assert_int_equal(rig.batches[0].wire.instance, 11);
    assert_int_equal(rig.batches[0].wire.epoch, 1);
    rig_check(&rig);
    struct event event;
    assert_true(rig_last_event(&rig, 1, DELIVERY_EVENT_LEASED, &event));
    assert_int_equal(event.span, 3000 - 2048);
    assert_int_equal(event.worker, 11);
    rig_release(&rig);
}

static void nothing_is_leased_before_the_launch_or_without_a_worker(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    struct campaign_def def = rig_def(&rig, 1, 100);
    rig_add(&rig, &def);
    rig_join(&rig, 1, 11, 65536);
    rig_run(&rig, 10);
    assert_int_equal(rig.batch_count, 0);
    rig_release(&rig);

    rig_init(&rig);
    rig_launch(&rig, 1, 100);
    rig_run(&rig, 10);
    assert_int_equal(rig.batch_count, 0);
    rig_release(&rig);
}

static void a_worker_never_holds_more_than_its_credit(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_launch(&rig, 1, 5000);
    rig_join(&rig, 1, 11, 1500);
    rig_run(&rig, 0);
    assert_int_equal(rig_leased(&rig), 1500);
    struct worker_view view;
    assert_true(engine_worker(rig.engine, 0, &view));
    assert_int_equal(view.in_hand[CHANNEL_SMS], 1500);
    assert_int_equal(view.leases, 2);
    /* Nothing more until something is reported. */
    rig_run(&rig, 100);
    assert_int_equal(rig.batch_count, 0);
    rig_check(&rig);
    rig_release(&rig);
}

static void reported_recipients_make_room_for_others(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_launch(&rig, 1, 5000);
    rig_join(&rig, 1, 11, 1024);
    rig_run(&rig, 0);
    rig_say(&rig, &rig.batches[0], 0, 600, &ACCEPTED);
    rig_run(&rig, 1);
    assert_int_equal(rig_leased(&rig), 600);
    assert_int_equal(rig.batches[0].wire.page, 1);
    assert_false(rig.batches[0].wire.count == 1024);
    rig_check(&rig);
    rig_release(&rig);
}

static void unopen(struct rig *rig, uint32_t worker, uint32_t provider)
{
    const struct wire_unopened unopened = {provider, "secrets.token: env:TOKEN is not set"};
    engine_worker_unopened(rig->engine, worker, &unopened, 1);
}

static void a_worker_gets_nothing_of_a_provider_that_it_could_not_open(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_launch(&rig, 1, 5000);
    rig_join(&rig, 1, 11, 65536);
    rig_join(&rig, 2, 22, 1024);
    unopen(&rig, 1, 0);
    rig_run(&rig, 0);
    assert_int_equal(rig_leased(&rig), 1024);
    assert_int_equal(rig.batches[0].wire.instance, 22);
    struct unopened_view view;
    assert_int_equal(rig_provider(&rig, 0).unopened, 1);
    assert_true(engine_unopened(rig.engine, 0, 0, &view));
    assert_string_equal(view.worker, "w1");
    assert_string_equal(view.why, "secrets.token: env:TOKEN is not set");
    assert_false(engine_unopened(rig.engine, 0, 1, &view));

    engine_worker_unopened(rig.engine, 1, NULL, 0);
    rig_run(&rig, 0);
    assert_int_equal(rig_leased(&rig), 5000 - 1024);
    assert_int_equal(rig_provider(&rig, 0).unopened, 0);
    rig_release(&rig);
}

/* The one with most room could open only the provider whose bucket is empty. */
static void a_provider_finds_the_worker_that_could_open_it(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_add_provider(&rig, 1, 10);
    rig_launch(&rig, 1, 5000);
    rig_join(&rig, 1, 11, 65536);
    rig_join(&rig, 2, 22, 8192);
    unopen(&rig, 1, 0);
    rig_run(&rig, 0);
    unsigned of_second = 0;
    for (unsigned i = 0; i < rig.batch_count; i++) {
        const struct wire_batch *batch = &rig.batches[i].wire;
        assert_true(batch->provider != 0 || batch->instance == 22);
        of_second += batch->instance == 22 ? batch->count : 0;
    }
    assert_true(of_second >= 4096);
    rig_release(&rig);
}

static void a_tiny_credit_is_used_too(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_launch(&rig, 1, 10);
    rig_join(&rig, 1, 11, 1);
    for (unsigned i = 0; i < 10; i++) {
        rig_run(&rig, 1);
        assert_int_equal(rig_leased(&rig), 1);
        assert_int_equal(bitmap_next(&rig.batches[0].wire.places, 0), i);
        rig_accept_all(&rig);
    }
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    rig_check(&rig);
    rig_release(&rig);
}

static void the_worker_with_most_room_is_next(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_launch(&rig, 1, 4096);
    rig_join(&rig, 1, 11, 1024);
    rig_join(&rig, 2, 12, 3072);
    rig_run(&rig, 0);
    unsigned of_worker[3] = {0};
    for (unsigned i = 0; i < rig.batch_count; i++) {
        of_worker[rig.batches[i].worker] += rig.batches[i].wire.count;
    }
    assert_int_equal(of_worker[1], 1024);
    assert_int_equal(of_worker[2], 3072);
    rig_release(&rig);
}

static void holes_are_never_leased(void **test)
{
    (void)test;
    struct rig rig;
    struct bitmap holes = {{0}};
    struct bitmap all;
    rig_init(&rig);
    for (unsigned place = 0; place < 1024; place += 3) {
        bitmap_set(&holes, place);
    }
    bitmap_fill(&all, 1024);
    struct campaign_def def = rig_def(&rig, 1, 3 * 1024);
    def.recipients = 3 * 1024 - bitmap_count(&holes) - 1024;
    rig_add(&rig, &def);
    rig_add_holes(&rig, 1, 0, &holes);
    rig_add_holes(&rig, 1, 1, &all);
    assert_int_equal(engine_launch(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    rig_join(&rig, 1, 11, 65536);
    rig_run(&rig, 0);
    assert_int_equal(rig_leased(&rig), def.recipients);
    for (unsigned i = 0; i < rig.batch_count; i++) {
        assert_int_not_equal(rig.batches[i].wire.page, 1);
        for (unsigned p = 0; rig.batches[i].wire.page == 0 && p < 1024; p++) {
            assert_false(bitmap_has(&rig.batches[i].wire.places, p) && bitmap_has(&holes, p));
        }
    }
    rig_check(&rig);
    rig_accept_all(&rig);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACCEPTED), def.recipients);
    rig_check(&rig);
    rig_release(&rig);
}

static void an_audience_of_holes_alone_is_finished_at_once(void **test)
{
    (void)test;
    struct rig rig;
    struct bitmap all;
    rig_init(&rig);
    bitmap_fill(&all, 10);
    struct campaign_def def = rig_def(&rig, 1, 10);
    def.recipients = 0;
    rig_add(&rig, &def);
    rig_add_holes(&rig, 1, 0, &all);
    assert_int_equal(engine_launch(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    rig_check(&rig);
    rig_release(&rig);
}

static void whoever_is_due_goes_before_fresh_pages(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_launch(&rig, 1, 4096);
    rig_join(&rig, 1, 11, 1024);
    rig_run(&rig, 0);
    rig_say(&rig, &rig.batches[0], 0, 1024, &(struct rig_fate){.outcome = OUTCOME_RETURNED});
    rig_run(&rig, 10);
    assert_int_equal(rig.batches[0].wire.page, 0);
    assert_int_equal(rig_leased(&rig), 1024);
    rig_check(&rig);
    rig_release(&rig);
}

static void retries_wait_for_their_time(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_launch(&rig, 1, 100);
    rig_join(&rig, 1, 11, 1024);
    rig_run(&rig, 0);
    rig_say(&rig, &rig.batches[0], 0, 40,
            &(struct rig_fate){.outcome = OUTCOME_DEFERRED, .reason = 503});
    rig_say(&rig, &rig.batches[0], 40, 60, &ACCEPTED);
    rig_run(&rig, 14000);
    assert_int_equal(rig_leased(&rig), 0);
    engine_worker_heartbeat(rig.engine, 1, rig.now_ms);
    unsigned leased = 0;
    for (unsigned ms = 14000; ms <= 30010; ms += 10) {
        rig_run(&rig, 10);
        leased += rig_leased(&rig);
        for (unsigned i = 0; i < rig.batch_count; i++) {
            for (unsigned r = 0; r < rig.batches[i].wire.count; r++) {
                assert_int_equal(rig.batches[i].attempts[r], 1);
            }
        }
        rig_accept_all(&rig);
        engine_worker_heartbeat(rig.engine, 1, rig.now_ms);
    }
    assert_int_equal(leased, 40);
    rig_check(&rig);
    rig_release(&rig);
}

/* ---- Priority and fairness ---- */

static void a_higher_class_is_served_first_and_alone(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_launch(&rig, 1, 20 * 1024);
    struct campaign_def urgent = rig_def(&rig, 2, 5 * 1024);
    urgent.priority = PRIORITY_CRITICAL;
    rig_add(&rig, &urgent);
    assert_int_equal(engine_launch(rig.engine, 2, rig.now_ms, NULL), ERR_OK);
    rig_join(&rig, 1, 11, 4096);
    rig_run(&rig, 0);
    for (unsigned i = 0; i < rig.batch_count; i++) {
        assert_int_equal(rig.batches[i].wire.campaign, 2);
    }
    rig_accept_all(&rig);
    rig_run(&rig, 10);
    assert_int_equal(rig.batches[0].wire.campaign, 2);
    assert_int_equal(rig.batches[1].wire.campaign, 1);
    rig_release(&rig);
}

/* The urgent campaign's provider has nothing to give: others need not wait for that. */
static void a_class_that_cannot_go_on_does_not_hold_up_the_others(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_add_provider(&rig, 1, 1);
    struct campaign_def urgent = rig_def(&rig, 2, 5 * 1024);
    urgent.priority = PRIORITY_CRITICAL;
    urgent.plan.steps[0].providers = 1u << 1;
    rig_add(&rig, &urgent);
    assert_int_equal(engine_launch(rig.engine, 2, rig.now_ms, NULL), ERR_OK);
    struct campaign_def normal = rig_def(&rig, 1, 2048);
    normal.plan.steps[0].providers = 1;
    rig_add(&rig, &normal);
    assert_int_equal(engine_launch(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    rig_join(&rig, 1, 11, 65536);
    rig_run(&rig, 0);
    unsigned of_campaign[3] = {0};
    for (unsigned i = 0; i < rig.batch_count; i++) {
        of_campaign[rig.batches[i].wire.campaign] += rig.batches[i].wire.count;
    }
    assert_true(of_campaign[2] <= 1);
    assert_int_equal(of_campaign[1], 2048);
    rig_release(&rig);
}

static void share_for(unsigned rounds, const uint32_t weights[3], unsigned leased[4])
{
    struct rig rig;
    rig_init(&rig);
    memset(leased, 0, 4 * sizeof(*leased));
    for (uint64_t id = 1; id <= 3; id++) {
        struct campaign_def def = rig_def(&rig, id, 200 * 1024);
        def.weight = weights[id - 1];
        rig_add(&rig, &def);
        assert_int_equal(engine_launch(rig.engine, id, rig.now_ms, NULL), ERR_OK);
    }
    rig_join(&rig, 1, 11, 2048);
    for (unsigned i = 0; i < rounds; i++) {
        rig_run(&rig, 1);
        for (unsigned b = 0; b < rig.batch_count; b++) {
            leased[rig.batches[b].wire.campaign] += rig.batches[b].wire.count;
        }
        rig_accept_all(&rig);
    }
    rig_release(&rig);
}

static void campaigns_of_a_class_share_by_weight(void **test)
{
    (void)test;
    unsigned leased[4];
    share_for(60, (const uint32_t[]){1, 1, 1}, leased);
    assert_true(leased[1] == leased[2] && leased[2] == leased[3]);
    share_for(60, (const uint32_t[]){1, 2, 3}, leased);
    assert_int_equal(leased[1] + leased[2] + leased[3], 60 * 2048);
    assert_true(leased[1] >= 19 * 1024 && leased[1] <= 21 * 1024);
    assert_true(leased[3] >= 59 * 1024 && leased[3] <= 61 * 1024);
}

static void whoever_joins_late_is_not_served_alone_until_it_caught_up(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_launch(&rig, 1, 100 * 1024);
    rig_join(&rig, 1, 11, 2048);
    for (unsigned i = 0; i < 20; i++) {
        rig_run(&rig, 1);
        rig_accept_all(&rig);
    }
    rig_launch(&rig, 2, 100 * 1024);
    unsigned first = 0;
    for (unsigned i = 0; i < 10; i++) {
        rig_run(&rig, 1);
        for (unsigned b = 0; b < rig.batch_count; b++) {
            first += rig.batches[b].wire.campaign == 1;
        }
        rig_accept_all(&rig);
    }
    assert_true(first >= 9 && first <= 11);
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_page_is_one_lease_and_one_event),
        cmocka_unit_test(nothing_is_leased_before_the_launch_or_without_a_worker),
        cmocka_unit_test(a_worker_never_holds_more_than_its_credit),
        cmocka_unit_test(reported_recipients_make_room_for_others),
        cmocka_unit_test(a_worker_gets_nothing_of_a_provider_that_it_could_not_open),
        cmocka_unit_test(a_provider_finds_the_worker_that_could_open_it),
        cmocka_unit_test(a_tiny_credit_is_used_too),
        cmocka_unit_test(the_worker_with_most_room_is_next),
        cmocka_unit_test(holes_are_never_leased),
        cmocka_unit_test(an_audience_of_holes_alone_is_finished_at_once),
        cmocka_unit_test(whoever_is_due_goes_before_fresh_pages),
        cmocka_unit_test(retries_wait_for_their_time),
        cmocka_unit_test(a_higher_class_is_served_first_and_alone),
        cmocka_unit_test(a_class_that_cannot_go_on_does_not_hold_up_the_others),
        cmocka_unit_test(campaigns_of_a_class_share_by_weight),
        cmocka_unit_test(whoever_joins_late_is_not_served_alone_until_it_caught_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
