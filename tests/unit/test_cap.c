/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frequency cap as the engine sees it, and what a critical campaign overrides.
 */
#include "tests/unit/engine_rig.h"
#include "tests/unit/unit.h"

static struct campaign_def capped_def(const struct rig *rig, uint64_t id, uint32_t slots)
{
    struct campaign_def def = rig_def(rig, id, slots);
    def.cap_messages = 2;
    def.cap_per_ms = 3600000;
    return def;
}

static void launch(struct rig *rig, const struct campaign_def *def)
{
    rig_add(rig, def);
    assert_int_equal(engine_launch(rig->engine, def->id, rig->now_ms, NULL), ERR_OK);
    rig_join(rig, 1, 11, 65536);
    rig_run(rig, 0);
}

static bool is_screening(struct rig *rig, uint64_t campaign)
{
    struct campaign_view view;
    assert_true(engine_campaign(rig->engine, campaign, &view));
    return view.is_screening;
}

static struct bitmap places(unsigned from, unsigned to)
{
    struct bitmap bitmap = {{0}};
    for (unsigned i = from; i < to; i++) {
        bitmap_set(&bitmap, i);
    }
    return bitmap;
}

static void a_campaign_with_a_cap_waits_until_it_was_screened(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    struct campaign_def def = capped_def(&rig, 1, 2000);
    launch(&rig, &def);
    assert_int_equal(rig.batch_count, 0);
    assert_int_equal(engine_unscreened(rig.engine, 0), 1);
    assert_int_equal(engine_unscreened(rig.engine, 1), 0);
    assert_true(is_screening(&rig, 1));
    struct bitmap had_enough = places(10, 30);
    assert_int_equal(engine_cap(rig.engine, 1, 0, &had_enough, rig.now_ms), 20);
    assert_int_equal(engine_cap(rig.engine, 1, 0, &had_enough, rig.now_ms), 0);
    rig_check(&rig);
    rig_run(&rig, 1000);
    assert_int_equal(rig.batch_count, 0);
    engine_screened(rig.engine, 1, rig.now_ms);
    assert_false(is_screening(&rig, 1));
    assert_int_equal(engine_unscreened(rig.engine, 0), 0);
    rig_run(&rig, 0);
    assert_int_equal(rig_leased(&rig), 1980);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_SUPPRESSED), 20);
    rig_check(&rig);
    struct event event;
    assert_true(rig_last_event(&rig, 1, DELIVERY_EVENT_SUPPRESSED, &event));
    assert_int_equal(event.span, 20); /* neighbours are one event */
    assert_int_equal(event.reason, REASON_FREQUENCY_CAP);
    rig_release(&rig);
}

static void a_restart_screens_anew(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    struct campaign_def def = capped_def(&rig, 1, 100);
    launch(&rig, &def);
    struct bitmap had_enough = places(0, 5);
    (void)engine_cap(rig.engine, 1, 0, &had_enough, rig.now_ms);
    rig_check(&rig);
    rig_restart(&rig);
    assert_int_equal(engine_unscreened(rig.engine, 0), 1);
    engine_screened(rig.engine, 1, rig.now_ms);
    rig_check(&rig);
    rig_restart(&rig);
    rig_join(&rig, 1, 11, 65536);
    rig_run(&rig, 0);
    assert_int_equal(rig_leased(&rig), 0);
    assert_int_equal(engine_unscreened(rig.engine, 0), 1); /* what was found is forgotten */
    assert_true(is_screening(&rig, 1));
    engine_screened(rig.engine, 1, rig.now_ms);
    assert_false(is_screening(&rig, 1));
    rig_run(&rig, 0);
    assert_int_equal(rig_leased(&rig), 95);
    rig_check(&rig);
    rig_release(&rig);
}

static void who_was_sent_something_is_not_capped_any_more(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    struct campaign_def def = capped_def(&rig, 1, 10);
    def.plan.step_count = 2;
    plan_step_defaults(&def.plan.steps[1], CHANNEL_SMS);
    def.plan.steps[0].until = PLAN_ACKNOWLEDGED;
    def.plan.steps[0].within_ms = 60000;
    launch(&rig, &def);
    engine_screened(rig.engine, 1, rig.now_ms);
    rig_run(&rig, 0);
    struct rig_batch batch = rig.batches[0];
    rig_say(&rig, &batch, 0, 2, &(struct rig_fate){.outcome = OUTCOME_ACCEPTED});
    rig_say(&rig, &batch, 2, 2, &(struct rig_fate){.outcome = OUTCOME_DEFERRED, .reason = 451});
    rig_say(&rig, &batch, 4, 2,
            &(struct rig_fate){.outcome = OUTCOME_UNCERTAIN, .reason = REASON_TIMED_OUT_AFTER});
    struct bitmap all = places(0, 10);
    struct bitmap messaged;
    assert_true(engine_messaged(rig.engine, 1, 0, 0, &messaged));
    assert_int_equal(bitmap_count(&messaged), 8); /* all but those who were deferred */
    assert_false(bitmap_has(&messaged, 2));
    /* Accepted, in doubt or under way: only those who were deferred have nothing. */
    assert_int_equal(engine_cap(rig.engine, 1, 0, &all, rig.now_ms), 2);
    assert_int_equal(rig_state(&rig, 1, 2).state, DELIVERY_SUPPRESSED);
    assert_int_equal(rig_state(&rig, 1, 4).state, DELIVERY_RETRYING);
    rig_check(&rig);
    rig_release(&rig);
}

/* Of a campaign that was retried: whoever the round took in, as long as its time goes on. */
static void messages_of_a_round_count_from_its_beginning(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_join(&rig, 1, 11, 65536);
    rig_launch(&rig, 1, 100);
    rig_run(&rig, 0);
    const struct rig_batch first = rig.batches[0];
    uint64_t launched_ms = rig.now_ms;
    rig_say(&rig, &first, 0, 40, &(struct rig_fate){.outcome = OUTCOME_REJECTED, .reason = 400});
    rig_say(&rig, &first, 40, 60, &(struct rig_fate){.outcome = OUTCOME_ACCEPTED});
    rig_run(&rig, 1000);
    assert_int_equal(rig_retry(&rig, 1, 1u << DELIVERY_FAILED, NULL), ERR_OK);
    uint64_t round_ms = rig.now_ms;
    rig_run(&rig, 10);
    assert_int_equal(rig.batch_count, 1);
    struct rig_batch second = rig.batches[0];
    rig_say(&rig, &second, 0, 30, &(struct rig_fate){.outcome = OUTCOME_ACCEPTED});
    rig_say(&rig, &second, 30, 10, &(struct rig_fate){.outcome = OUTCOME_DEFERRED, .reason = 451});
    struct bitmap messaged;
    assert_true(engine_messaged(rig.engine, 1, 0, 0, &messaged));
    assert_int_equal(bitmap_count(&messaged), 90);
    assert_true(engine_messaged(rig.engine, 1, 0, 1, &messaged));
    assert_int_equal(bitmap_count(&messaged), 30);
    assert_false(bitmap_has(&messaged, 40));
    assert_true(engine_messaged(rig.engine, 1, 0, 2, &messaged));
    assert_int_equal(bitmap_count(&messaged), 0);
    struct campaign_view view;
    assert_true(engine_campaign(rig.engine, 1, &view));
    assert_int_equal(engine_round_since(&view, launched_ms - 1), 0);
    assert_int_equal(engine_round_since(&view, view.launched_ms), 1);
    assert_int_equal(engine_round_since(&view, round_ms - 1), 1);
    assert_int_equal(engine_round_since(&view, round_ms), ENGINE_ROUNDS_MAX);
    rig_release(&rig);
}

static void a_campaign_of_which_all_had_enough_is_finished(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    struct campaign_def def = capped_def(&rig, 1, 10);
    launch(&rig, &def);
    struct bitmap all = places(0, 10);
    assert_int_equal(engine_cap(rig.engine, 1, 0, &all, rig.now_ms), 10);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    engine_screened(rig.engine, 1, rig.now_ms); /* changes nothing */
    assert_int_equal(engine_cap(rig.engine, 1, 0, &all, rig.now_ms), 0);
    rig_check(&rig);
    rig_release(&rig);
}

struct notes {
    unsigned quiet;
    unsigned cap;
};

static void count_overridden(const struct rig *rig, struct notes *notes)
{
    *notes = (struct notes){0};
    for (unsigned r = 0; r < rig->record_count; r++) {
        const struct record *record = rig->records[r];
        for (size_t i = 0; i < record->entry_count; i++) {
            const struct record_entry *entry = &record->entries[i];
            struct event_list list;
            if (entry->kind != RECORD_BLOCK || entry->page != RECORD_PAGE_CAMPAIGN) {
                continue;
            }
            event_list_init(&list);
            assert_int_equal(event_block_decode(record_value(record, entry), &list), ERR_OK);
            for (unsigned e = 0; e < list.count; e++) {
                bool is_it = list.events[e].kind == CAMPAIGN_EVENT_OVERRIDDEN;
                notes->quiet += is_it && list.events[e].reason == REASON_QUIET_HOURS;
                notes->cap += is_it && list.events[e].reason == REASON_FREQUENCY_CAP;
            }
            event_list_release(&list);
        }
    }
}

static void a_critical_campaign_overrides_and_the_journal_says_so(void **test)
{
    (void)test;
    struct rig rig;
    struct notes notes;
    rig_init(&rig);
    struct campaign_def def = capped_def(&rig, 1, 100);
    def.priority = PRIORITY_CRITICAL;
    def.quiet_channels = 1u << CHANNEL_SMS;
    launch(&rig, &def);
    assert_int_equal(rig_leased(&rig), 100);
    assert_int_equal(engine_unscreened(rig.engine, 0), 0);
    rig_check(&rig);
    count_overridden(&rig, &notes);
    assert_int_equal(notes.quiet, 1);
    assert_int_equal(notes.cap, 1);
    rig_release(&rig);
}

static void what_a_critical_campaign_has_not_it_does_not_override(void **test)
{
    (void)test;
    struct rig rig;
    struct notes notes;
    rig_init(&rig);
    struct campaign_def def = rig_def(&rig, 1, 100);
    def.priority = PRIORITY_CRITICAL;
    launch(&rig, &def);
    rig_check(&rig);
    count_overridden(&rig, &notes);
    assert_int_equal(notes.quiet + notes.cap, 0);
    rig_release(&rig);
}

static unsigned capped_count(struct rig *rig)
{
    unsigned count = 0;
    for (uint64_t id = engine_next_capped(rig->engine, 0); id != 0;
         id = engine_next_capped(rig->engine, id)) {
        count++;
    }
    return count;
}

static void only_running_campaigns_with_a_cap_are_looked_at_again(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    for (uint64_t id = 1; id <= 5; id++) {
        struct campaign_def def = capped_def(&rig, id, 10);
        rig_add(&rig, &def); /* drafts */
    }
    assert_int_equal(capped_count(&rig), 0);
    struct campaign_def def = rig_def(&rig, 6, 10);
    launch(&rig, &def); /* without a cap */
    def = capped_def(&rig, 7, 10);
    def.priority = PRIORITY_CRITICAL;
    launch(&rig, &def);
    assert_int_equal(capped_count(&rig), 0);
    assert_int_equal(engine_launch(rig.engine, 2, rig.now_ms, NULL), ERR_OK);
    assert_int_equal(engine_launch(rig.engine, 4, rig.now_ms, NULL), ERR_OK);
    assert_int_equal(engine_launch(rig.engine, 5, rig.now_ms, NULL), ERR_OK);
    assert_int_equal(engine_pause(rig.engine, 4, rig.now_ms, NULL), ERR_OK);
    assert_int_equal(capped_count(&rig), 3);
    assert_int_equal(engine_cancel(rig.engine, 5, rig.now_ms, NULL), ERR_OK);
    rig_run(&rig, 0);
    assert_int_equal(capped_count(&rig), 2);
    assert_int_equal(engine_next_capped(rig.engine, 5), 0); /* it has ended */
    rig_check(&rig);
    rig_release(&rig);
}

static void what_others_send_within_its_time_is_news_for_a_cap(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    struct campaign_def def = capped_def(&rig, 1, 10);
    launch(&rig, &def);
    uint64_t since_ms = rig.now_ms;
    assert_false(engine_cap_has_news(rig.engine, 1, since_ms, rig.now_ms));
    def = rig_def(&rig, 2, 10);
    rig_add(&rig, &def); /* a draft sends nothing */
    assert_false(engine_cap_has_news(rig.engine, 1, since_ms, rig.now_ms));
    assert_int_equal(engine_launch(rig.engine, 2, rig.now_ms, NULL), ERR_OK);
    assert_true(engine_cap_has_news(rig.engine, 1, since_ms, rig.now_ms));
    assert_false(
        engine_cap_has_news(rig.engine, 1, since_ms, rig.now_ms + def.cap_per_ms + 3600000));
    rig.now_ms += 1000;
    assert_int_equal(engine_cancel(rig.engine, 2, rig.now_ms, NULL), ERR_OK);
    assert_true(engine_cap_has_news(rig.engine, 1, since_ms, rig.now_ms));
    assert_false(engine_cap_has_news(rig.engine, 1, rig.now_ms + 1, rig.now_ms + 1));
    rig_check(&rig);
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_campaign_with_a_cap_waits_until_it_was_screened),
        cmocka_unit_test(a_restart_screens_anew),
        cmocka_unit_test(who_was_sent_something_is_not_capped_any_more),
        cmocka_unit_test(messages_of_a_round_count_from_its_beginning),
        cmocka_unit_test(a_campaign_of_which_all_had_enough_is_finished),
        cmocka_unit_test(a_critical_campaign_overrides_and_the_journal_says_so),
        cmocka_unit_test(what_a_critical_campaign_has_not_it_does_not_override),
        cmocka_unit_test(only_running_campaigns_with_a_cap_are_looked_at_again),
        cmocka_unit_test(what_others_send_within_its_time_is_news_for_a_cap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
