/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Campaigns of one audience that run at the same moment: the frequency cap holds for what the
 * others sent up to the moment in which somebody is leased.
 */
#include <string.h>

#include "common/mem.h"
#include "tests/unit/engine_rig.h"
#include "tests/unit/unit.h"

#define AUDIENCE  77
#define PEOPLE    6000 /* two pages */
#define RATE      2000
#define CAMPAIGNS 4

struct beside {
    struct rig rig;
    uint8_t sent[CAMPAIGNS + 1][PEOPLE]; /* by campaign */
};

static int setup(void **state)
{
    struct beside *beside = test_calloc(1, sizeof(*beside));
    rig_init_with(&beside->rig, &(struct engine_settings){.epoch = 1,
                                                          .seed = 1,
                                                          .heartbeat_ms = RIG_HEARTBEAT_MS,
                                                          .lease_ms = RIG_LEASE_MS});
    rig_add_provider(&beside->rig, 0, RATE);
    rig_join(&beside->rig, 1, 11, 65536);
    *state = beside;
    return 0;
}

static int teardown(void **state)
{
    struct beside *beside = *state;
    rig_release(&beside->rig);
    test_free(beside);
    return 0;
}

/* messages: the cap; 0: none. */
static void launch(struct rig *rig, uint64_t id, uint32_t messages)
{
    struct campaign_def def = rig_def(rig, id, PEOPLE);
    def.audience = AUDIENCE;
    def.cap_messages = messages;
    def.cap_per_ms = 3600000;
    rig_add(rig, &def);
    assert_int_equal(engine_launch(rig->engine, id, rig->now_ms, NULL), ERR_OK);
    if (messages > 0) {
        engine_screened(rig->engine, id, rig->now_ms);
    }
}

static void count_batches(struct beside *beside)
{
    for (unsigned b = 0; b < beside->rig.batch_count; b++) {
        const struct wire_batch *batch = &beside->rig.batches[b].wire;
        for (unsigned i = bitmap_next(&batch->places, 0); i < BITMAP_BITS;
             i = bitmap_next(&batch->places, i + 1)) {
            beside->sent[batch->campaign][batch->page * PAGE_RECIPIENTS + i]++;
        }
    }
}

/* For so long; whoever is in a batch is accepted. */
static void pass(struct beside *beside, uint64_t ms)
{
    struct rig *rig = &beside->rig;
    for (uint64_t end_ms = rig->now_ms + ms; rig->now_ms < end_ms;) {
        (void)engine_worker_heartbeat(rig->engine, 1, rig->now_ms);
        rig_run(rig, 50);
        count_batches(beside);
        rig_accept_all(rig);
        rig_close(rig);
    }
}

/* How many had so many messages of the campaigns from 1 to `last` together. */
static unsigned had(const struct beside *beside, unsigned last, unsigned messages)
{
    unsigned count = 0;
    for (unsigned person = 0; person < PEOPLE; person++) {
        unsigned sum = 0;
        for (unsigned id = 1; id <= last; id++) {
            sum += beside->sent[id][person];
        }
        count += sum == messages;
    }
    return count;
}

static void of_two_that_run_together_each_gets_one(void **state)
{
    struct beside *beside = *state;
    struct rig *rig = &beside->rig;
    launch(rig, 1, 1);
    launch(rig, 2, 1);
    pass(beside, 1000);
    assert_true(rig_count(rig, 1, DELIVERY_ACCEPTED) > 0);
    assert_true(rig_count(rig, 2, DELIVERY_ACCEPTED) > 0);
    rig_check(rig);
    pass(beside, 8000);
    assert_int_equal(had(beside, 2, 1), PEOPLE);
    assert_int_equal(
        rig_count(rig, 1, DELIVERY_SUPPRESSED) + rig_count(rig, 2, DELIVERY_SUPPRESSED), PEOPLE);
    assert_int_equal(rig_campaign_state(rig, 1), CAMPAIGN_FINISHED);
    assert_int_equal(rig_campaign_state(rig, 2), CAMPAIGN_FINISHED);
    rig_check(rig);
}

static void of_one_without_a_cap_the_other_hears_at_once(void **state)
{
    struct beside *beside = *state;
    struct rig *rig = &beside->rig;
    launch(rig, 1, 1);
    pass(beside, 500);
    launch(rig, 2, 0); /* after the other was screened */
    assert_int_equal(engine_pause(rig->engine, 1, rig->now_ms, NULL), ERR_OK);
    pass(beside, 2000); /* it overtakes */
    assert_int_equal(engine_resume(rig->engine, 1, rig->now_ms, NULL), ERR_OK);
    pass(beside, 10000);
    uint32_t first = rig_count(rig, 1, DELIVERY_ACCEPTED);
    assert_int_equal(rig_count(rig, 2, DELIVERY_ACCEPTED), PEOPLE);
    assert_int_equal(first + rig_count(rig, 1, DELIVERY_SUPPRESSED), PEOPLE);
    /* Whoever had the first one's message before the second one's has both. */
    assert_int_equal(had(beside, 2, 2), first);
    assert_true(first >= 500 && first < PEOPLE - 500);
    rig_check(rig);
}

static bool is_in_memory(struct rig *rig, uint64_t campaign)
{
    struct bitmap messaged;
    return engine_messaged(rig->engine, campaign, 0, 0, &messaged);
}

static void one_that_ends_counts_until_the_next_survey_has_it(void **state)
{
    struct beside *beside = *state;
    struct rig *rig = &beside->rig;
    launch(rig, 1, 1);
    assert_int_equal(engine_pause(rig->engine, 1, rig->now_ms, NULL), ERR_OK);
    launch(rig, 2, 0);
    pass(beside, 8000);
    assert_int_equal(rig_campaign_state(rig, 2), CAMPAIGN_FINISHED);
    assert_true(is_in_memory(rig, 2));
    assert_int_equal(engine_resume(rig->engine, 1, rig->now_ms, NULL), ERR_OK);
    pass(beside, 8000);
    assert_int_equal(rig_count(rig, 1, DELIVERY_SUPPRESSED), PEOPLE);
    assert_int_equal(had(beside, 2, 1), PEOPLE);
    pass(beside, 100);
    assert_false(is_in_memory(rig, 2)); /* nobody needs it any more */
    rig_check(rig);
}

static void a_survey_lets_go_of_those_that_ended_before_it(void **state)
{
    struct beside *beside = *state;
    struct rig *rig = &beside->rig;
    launch(rig, 1, 1);
    assert_int_equal(engine_pause(rig->engine, 1, rig->now_ms, NULL), ERR_OK);
    launch(rig, 2, 0);
    assert_true(engine_cap_sees(rig->engine, 1, 2));
    pass(beside, 8000);
    assert_true(is_in_memory(rig, 2));
    assert_false(engine_cap_sees(rig->engine, 1, 2)); /* a survey of now would count it */
    engine_cap_survey(rig->engine, 1, engine_cap_mark(rig->engine), NULL);
    launch(rig, 3, 0); /* something to put into a turn */
    pass(beside, 100);
    assert_false(is_in_memory(rig, 2));
    rig_check(rig);
}

static void messages_of_before_and_of_now_are_added_up(void **state)
{
    struct beside *beside = *state;
    struct rig *rig = &beside->rig;
    uint8_t *before = mem_zalloc(PEOPLE, 1);
    memset(before, 1, 1500); /* these had one of two already */
    launch(rig, 1, 2);
    assert_int_equal(engine_pause(rig->engine, 1, rig->now_ms, NULL), ERR_OK);
    engine_cap_survey(rig->engine, 1, engine_cap_mark(rig->engine), before);
    launch(rig, 2, 0);
    pass(beside, 8000);
    assert_int_equal(engine_resume(rig->engine, 1, rig->now_ms, NULL), ERR_OK);
    pass(beside, 8000);
    assert_int_equal(rig_count(rig, 1, DELIVERY_SUPPRESSED), 1500);
    assert_int_equal(rig_count(rig, 1, DELIVERY_ACCEPTED), PEOPLE - 1500);
    assert_int_equal(beside->sent[1][1499], 0);
    assert_int_equal(beside->sent[1][1500], 1);
    rig_check(rig);
}

static void three_together_leave_everybody_with_two(void **state)
{
    struct beside *beside = *state;
    struct rig *rig = &beside->rig;
    for (uint64_t id = 1; id <= 3; id++) {
        launch(rig, id, 2);
    }
    pass(beside, 15000);
    assert_int_equal(had(beside, 3, 2), PEOPLE);
    rig_check(rig);
}

static void what_was_launched_too_long_ago_does_not_count(void **state)
{
    struct beside *beside = *state;
    struct rig *rig = &beside->rig;
    launch(rig, 1, 0);
    pass(beside, 1000);
    assert_int_equal(engine_pause(rig->engine, 1, rig->now_ms, NULL), ERR_OK);
    rig->now_ms += 3600000;
    launch(rig, 2, 1);
    pass(beside, 8000);
    assert_int_equal(rig_count(rig, 2, DELIVERY_ACCEPTED), PEOPLE);
    rig_check(rig);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(of_two_that_run_together_each_gets_one),
        WITH(of_one_without_a_cap_the_other_hears_at_once),
        WITH(one_that_ends_counts_until_the_next_survey_has_it),
        WITH(a_survey_lets_go_of_those_that_ended_before_it),
        WITH(messages_of_before_and_of_now_are_added_up),
        WITH(three_together_leave_everybody_with_two),
        WITH(what_was_launched_too_long_ago_does_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
