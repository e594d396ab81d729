/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who must not be disturbed now.
 */
#include "coordinator/engine/engine_state.h"
#include "tests/unit/engine_rig.h"
#include "tests/unit/unit.h"

#define HOUR_MS   UINT64_C(3600000)
#define MARGIN_MS 5000
#define ZONES     3
#define SLOTS_MAX 40000

/* A night for each zone; zones by ordinal. */
struct nights {
    struct quiet_span span[ZONES]; /* again every 24 hours */
    uint16_t zone[SLOTS_MAX];
    unsigned reads;
    bool is_unreadable;
};

static bool read_zones(void *arg, const struct campaign_def *def, uint32_t page, uint16_t *zones,
                       unsigned count)
{
    struct nights *nights = arg;
    (void)def;
    nights->reads++;
    memcpy(zones, &nights->zone[page * PAGE_RECIPIENTS], count * sizeof(*zones));
    return !nights->is_unreadable;
}

static struct quiet_span read_span(void *arg, const struct campaign_def *def, uint16_t zone,
                                   uint64_t now_ms)
{
    const struct nights *nights = arg;
    struct quiet_span span = nights->span[zone];
    (void)def;
    while (span.until_ms <= now_ms) {
        span.from_ms += 24 * HOUR_MS;
        span.until_ms += 24 * HOUR_MS;
    }
    return span;
}

/* Zone 0 is awake for 12 hours, zone 1 asleep for an hour, zone 2 falls asleep in an hour; a
 * campaign of `slots` that is quiet on SMS, and a worker. */
static struct nights *begin(struct rig *rig, uint32_t slots, enum campaign_priority priority)
{
    static struct nights nights;
    uint64_t now_ms = RIG_NOW_MS;
    memset(&nights, 0, sizeof(nights));
    nights.span[0] = (struct quiet_span){now_ms + 12 * HOUR_MS, now_ms + 20 * HOUR_MS};
    nights.span[1] = (struct quiet_span){now_ms - HOUR_MS, now_ms + HOUR_MS};
    nights.span[2] = (struct quiet_span){now_ms + HOUR_MS, now_ms + 9 * HOUR_MS};
    rig_init_with(rig, &(struct engine_settings){.epoch = 1,
                                                 .seed = 1,
                                                 .heartbeat_ms = RIG_HEARTBEAT_MS,
                                                 .lease_ms = RIG_LEASE_MS,
                                                 .quiet_margin_ms = MARGIN_MS});
    rig_add_provider(rig, 0, 0);
    rig_set_quiet(rig, &(struct quiet_source){&nights, read_zones, read_span});
    struct campaign_def def = rig_def(rig, 1, slots);
    def.quiet_channels = 1u << CHANNEL_SMS;
    def.priority = priority;
    rig_add(rig, &def);
    rig_join(rig, 1, 11, 65536);
    return &nights;
}

static void launch(struct rig *rig)
{
    assert_int_equal(engine_launch(rig->engine, 1, rig->now_ms, NULL), ERR_OK);
    rig_run(rig, 0);
}

static void be_heard(struct rig *rig)
{
    assert_true(engine_worker_heartbeat(rig->engine, 1, rig->now_ms));
}

/* Time goes on, and the worker with it. */
static void pass(struct rig *rig, uint64_t ms)
{
    rig->now_ms += ms;
    be_heard(rig);
    rig_run(rig, 0);
}

static void whoever_is_asleep_waits_while_others_are_sent_to(void **test)
{
    (void)test;
    struct rig rig;
    struct nights *nights = begin(&rig, 1000, PRIORITY_NORMAL);
    for (unsigned i = 0; i < 1000; i += 2) {
        nights->zone[i] = 1;
    }
    launch(&rig);
    assert_int_equal(rig_leased(&rig), 500);
    assert_int_equal(rig_state(&rig, 1, 0).state, DELIVERY_WAITING);
    assert_int_equal(rig_state(&rig, 1, 1).state, DELIVERY_LEASED);
    assert_int_equal(engine_held_until(rig.engine, 1, 0, rig.now_ms), RIG_NOW_MS + HOUR_MS);
    assert_int_equal(engine_held_until(rig.engine, 1, 1, rig.now_ms), 0);
    rig_accept_all(&rig);
    rig_check(&rig);
    pass(&rig, HOUR_MS - 1);
    assert_int_equal(rig_leased(&rig), 0);
    pass(&rig, 1);
    assert_int_equal(rig_leased(&rig), 500);
    assert_int_equal(engine_held_until(rig.engine, 1, 0, rig.now_ms), 0);
    rig_accept_all(&rig);
    rig_check(&rig);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    rig_release(&rig);
}

static void a_page_asleep_as_a_whole_goes_as_a_whole_when_it_wakes(void **test)
{
    (void)test;
    struct rig rig;
    struct nights *nights = begin(&rig, 3 * PAGE_RECIPIENTS, PRIORITY_NORMAL);
    for (unsigned i = PAGE_RECIPIENTS; i < 2 * PAGE_RECIPIENTS; i++) {
        nights->zone[i] = 1;
    }
    launch(&rig);
    assert_int_equal(rig.batch_count, 2);
    assert_int_equal(rig.batches[1].wire.page, 2);
    rig_accept_all(&rig);
    rig_check(&rig);
    pass(&rig, HOUR_MS);
    assert_int_equal(rig.batch_count, 1);
    assert_true(rig.batches[0].wire.whole);
    assert_int_equal(rig.batches[0].wire.page, 1);
    assert_int_equal(nights->reads, 3); /* each page once */
    rig_release(&rig);
}

static void nobody_is_leased_shortly_before_he_falls_asleep(void **test)
{
    (void)test;
    struct rig rig;
    struct nights *nights = begin(&rig, 100, PRIORITY_NORMAL);
    memset(nights->zone, 0, sizeof(nights->zone));
    nights->zone[7] = 2;
    rig.now_ms += HOUR_MS - MARGIN_MS;
    be_heard(&rig);
    launch(&rig);
    assert_int_equal(rig_leased(&rig), 99);
    assert_int_equal(rig_state(&rig, 1, 7).state, DELIVERY_WAITING);
    rig_release(&rig);

    (void)begin(&rig, 100, PRIORITY_NORMAL);
    ((struct nights *)rig.quiet.arg)->zone[7] = 2;
    rig.now_ms += HOUR_MS - MARGIN_MS - 1;
    be_heard(&rig);
    launch(&rig);
    assert_int_equal(rig_leased(&rig), 100);
    rig_release(&rig);
}

static unsigned cancels(const struct rig *rig)
{
    unsigned count = 0;
    for (unsigned i = 0; i < rig->effect_count; i++) {
        count += rig->effects[i].kind == ENGINE_CANCEL && !rig->effects[i].for_good;
    }
    return count;
}

static void what_has_not_left_when_he_falls_asleep_is_called_back(void **test)
{
    (void)test;
    struct rig rig;
    struct nights *nights = begin(&rig, 100, PRIORITY_NORMAL);
    nights->zone[7] = 2;
    launch(&rig);
    assert_int_equal(rig_leased(&rig), 100);
    struct rig_batch batch = rig.batches[0];
    /* The worker is alive, but this provider is slow. */
    for (unsigned s = 0; s < 359; s++) {
        pass(&rig, 10000);
        assert_int_equal(cancels(&rig), 0);
    }
    pass(&rig, 10000 - MARGIN_MS);
    assert_int_equal(cancels(&rig), 1);
    /* Nor is it sent once more, in case that it was lost. */
    pass(&rig, 60000);
    assert_int_equal(rig.batch_count, 0);
    rig_say(&rig, &batch, 0, 100,
            &(struct rig_fate){.outcome = OUTCOME_RETURNED, .reason = REASON_PAUSED});
    rig_run(&rig, 0);
    assert_int_equal(rig_leased(&rig), 99);
    assert_int_equal(rig_state(&rig, 1, 7).state, DELIVERY_WAITING);
    assert_int_equal(rig_state(&rig, 1, 7).used, 0);
    rig_check(&rig);
    rig_release(&rig);
}

static void a_batch_whose_record_took_too_long_does_not_leave(void **test)
{
    (void)test;
    struct rig rig;
    struct nights *nights = begin(&rig, 10, PRIORITY_NORMAL);
    nights->zone[7] = 2;
    assert_int_equal(engine_launch(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    (void)engine_run(rig.engine, rig.now_ms);
    rig.now_ms += HOUR_MS; /* the disk stood still */
    rig_effects(&rig);
    assert_int_equal(rig.batch_count, 0);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_WAITING), 10);
    be_heard(&rig);
    rig_check(&rig);
    rig_release(&rig);
}

static void other_channels_are_not_quiet(void **test)
{
    (void)test;
    struct rig rig;
    struct nights *nights = begin(&rig, 1, PRIORITY_NORMAL);
    struct campaign_def def = rig_def(&rig, 2, 100);
    def.quiet_channels = 1u << CHANNEL_VOICE;
    memset(nights->zone, 0, sizeof(nights->zone));
    for (unsigned i = 0; i < 100; i++) {
        nights->zone[i] = 1;
    }
    rig_add(&rig, &def);
    assert_int_equal(engine_launch(rig.engine, 2, rig.now_ms, NULL), ERR_OK);
    rig_run(&rig, 0);
    assert_int_equal(rig_leased(&rig), 100);
    assert_int_equal(nights->reads, 0);
    rig_release(&rig);
}

static void a_critical_campaign_wakes_people_up(void **test)
{
    (void)test;
    struct rig rig;
    struct nights *nights = begin(&rig, 100, PRIORITY_CRITICAL);
    for (unsigned i = 0; i < 100; i++) {
        nights->zone[i] = 1;
    }
    launch(&rig);
    assert_int_equal(rig_leased(&rig), 100);
    assert_int_equal(engine_held_until(rig.engine, 1, 0, rig.now_ms), 0);
    rig_release(&rig);
}

static void a_restart_holds_the_same_people(void **test)
{
    (void)test;
    struct rig rig;
    struct nights *nights = begin(&rig, 3000, PRIORITY_NORMAL);
    for (unsigned i = 0; i < 3000; i += 3) {
        nights->zone[i] = 1;
    }
    launch(&rig);
    assert_int_equal(rig_leased(&rig), 2000);
    rig_accept_all(&rig);
    rig_check(&rig);
    rig_restart(&rig);
    rig_join(&rig, 1, 11, 65536);
    rig_run(&rig, 1000);
    assert_int_equal(rig_leased(&rig), 0);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_WAITING), 1000);
    pass(&rig, HOUR_MS);
    assert_int_equal(rig_leased(&rig), 1000);
    rig_check(&rig);
    rig_release(&rig);
}

static void sleep_uses_up_no_time_of_the_step(void **test)
{
    (void)test;
    struct rig rig;
    struct nights *nights = begin(&rig, 10, PRIORITY_NORMAL);
    nights->zone[3] = 2;
    launch(&rig);
    rig.now_ms += 10;
    /* His retry falls into his night. */
    nights->span[2].from_ms = rig.now_ms - 1;
    rig_say(&rig, &rig.batches[0], 3, 1,
            &(struct rig_fate){.outcome = OUTCOME_DEFERRED, .reason = 451});
    rig_say(&rig, &rig.batches[0], 0, 3, &(struct rig_fate){.outcome = OUTCOME_ACCEPTED});
    rig_say(&rig, &rig.batches[0], 4, 6, &(struct rig_fate){.outcome = OUTCOME_ACCEPTED});
    struct recipient_state before = rig_state(&rig, 1, 3);
    assert_int_equal(before.state, DELIVERY_RETRYING);
    pass(&rig, 8 * HOUR_MS); /* twice as long as the step may take */
    assert_int_equal(rig_leased(&rig), 0);
    pass(&rig, HOUR_MS);
    assert_int_equal(rig_leased(&rig), 1);
    assert_int_equal(rig_state(&rig, 1, 3).used, before.used);
    rig_check(&rig);
    rig_release(&rig);
}

static void zones_of_many_pages_are_read_a_few_at_a_time(void **test)
{
    (void)test;
    struct rig rig;
    struct nights *nights = begin(&rig, SLOTS_MAX, PRIORITY_NORMAL);
    assert_int_equal(engine_launch(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    assert_int_equal(engine_run(rig.engine, rig.now_ms), 0); /* there is more to do at once */
    assert_in_range(nights->reads, 1, 16);
    rig_run(&rig, 0);
    assert_int_equal(nights->reads, (SLOTS_MAX + PAGE_RECIPIENTS - 1) / PAGE_RECIPIENTS);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_LEASED), SLOTS_MAX);
    rig_release(&rig);
}

static void a_page_that_cannot_be_read_counts_as_of_the_campaigns_zone(void **test)
{
    (void)test;
    struct rig rig;
    struct nights *nights = begin(&rig, 10, PRIORITY_NORMAL);
    nights->is_unreadable = true;
    launch(&rig);
    assert_int_equal(rig_leased(&rig), 10); /* and its lease will say what is wrong */
    rig_release(&rig);
}

/* A worker that is frozen meanwhile hears of no call back. */
/* A timer of such a page would wait for the night of a zone that nobody of it lives in. */
static void nobody_is_held_of_a_page_whose_zones_were_not_asked_for(void **test)
{
    (void)test;
    struct rig rig;
    struct nights *nights = begin(&rig, 2 * PAGE_RECIPIENTS, PRIORITY_NORMAL);
    for (unsigned i = 0; i < PAGE_RECIPIENTS; i++) {
        nights->zone[i] = 2;
    }
    nights->span[0].from_ms = RIG_NOW_MS - HOUR_MS;
    struct campaign *campaign = engine_find_campaign(rig.engine, 1);
    quiet_know_page(rig.engine, campaign, 1);
    assert_int_equal(quiet_until_ms(campaign, 1, 0), RIG_NOW_MS + 20 * HOUR_MS);
    assert_int_equal(quiet_until_ms(campaign, 0, 0), 0);
    quiet_know_page(rig.engine, campaign, 0);
    assert_int_equal(quiet_until_ms(campaign, 0, 0), 0);
    rig_release(&rig);
}

static void a_batch_carries_the_time_when_the_first_of_it_falls_asleep(void **test)
{
    (void)test;
    struct rig rig;
    struct nights *nights = begin(&rig, 2 * PAGE_RECIPIENTS, PRIORITY_NORMAL);
    nights->zone[7] = 2;
    launch(&rig);
    assert_int_equal(rig.batch_count, 2);
    assert_int_equal(rig.batches[0].wire.not_after_ms, RIG_NOW_MS + HOUR_MS);
    assert_int_equal(rig.batches[1].wire.not_after_ms, RIG_NOW_MS + 12 * HOUR_MS);
    rig_release(&rig);

    (void)begin(&rig, 100, PRIORITY_CRITICAL);
    launch(&rig);
    assert_int_equal(rig.batches[0].wire.not_after_ms, 0);
    rig_release(&rig);
}

static void the_sooner_of_the_night_and_the_campaigns_own_end_holds(void **test)
{
    (void)test;
    for (unsigned hours = 11; hours <= 13; hours += 2) {
        struct rig rig;
        (void)begin(&rig, 10, PRIORITY_NORMAL);
        struct campaign_def def = rig_def(&rig, 2, 10);
        def.quiet_channels = 1u << CHANNEL_SMS;
        def.control.not_after_ms = RIG_NOW_MS + hours * HOUR_MS;
        rig_add(&rig, &def);
        assert_int_equal(engine_launch(rig.engine, 2, rig.now_ms, NULL), ERR_OK);
        rig_run(&rig, 0);
        assert_int_equal(rig.batches[0].wire.not_after_ms,
                         RIG_NOW_MS + (hours < 12 ? hours : 12) * HOUR_MS);
        rig_release(&rig);
    }
}

static void what_a_worker_with_a_fast_clock_brings_back_waits_a_moment(void **test)
{
    (void)test;
    static const struct rig_fate LATE = {OUTCOME_RETURNED, REASON_NOT_AFTER, 0, NULL};
    struct rig rig;
    struct event event;
    (void)begin(&rig, 10, PRIORITY_NORMAL);
    launch(&rig);
    rig_say(&rig, &rig.batches[0], 0, 10, &LATE);
    rig_check(&rig);
    assert_true(rig_last_event(&rig, 1, DELIVERY_EVENT_RELEASED, &event));
    assert_int_equal(event.reason, REASON_QUIET_HOURS);
    rig_run(&rig, 990);
    assert_int_equal(rig_leased(&rig), 0);
    rig_run(&rig, 10);
    assert_int_equal(rig_leased(&rig), 10);
    assert_int_equal(rig_state(&rig, 1, 0).used, 0);
    rig_release(&rig);
}

/* The coordinator died before the batch left. One of the page is asleep, so it does not leave now
 * either, and there is nothing that the worker could bring back. */
static void a_batch_that_never_left_is_given_up_when_somebody_of_it_sleeps(void **test)
{
    (void)test;
    struct rig rig;
    struct nights *nights = begin(&rig, 100, PRIORITY_NORMAL);
    nights->zone[7] = 2;
    launch(&rig);
    rig_close(&rig);
    rig_restart(&rig);
    rig_join(&rig, 1, 11, 65536);
    pass(&rig, HOUR_MS);
    assert_int_equal(rig_leased(&rig), 0);
    for (unsigned s = 0; s < 600 && rig_leased(&rig) == 0; s++) {
        pass(&rig, 1000);
    }
    assert_int_equal(rig_leased(&rig), 99);
    rig_check(&rig);
    rig_release(&rig);
}

/* ---- is anybody due? Nothing is leased here: there is no run of the engine ---- */

static enum due_now ask_later(struct rig *rig, uint64_t ms)
{
    rig->now_ms += ms;
    return engine_due_now(rig->engine, 1, rig->now_ms);
}

static void somebody_is_due_while_anybody_is_awake(void **test)
{
    (void)test;
    struct rig rig;
    struct nights *nights = begin(&rig, 1000, PRIORITY_NORMAL);
    for (unsigned i = 0; i < 1000; i++) {
        nights->zone[i] = i == 700 ? 2 : 1;
    }
    assert_int_equal(ask_later(&rig, 0), DUE_NOBODY); /* a draft */
    assert_int_equal(engine_launch(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    assert_int_equal(ask_later(&rig, 0), DUE_SOMEBODY);
    assert_int_equal(ask_later(&rig, HOUR_MS - MARGIN_MS - 1), DUE_SOMEBODY);
    assert_int_equal(ask_later(&rig, 1), DUE_NOBODY); /* he falls asleep, the others still are */
    assert_int_equal(ask_later(&rig, MARGIN_MS - 1), DUE_NOBODY);
    assert_int_equal(ask_later(&rig, 1), DUE_SOMEBODY); /* the others wake */
    assert_int_equal(engine_pause(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    assert_int_equal(ask_later(&rig, 1), DUE_NOBODY);
    assert_int_equal(engine_resume(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    be_heard(&rig);
    rig_run(&rig, 0);
    assert_int_equal(rig_leased(&rig), 999); /* what was asked has kept nobody back */
    assert_int_equal(rig_state(&rig, 1, 700).state, DELIVERY_WAITING);
    assert_int_equal(ask_later(&rig, 1), DUE_NOBODY);
    rig_check(&rig);
    rig_release(&rig);
}

static void pages_are_looked_at_a_few_at_a_time_until_it_is_known(void **test)
{
    (void)test;
    struct rig rig;
    struct nights *nights = begin(&rig, 30 * PAGE_RECIPIENTS, PRIORITY_NORMAL);
    for (unsigned i = 0; i < 30 * PAGE_RECIPIENTS; i++) {
        nights->zone[i] = 1;
    }
    assert_int_equal(engine_launch(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    assert_int_equal(ask_later(&rig, 0), DUE_UNKNOWN);
    unsigned reads = nights->reads;
    assert_true(reads > 0 && reads < 10);
    assert_int_equal(ask_later(&rig, 0), DUE_UNKNOWN);
    assert_int_equal(nights->reads,
                     reads); /* not at once again, whatever campaign is asked about */
    for (unsigned i = 0; i < 30 && ask_later(&rig, 1000) == DUE_UNKNOWN; i++) {
    }
    assert_int_equal(ask_later(&rig, 0), DUE_NOBODY);
    assert_int_equal(nights->reads, 30); /* each page once */
    assert_int_equal(ask_later(&rig, HOUR_MS), DUE_SOMEBODY);
    be_heard(&rig);
    rig_run(&rig, 0);
    assert_int_equal(rig_leased(&rig), 30 * PAGE_RECIPIENTS);
    assert_int_equal(ask_later(&rig, 0), DUE_NOBODY);
    rig_release(&rig);
}

static void nobody_is_due_while_all_providers_of_the_step_are_asleep(void **test)
{
    (void)test;
    struct rig rig;
    (void)begin(&rig, 100, PRIORITY_CRITICAL);
    const struct quiet_span night = {rig.now_ms, rig.now_ms + HOUR_MS};
    const struct quiet_span next = {rig.now_ms + 24 * HOUR_MS, rig.now_ms + 25 * HOUR_MS};
    assert_int_equal(engine_launch(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    engine_provider_quiet(rig.engine, 0, &night);
    assert_int_equal(ask_later(&rig, 0), DUE_NOBODY);
    rig_add_provider(&rig, 1, 0);
    assert_int_equal(ask_later(&rig, 0), DUE_SOMEBODY); /* though no worker has opened it */
    engine_provider_quiet(rig.engine, 1, &night);
    assert_int_equal(ask_later(&rig, 0), DUE_NOBODY);
    engine_provider_quiet(rig.engine, 0, &next);
    engine_provider_quiet(rig.engine, 1, &next);
    assert_int_equal(ask_later(&rig, HOUR_MS), DUE_SOMEBODY);
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_is_asleep_waits_while_others_are_sent_to),
        cmocka_unit_test(a_page_asleep_as_a_whole_goes_as_a_whole_when_it_wakes),
        cmocka_unit_test(nobody_is_leased_shortly_before_he_falls_asleep),
        cmocka_unit_test(what_has_not_left_when_he_falls_asleep_is_called_back),
        cmocka_unit_test(a_batch_whose_record_took_too_long_does_not_leave),
        cmocka_unit_test(nobody_is_held_of_a_page_whose_zones_were_not_asked_for),
        cmocka_unit_test(a_batch_carries_the_time_when_the_first_of_it_falls_asleep),
        cmocka_unit_test(the_sooner_of_the_night_and_the_campaigns_own_end_holds),
        cmocka_unit_test(what_a_worker_with_a_fast_clock_brings_back_waits_a_moment),
        cmocka_unit_test(a_batch_that_never_left_is_given_up_when_somebody_of_it_sleeps),
        cmocka_unit_test(other_channels_are_not_quiet),
        cmocka_unit_test(a_critical_campaign_wakes_people_up),
        cmocka_unit_test(a_restart_holds_the_same_people),
        cmocka_unit_test(sleep_uses_up_no_time_of_the_step),
        cmocka_unit_test(zones_of_many_pages_are_read_a_few_at_a_time),
        cmocka_unit_test(a_page_that_cannot_be_read_counts_as_of_the_campaigns_zone),
        cmocka_unit_test(somebody_is_due_while_anybody_is_awake),
        cmocka_unit_test(pages_are_looked_at_a_few_at_a_time_until_it_is_known),
        cmocka_unit_test(nobody_is_due_while_all_providers_of_the_step_are_asleep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
