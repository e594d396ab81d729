/* SPDX-License-Identifier: Apache-2.0 */
/* Further rounds of a campaign that has finished. */
#include "common/mem.h"
#include "tests/unit/engine_rig.h"
#include "tests/unit/retry_fixture.h"
#include "tests/unit/unit.h"

static const struct rig_fate ACCEPTED = {OUTCOME_ACCEPTED, 202, 0, NULL};
static const struct rig_fate REFUSED = {OUTCOME_REJECTED, 400, 0, NULL};
static const struct rig_fate NO_PHONE = {OUTCOME_REJECTED, REASON_NO_ENDPOINT, 0, NULL};

static void begin_second_round(struct rig *rig, unsigned states)
{
    finish_first_round(rig, &(struct campaign_control){0});
    assert_int_equal(rig_retry(rig, 1, states, NULL), ERR_OK);
}

static enum err receive(struct rig *rig, uint32_t ordinal, uint8_t round, enum receipt_kind kind)
{
    const struct receipt receipt = {
        .campaign = 1, .ordinal = ordinal, .round = round, .kind = kind};
    rig_wake(rig, 1);
    return engine_receipt(rig->engine, &receipt, rig->now_ms);
}

static void only_those_in_the_states_start_anew(void **test)
{
    (void)test;
    struct rig rig;
    begin_second_round(&rig, ALL);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_RUNNING);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_WAITING), 18);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACCEPTED), 1482);
    rig_check(&rig);
    rig_run(&rig, 10);
    assert_int_equal(rig_leased(&rig), 18);
    struct rig_batch batch = rig.batches[0];
    assert_int_equal(batch.wire.round, 1);
    assert_int_equal(batch.wire.step, 0);
    assert_true(batch.wire.whole); /* places 0 to 17 */
    rig_say(&rig, &batch, 0, 17, &ACCEPTED);
    rig_say(&rig, &batch, 17, 1, &NO_PHONE);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACCEPTED), 1499);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_UNREACHABLE), 1);
    struct campaign_view view = rig_view(&rig, 1);
    assert_int_equal(view.round, 1);
    assert_int_equal(view.rounds[0].recipients, 18);
    assert_int_equal(view.rounds[0].states, ALL);
    rig_check(&rig);
    rig_restart(&rig);
    view = rig_view(&rig, 1);
    assert_int_equal(view.round, 1);
    assert_int_equal(view.rounds[0].recipients, 18);
    assert_int_equal(view.counts[DELIVERY_ACCEPTED], 1499);
    rig_release(&rig);
}

static void a_round_may_be_for_one_state_alone(void **test)
{
    (void)test;
    struct rig rig;
    begin_second_round(&rig, 1u << DELIVERY_UNREACHABLE);
    rig_run(&rig, 10);
    assert_int_equal(rig_leased(&rig), 3);
    assert_false(rig.batches[0].wire.whole);
    assert_true(bitmap_has(&rig.batches[0].wire.places, 15));
    rig_check(&rig);
    rig_release(&rig);
}

static void who_may_have_been_reached_never_ends_as_if_he_had_not(void **test)
{
    (void)test;
    struct rig rig;
    begin_second_round(&rig, 1u << DELIVERY_UNCERTAIN);
    rig_run(&rig, 10);
    rig_say(&rig, &rig.batches[0], 0, 1024, &REFUSED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_UNCERTAIN), 5);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_FAILED), 10);
    rig_check(&rig);
    rig_release(&rig);
}

static void a_restart_in_the_middle_of_a_round_goes_on_with_it(void **test)
{
    (void)test;
    struct rig rig;
    begin_second_round(&rig, ALL);
    rig_close(&rig);
    rig_restart(&rig);
    rig_join(&rig, 1, WORKER, 10);
    rig_run(&rig, 10);
    assert_int_equal(rig_leased(&rig), 10);
    struct rig_batch batch = rig.batches[0];
    assert_int_equal(batch.wire.round, 1);
    rig_say(&rig, &batch, 0, 5, &ACCEPTED);
    rig_check(&rig);
    rig_restart(&rig);
    rig_join(&rig, 1, WORKER, CREDIT);
    rig_say_of_lease(&rig, 1, batch.wire.lease, 1, 0, 5, 5, &ACCEPTED);
    rig_run(&rig, 10);
    assert_int_equal(rig_leased(&rig), 8);
    rig_accept_all(&rig);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACCEPTED), 1500);
    rig_check(&rig);
    rig_release(&rig);
}

/* A page a run: 4 of each page failed. */
static void begin_large_round(struct rig *rig, const struct stop_rule *rule)
{
    rig_init_with(rig, &(struct engine_settings){.epoch = 1,
                                                 .seed = 1,
                                                 .heartbeat_ms = RIG_HEARTBEAT_MS,
                                                 .lease_ms = RIG_LEASE_MS,
                                                 .round_pages = 1});
    rig_add_provider(rig, 0, 0);
    rig_join(rig, 1, WORKER, CREDIT);
    struct campaign_def def = rig_def(rig, 1, 4 * PAGE_RECIPIENTS);
    def.control.stop[STOP_FAILED] = *rule;
    rig_add(rig, &def);
    assert_int_equal(engine_launch(rig->engine, 1, rig->now_ms, NULL), ERR_OK);
    rig_run(rig, 1);
    assert_int_equal(rig->batch_count, 4);
    for (unsigned page = 0; page < 4; page++) {
        const struct rig_batch batch = rig->batches[page];
        rig_say(rig, &batch, 4, PAGE_RECIPIENTS - 4, &ACCEPTED);
        rig_say(rig, &batch, 0, 4, &REFUSED);
    }
    assert_int_equal(rig_campaign_state(rig, 1), CAMPAIGN_FINISHED);
    rig_close(rig);
    assert_int_equal(rig_retry(rig, 1, ALL, NULL), ERR_OK);
    assert_int_equal(rig_view(rig, 1).rounds[0].recipients, 16);
}

static void a_large_round_takes_in_some_pages_at_a_time(void **test)
{
    (void)test;
    struct rig rig;
    struct engine_effect effect = {0};
    begin_large_round(&rig, &(struct stop_rule){0});
    assert_int_equal(rig_count(&rig, 1, DELIVERY_WAITING), 4);
    /* Who says so before it is his page's turn is not among them. */
    assert_int_equal(engine_acknowledge(rig.engine, 1, 3 * PAGE_RECIPIENTS, rig.now_ms), ERR_OK);
    rig.now_ms += 10;
    assert_int_equal(engine_run(rig.engine, rig.now_ms), 0); /* the second page */
    while (engine_next_effect(rig.engine, &effect) && effect.kind != ENGINE_BATCH) {
    }
    assert_int_equal(effect.kind, ENGINE_BATCH);
    rig_say_of_lease(&rig, 1, effect.lease, 1, 0, 0, 3, &ACCEPTED);
    rig_say_of_lease(&rig, 1, effect.lease, 1, 0, 3, 1, &REFUSED);
    rig_close(&rig);
    assert_int_equal(rig_count_events(&rig, 1, DELIVERY_EVENT_RETRIED), 8);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_FAILED), 1 + 4 + 3);
    rig_check(&rig);
    rig_restart(&rig);
    rig_join(&rig, 1, WORKER, CREDIT);
    rig_run(&rig, 10);
    rig_run(&rig, 10);
    rig_accept_all(&rig);
    rig_run(&rig, RIG_LEASE_MS + 1); /* what the former life leased, and did not send */
    rig_join(&rig, 1, WORKER + 1, CREDIT);
    rig_run(&rig, 10);
    rig_accept_all(&rig);
    rig_close(&rig);
    rig_check(&rig);
    /* Who failed in it is not taken in again. */
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    assert_int_equal(rig_count_events(&rig, 1, DELIVERY_EVENT_RETRIED), 15);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_FAILED), 1);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACKNOWLEDGED), 1);
    rig_release(&rig);
}

static void whom_a_large_round_has_not_taken_in_stays_as_he_is_when_it_is_cancelled(void **test)
{
    (void)test;
    struct rig rig;
    begin_large_round(&rig, &(struct stop_rule){0});
    rig_close(&rig);
    assert_int_equal(engine_cancel(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    rig_close(&rig);
    rig_run(&rig, 1);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_CANCELLED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_CANCELLED), 4);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_FAILED), 12);
    rig_check(&rig);
    rig_release(&rig);
}

/* Those who had failed before are no reason to stop. */
static void no_rule_stops_a_large_round_before_it_is_whole(void **test)
{
    (void)test;
    struct rig rig;
    begin_large_round(&rig, &(struct stop_rule){.count = 10});
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_RUNNING);
    rig_run(&rig, 10);
    rig_run(&rig, 10);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_RUNNING);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_LEASED), 16);
    rig_release(&rig);
}

/* Whose lease was given up may lie with a worker also when his campaign has ended. */
static void who_acknowledges_after_the_end_is_called_back_if_his_lease_was_given_up(void **test)
{
    (void)test;
    struct rig rig;
    struct engine_effect effect;
    unsigned recalls = 0;
    rig_init(&rig);
    rig_join(&rig, 1, WORKER, CREDIT);
    struct campaign_def def = rig_def(&rig, 1, 4);
    def.plan.steps[0].on_uncertain = PLAN_HOLD;
    rig_add(&rig, &def);
    assert_int_equal(engine_launch(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    rig_run(&rig, 1);
    assert_int_equal(rig.batch_count, 1);
    rig_run(&rig, RIG_LEASE_MS + 1);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_UNCERTAIN), 4);
    rig_join(&rig, 1, WORKER, CREDIT); /* it is back */
    rig_wake(&rig, 1);
    while (engine_next_effect(rig.engine, &effect)) {
    }
    assert_int_equal(engine_acknowledge(rig.engine, 1, 2, rig.now_ms), ERR_OK);
    while (engine_next_effect(rig.engine, &effect)) {
        recalls += effect.kind == ENGINE_RECALL && effect.worker == 1 && effect.place == 2;
    }
    assert_int_equal(recalls, 1);
    rig_release(&rig);
}

static void snapshots_know_the_rounds(void **test)
{
    (void)test;
    struct rig rig;
    rig_init_with(&rig, &(struct engine_settings){.epoch = 1,
                                                  .seed = 1,
                                                  .heartbeat_ms = RIG_HEARTBEAT_MS,
                                                  .lease_ms = RIG_LEASE_MS,
                                                  .snapshot_blocks = 1});
    rig_add_provider(&rig, 0, 0);
    rig_join(&rig, 1, WORKER, CREDIT);
    rig_launch(&rig, 1, 100);
    rig_run(&rig, 10);
    struct rig_batch batch = rig.batches[0];
    rig_say(&rig, &batch, 0, 40, &REFUSED);
    rig_say(&rig, &batch, 40, 60, &ACCEPTED);
    assert_int_equal(rig_retry(&rig, 1, ALL, NULL), ERR_OK);
    rig_check(&rig);
    rig_restart(&rig);
    assert_int_equal(engine_recipient_round(rig.engine, 1, 39), 1);
    assert_int_equal(engine_recipient_round(rig.engine, 1, 40), 0);
    rig_release(&rig);
}

static void nobody_who_has_acknowledged_is_sent_to(void **test)
{
    (void)test;
    struct rig rig;
    finish_first_round(&rig, &(struct campaign_control){0});
    assert_int_equal(engine_reopen(rig.engine, 1, ALL, rig.now_ms, NULL), ERR_OK);
    rig_wake(&rig, 1);
    assert_int_equal(engine_acknowledge(rig.engine, 1, 0, rig.now_ms), ERR_OK); /* meanwhile */
    rig_close(&rig);
    assert_int_equal(engine_retry(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    assert_int_equal(engine_acknowledge(rig.engine, 1, 1, rig.now_ms), ERR_OK); /* and then */
    rig_run(&rig, 10);
    assert_int_equal(rig_leased(&rig), 16);
    assert_false(bitmap_has(&rig.batches[0].wire.places, 0));
    assert_false(bitmap_has(&rig.batches[0].wire.places, 1));
    rig_check(&rig);
    rig_release(&rig);
}

static void when_all_have_acknowledged_meanwhile_nobody_is_retried(void **test)
{
    (void)test;
    struct rig rig;
    struct problem problem;
    finish_first_round(&rig, &(struct campaign_control){0});
    assert_int_equal(engine_reopen(rig.engine, 1, 1u << DELIVERY_UNREACHABLE, rig.now_ms, NULL),
                     ERR_OK);
    rig_wake(&rig, 1);
    for (uint32_t ordinal = 15; ordinal < 18; ordinal++) {
        assert_int_equal(engine_acknowledge(rig.engine, 1, ordinal, rig.now_ms), ERR_OK);
    }
    assert_int_equal(engine_retry(rig.engine, 1, rig.now_ms, &problem), ERR_CONFLICT);
    assert_string_equal(problem.text,
                        "nobody of campaign c1 is unreachable: there is nobody to retry");
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    rig_check(&rig);
    rig_release(&rig);
}

static void who_came_onto_the_list_since_is_passed_by(void **test)
{
    (void)test;
    struct rig rig;
    finish_first_round(&rig, &(struct campaign_control){0});
    assert_int_equal(engine_suppress(rig.engine, 1, 0, ENGINE_ALL_CHANNELS, ENGINE_ALL_RANKS,
                                     REASON_OPTED_OUT, rig.now_ms),
                     ERR_CLOSED);
    assert_int_equal(engine_reopen(rig.engine, 1, ALL, rig.now_ms, NULL), ERR_OK);
    rig_wake(&rig, 1);
    for (uint32_t ordinal = 0; ordinal < 1500; ordinal += 15) { /* failed, unreachable, accepted */
        assert_int_equal(engine_suppress(rig.engine, 1, ordinal, ENGINE_ALL_CHANNELS,
                                         ENGINE_ALL_RANKS, REASON_OPTED_OUT, rig.now_ms),
                         ERR_OK);
    }
    assert_int_equal(rig_count(&rig, 1, DELIVERY_FAILED), 10); /* not yet */
    assert_int_equal(engine_retry(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    rig_close(&rig);
    assert_int_equal(rig_count_events(&rig, 1, DELIVERY_EVENT_BARRED), 100);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_WAITING), 16);
    rig_check(&rig);
    rig_restart(&rig);
    rig_join(&rig, 1, WORKER, CREDIT);
    rig_run(&rig, 10);
    assert_int_equal(rig_leased(&rig), 16);
    assert_false(bitmap_has(&rig.batches[0].wire.places, 0));
    assert_false(bitmap_has(&rig.batches[0].wire.places, 15));
    rig_check(&rig);
    rig_release(&rig);
}

static void when_all_are_on_the_list_the_round_ends_at_once(void **test)
{
    (void)test;
    struct rig rig;
    finish_first_round(&rig, &(struct campaign_control){0});
    assert_int_equal(engine_reopen(rig.engine, 1, 1u << DELIVERY_UNREACHABLE, rig.now_ms, NULL),
                     ERR_OK);
    rig_wake(&rig, 1);
    for (uint32_t ordinal = 15; ordinal < 18; ordinal++) {
        assert_int_equal(engine_suppress(rig.engine, 1, ordinal, ENGINE_ALL_CHANNELS,
                                         ENGINE_ALL_RANKS, REASON_OPTED_OUT, rig.now_ms),
                         ERR_OK);
    }
    assert_int_equal(engine_retry(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_SUPPRESSED), 3);
    assert_int_equal(rig_view(&rig, 1).round, 1);
    rig_check(&rig);
    rig_restart(&rig);
    assert_int_equal(rig_view(&rig, 1).round, 1);
    rig_release(&rig);
}

/* ---- Receipts ---- */

static void a_receipt_of_an_earlier_round_is_not_taken_for_this_ones(void **test)
{
    (void)test;
    struct rig rig;
    begin_second_round(&rig, ALL);
    rig_run(&rig, 10);
    struct rig_batch batch = rig.batches[0];
    assert_int_equal(receive(&rig, 10, 0, RECEIPT_ACCEPTED), ERR_OK);
    assert_int_equal(receive(&rig, 10, 0, RECEIPT_BOUNCED), ERR_OK);
    assert_int_equal(rig_state(&rig, 1, 10).state, DELIVERY_LEASED);
    assert_int_equal(receive(&rig, 11, 1, RECEIPT_ACCEPTED), ERR_OK);
    assert_int_equal(rig_state(&rig, 1, 11).state, DELIVERY_ACCEPTED);
    assert_int_equal(receive(&rig, 12, 0, RECEIPT_DELIVERED), ERR_OK);
    assert_int_equal(rig_state(&rig, 1, 12).state, DELIVERY_DELIVERED); /* he has it */
    assert_int_equal(receive(&rig, 13, 2, RECEIPT_DELIVERED), ERR_NOT_FOUND);
    assert_int_equal(receive(&rig, 20, 1, RECEIPT_DELIVERED), ERR_NOT_FOUND); /* not taken in */
    rig_check(&rig);
    rig_say(&rig, &batch, 0, 1024, &ACCEPTED);
    assert_int_equal(receive(&rig, 10, 0, RECEIPT_BOUNCED), ERR_OK);
    assert_int_equal(rig_state(&rig, 1, 10).state, DELIVERY_ACCEPTED);
    assert_int_equal(receive(&rig, 10, 1, RECEIPT_BOUNCED), ERR_OK);
    assert_int_equal(rig_state(&rig, 1, 10).state, DELIVERY_UNCERTAIN); /* the first is in doubt */
    assert_int_equal(receive(&rig, 0, 1, RECEIPT_BOUNCED), ERR_OK);
    assert_int_equal(rig_state(&rig, 1, 0).state, DELIVERY_FAILED);
    rig_check(&rig);
    rig_release(&rig);
}

static void whom_the_round_did_not_take_in_is_sent_to_no_more(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_join(&rig, 1, WORKER, CREDIT);
    struct campaign_def def = rig_def(&rig, 1, 20);
    def.plan.step_count = 2;
    def.plan.steps[1] = def.plan.steps[0];
    rig_add(&rig, &def);
    assert_int_equal(engine_launch(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    rig_run(&rig, 10);
    struct rig_batch batch = rig.batches[0];
    rig_say(&rig, &batch, 0, 10, &NO_PHONE);
    rig_say(&rig, &batch, 10, 10, &ACCEPTED);
    rig_run(&rig, 10);
    rig_say(&rig, &rig.batches[0], 0, 10, &NO_PHONE);
    assert_int_equal(rig_retry(&rig, 1, ALL, NULL), ERR_OK);
    assert_int_equal(receive(&rig, 15, 0, RECEIPT_BOUNCED), ERR_OK);
    assert_int_equal(rig_state(&rig, 1, 15).state, DELIVERY_FAILED);
    assert_int_equal(receive(&rig, 16, 0, RECEIPT_DELIVERED), ERR_OK);
    assert_int_equal(rig_state(&rig, 1, 16).state, DELIVERY_DELIVERED);
    rig_run(&rig, 10);
    assert_int_equal(rig_leased(&rig), 10);
    rig_check(&rig);
    rig_accept_all(&rig);
    assert_int_equal(rig_retry(&rig, 1, ALL, NULL), ERR_OK); /* he may be taken in by the next */
    rig_run(&rig, 10);
    assert_int_equal(rig_leased(&rig), 1);
    assert_int_equal(rig.batches[0].wire.round, 2);
    rig_check(&rig);
    rig_release(&rig);
}

static void a_late_bounce_of_an_earlier_round_counts_after_the_end(void **test)
{
    (void)test;
    struct rig rig;
    begin_second_round(&rig, ALL);
    rig_run(&rig, 10);
    rig_accept_all(&rig);
    rig_run(&rig, 2 * SPAN_MS);
    rig_close(&rig);
    assert_int_equal(receive(&rig, 0, 0, RECEIPT_BOUNCED), ERR_OK); /* of the first: known */
    assert_int_equal(rig_state(&rig, 1, 0).state, DELIVERY_ACCEPTED);
    assert_int_equal(receive(&rig, 0, 1, RECEIPT_BOUNCED), ERR_OK);
    assert_int_equal(rig_state(&rig, 1, 0).state, DELIVERY_FAILED);
    assert_int_equal(receive(&rig, 20, 0, RECEIPT_BOUNCED), ERR_OK); /* his last is of the first */
    assert_int_equal(rig_state(&rig, 1, 20).state, DELIVERY_FAILED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_FAILED), 2);
    rig_check(&rig);
    rig_release(&rig);
}

/* ---- Formats ---- */

static void what_an_end_knows_of_rounds_is_read_back(void **test)
{
    (void)test;
    struct buf buf = {0};
    struct campaign_end read;
    struct campaign_end end = {.state = CAMPAIGN_FINISHED,
                               .complained = 3,
                               .round = 2,
                               .rounds = {{1700000000000, 12, 128}, {1700000000007, 9, 512}}};
    campaign_end_encode(&end, &buf);
    assert_int_equal(campaign_end_decode(buf_view(&buf), &read), ERR_OK);
    assert_int_equal(read.round, 2);
    assert_memory_equal(read.rounds, end.rounds, sizeof(end.rounds));
    buf.data[0] = 3; /* of before, without them */
    assert_int_equal(campaign_end_decode(slice_of(buf.data, buf.len - 29), &read), ERR_OK);
    assert_int_equal(read.round, 0);
    assert_int_equal(read.complained, 3);
    buf.data[0] = 4;
    buf.data[buf.len - 29] = ENGINE_ROUNDS_MAX;
    assert_int_equal(campaign_end_decode(buf_view(&buf), &read), ERR_CORRUPT);
    buf_release(&buf);
}

static void rounds_of_a_page_are_runs(void **test)
{
    (void)test;
    static const uint8_t GOLDEN[] = {3, 5, 0, 10, 2};
    struct buf buf = {0};
    uint8_t *rounds = NULL;
    uint8_t *read = NULL;
    rounds_take(&rounds, &(struct event){.offset = 5, .span = 10, .worker = 2});
    rounds_encode(rounds, 956, &buf);
    struct reader reader = reader_of(buf_view(&buf));
    assert_true(rounds_decode(&read, 956, &reader));
    assert_memory_equal(read, rounds, 956);
    assert_memory_equal(buf.data, GOLDEN, sizeof(GOLDEN));
    for (size_t cut = 0; cut < buf.len; cut++) {
        reader = reader_of(slice_of(buf.data, cut));
        assert_false(rounds_decode(&read, 956, &reader));
    }
    reader = reader_of(buf_view(&buf));
    assert_false(rounds_decode(&read, 955, &reader));
    buf.data[4] = ENGINE_ROUNDS_MAX;
    reader = reader_of(buf_view(&buf));
    assert_false(rounds_decode(&read, 956, &reader));
    buf_clear(&buf);
    rounds_encode(NULL, 956, &buf);
    assert_int_equal(buf.len, 1);
    buf_release(&buf);
    mem_free(rounds);
    mem_free(read);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_those_in_the_states_start_anew),
        cmocka_unit_test(a_round_may_be_for_one_state_alone),
        cmocka_unit_test(who_may_have_been_reached_never_ends_as_if_he_had_not),
        cmocka_unit_test(a_restart_in_the_middle_of_a_round_goes_on_with_it),
        cmocka_unit_test(a_large_round_takes_in_some_pages_at_a_time),
        cmocka_unit_test(whom_a_large_round_has_not_taken_in_stays_as_he_is_when_it_is_cancelled),
        cmocka_unit_test(no_rule_stops_a_large_round_before_it_is_whole),
        cmocka_unit_test(who_acknowledges_after_the_end_is_called_back_if_his_lease_was_given_up),
        cmocka_unit_test(snapshots_know_the_rounds),
        cmocka_unit_test(nobody_who_has_acknowledged_is_sent_to),
        cmocka_unit_test(when_all_have_acknowledged_meanwhile_nobody_is_retried),
        cmocka_unit_test(who_came_onto_the_list_since_is_passed_by),
        cmocka_unit_test(when_all_are_on_the_list_the_round_ends_at_once),
        cmocka_unit_test(a_receipt_of_an_earlier_round_is_not_taken_for_this_ones),
        cmocka_unit_test(whom_the_round_did_not_take_in_is_sent_to_no_more),
        cmocka_unit_test(a_late_bounce_of_an_earlier_round_counts_after_the_end),
        cmocka_unit_test(what_an_end_knows_of_rounds_is_read_back),
        cmocka_unit_test(rounds_of_a_page_are_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
