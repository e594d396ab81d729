/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/cap_survey.h"
#include "tests/unit/engine_rig.h"
#include "tests/unit/unit.h"

#define HOUR_MS UINT64_C(3600000)

/* The recipient at each ordinal has the hash 10 · (first + ordinal). */
static void add_index(struct ledger *ledger, uint64_t audience, uint32_t first, uint32_t count)
{
    struct problem problem = {0};
    struct ledger_audience *load = ledger_audience_new(ledger, audience);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(ledger_audience_lookup(load, 10 * (uint64_t)(first + i), i), ERR_OK);
    }
    assert_int_equal(ledger_audience_finish(load, &problem), ERR_OK);
}

static struct ledger *make_ledger(void)
{
    struct ledger *ledger = NULL;
    struct problem problem = {0};
    assert_int_equal(ledger_open(&ledger, store_mem_new(), &problem), ERR_OK);
    add_index(ledger, 101, 0, 100); /* of campaign 1, and so on */
    add_index(ledger, 102, 0, 100);
    add_index(ledger, 109, 60, 50); /* its first 40 are the last of the others */
    return ledger;
}

/* Leases all of it. */
static void send(struct rig *rig, uint64_t id, uint32_t slots)
{
    struct campaign_def def = rig_def(rig, id, slots);
    rig_add(rig, &def);
    assert_int_equal(engine_launch(rig->engine, id, rig->now_ms, NULL), ERR_OK);
    rig_join(rig, 1, 11, 65536);
    rig_run(rig, 0);
    assert_int_equal(rig->batch_count, 1);
}

static struct campaign_def capped_def(struct rig *rig, uint32_t messages)
{
    struct campaign_def def = rig_def(rig, 9, 50);
    def.cap_messages = messages;
    def.cap_per_ms = HOUR_MS;
    return def;
}

/* How many are capped; sources: of how many campaigns messages count. */
static unsigned survey_now(struct rig *rig, struct ledger *ledger, uint32_t messages,
                           unsigned sources)
{
    atomic_bool is_stopped = false;
    struct campaign_def def = capped_def(rig, messages);
    struct cap_survey *survey = cap_survey_new(ledger, rig->engine, &def, false, rig->now_ms);
    assert_int_equal(cap_survey_sources(survey), sources);
    while (!cap_survey_count(survey)) {
    }
    assert_int_equal(cap_survey_read(survey, &is_stopped), ERR_OK);
    unsigned count = bitmap_count(cap_survey_capped(survey));
    cap_survey_free(survey);
    return count;
}

static void whoever_is_in_a_workers_hands_or_was_sent_to_counts(void **test)
{
    struct rig rig;
    struct ledger *ledger = make_ledger();
    (void)test;
    rig_init(&rig);
    assert_int_equal(survey_now(&rig, ledger, 1, 0), 0);
    send(&rig, 1, 100);
    assert_int_equal(survey_now(&rig, ledger, 1, 1), 40);
    assert_int_equal(survey_now(&rig, ledger, 2, 1), 0);
    send(&rig, 2, 70); /* the first ten of the forty once more */
    assert_int_equal(survey_now(&rig, ledger, 1, 2), 40);
    assert_int_equal(survey_now(&rig, ledger, 2, 2), 10);
    rig_release(&rig);
    ledger_close(ledger);
}

static void what_was_launched_before_the_time_of_the_cap_does_not_count(void **test)
{
    struct rig rig;
    struct ledger *ledger = make_ledger();
    (void)test;
    rig_init(&rig);
    send(&rig, 1, 100);
    rig.now_ms += HOUR_MS - 1;
    assert_int_equal(survey_now(&rig, ledger, 1, 1), 40);
    rig.now_ms += 1;
    assert_int_equal(survey_now(&rig, ledger, 1, 0), 0);
    rig_release(&rig);
    ledger_close(ledger);
}

static void neither_a_draft_nor_the_campaign_itself_counts(void **test)
{
    struct rig rig;
    struct ledger *ledger = make_ledger();
    (void)test;
    rig_init(&rig);
    struct campaign_def draft = rig_def(&rig, 1, 100);
    rig_add(&rig, &draft);
    assert_int_equal(survey_now(&rig, ledger, 1, 0), 0);
    send(&rig, 9, 50); /* of the number that is surveyed */
    assert_int_equal(survey_now(&rig, ledger, 1, 0), 0);
    rig_release(&rig);
    ledger_close(ledger);
}

static void a_survey_that_is_stopped_says_so(void **test)
{
    struct rig rig;
    struct ledger *ledger = make_ledger();
    atomic_bool is_stopped = true;
    (void)test;
    rig_init(&rig);
    send(&rig, 1, 100);
    struct campaign_def def = capped_def(&rig, 1);
    struct cap_survey *survey = cap_survey_new(ledger, rig.engine, &def, false, rig.now_ms);
    assert_true(cap_survey_count(survey));
    assert_int_equal(cap_survey_read(survey, &is_stopped), ERR_CLOSED);
    cap_survey_free(survey);
    rig_release(&rig);
    ledger_close(ledger);
}

/* Of the same audience as the first. */
static void survey_and_send(struct rig *rig, struct ledger *ledger, uint64_t id, uint32_t messages)
{
    atomic_bool is_stopped = false;
    struct campaign_def def = rig_def(rig, id, 100);
    def.audience = 101;
    def.cap_messages = messages;
    def.cap_per_ms = HOUR_MS;
    rig_add(rig, &def);
    assert_int_equal(engine_launch(rig->engine, id, rig->now_ms, NULL), ERR_OK);
    struct cap_survey *survey = cap_survey_new(ledger, rig->engine, &def, true, rig->now_ms);
    while (!cap_survey_count(survey)) {
    }
    assert_int_equal(cap_survey_read(survey, &is_stopped), ERR_OK);
    cap_survey_apply(survey);
    assert_int_equal(bitmap_count(cap_survey_capped(survey)), 0);
    cap_survey_free(survey);
    engine_screened(rig->engine, id, rig->now_ms);
}

static void what_the_engine_sees_itself_is_not_counted_twice(void **test)
{
    struct rig rig;
    struct ledger *ledger = make_ledger();
    (void)test;
    rig_init(&rig);
    send(&rig, 1, 100);
    send(&rig, 2, 100);
    survey_and_send(&rig, ledger, 3, 3); /* each has had two, one of which it sees */
    rig_run(&rig, 0);
    assert_int_equal(rig_leased(&rig), 100);
    rig_release(&rig);
    ledger_close(ledger);
}

static void what_it_does_not_see_is_added_to_what_it_sees_later(void **test)
{
    struct rig rig;
    struct ledger *ledger = make_ledger();
    (void)test;
    rig_init(&rig);
    send(&rig, 2, 70);
    survey_and_send(&rig, ledger, 3, 2);
    struct campaign_def def = rig_def(&rig, 4, 100);
    def.audience = 101;
    def.priority = PRIORITY_CRITICAL; /* it is sent first */
    rig_add(&rig, &def);
    assert_int_equal(engine_launch(rig.engine, 4, rig.now_ms, NULL), ERR_OK);
    rig_run(&rig, 0);
    assert_int_equal(rig_leased(&rig), 100 + 30);
    assert_int_equal(rig_count(&rig, 3, DELIVERY_SUPPRESSED), 70);
    rig_release(&rig);
    ledger_close(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_is_in_a_workers_hands_or_was_sent_to_counts),
        cmocka_unit_test(what_was_launched_before_the_time_of_the_cap_does_not_count),
        cmocka_unit_test(neither_a_draft_nor_the_campaign_itself_counts),
        cmocka_unit_test(a_survey_that_is_stopped_says_so),
        cmocka_unit_test(what_the_engine_sees_itself_is_not_counted_twice),
        cmocka_unit_test(what_it_does_not_see_is_added_to_what_it_sees_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
