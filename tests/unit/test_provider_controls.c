/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <string.h>

#include "coordinator/report/provider_controls.h"
#include "tests/unit/engine_rig.h"
#include "tests/unit/unit.h"

/* RIG_NOW_MS is 2023-11-14 22:13:20 UTC, 07:13 of the next day in Tokyo. */
#define MIDNIGHT_MS       UINT64_C(1700006400000)
#define TOKYO_MIDNIGHT_MS UINT64_C(1700060400000)
#define MINUTE_MS         UINT64_C(60000)

struct house {
    struct rig rig;
    struct ledger *ledger;
    struct zone_clock *clock;
    struct provider_controls controls;
    uint64_t recno;
};

static void load(struct house *house, const struct quiet_hours *hours)
{
    struct problem problem;
    struct provider_terms terms = {.def = &house->rig.providers[0], .quota_zone = "UTC"};
    terms.quiet_hours = *hours;
    house->controls =
        (struct provider_controls){.engine = house->rig.engine, .clock = house->clock};
    if (provider_controls_add(&house->controls, &terms, house->ledger, &problem) != ERR_OK) {
        fail_msg("%s", problem.text);
    }
    provider_controls_tell(&house->controls, house->rig.now_ms);
    rig_run(&house->rig, 0);
}

static void begin(struct house *house, const struct quiet_hours *hours)
{
    struct problem problem;
    assert_true(sodium_init() >= 0);
    assert_int_equal(ledger_open(&house->ledger, store_mem_new(), &problem), ERR_OK);
    house->recno = 1;
    house->clock = zone_clock_new(NULL, NULL, NULL);
    rig_init_with(&house->rig, &(struct engine_settings){.epoch = 1,
                                                         .heartbeat_ms = RIG_HEARTBEAT_MS,
                                                         .lease_ms = RIG_LEASE_MS});
    rig_add_provider(&house->rig, 0, 0);
    house->rig.providers[0].concurrency = 100;
    house->rig.providers[0].day_quota = 700;
    engine_add_provider(house->rig.engine, &house->rig.providers[0]);
    load(house, hours);
}

static void end(struct house *house)
{
    provider_controls_release(&house->controls);
    zone_clock_free(house->clock);
    ledger_close(house->ledger);
    rig_release(&house->rig);
}

static void write_record(struct house *house, struct record *record)
{
    struct problem problem;
    assert_int_equal(ledger_write(house->ledger, record, &problem), ERR_OK);
    house->recno++;
    record_free(record);
}

static void set(struct house *house, const struct provider_limit *limit)
{
    struct problem problem;
    struct record *record = record_new(0, 1, house->recno);
    if (provider_controls_set(&house->controls, 0, limit, house->rig.now_ms, record, &problem) !=
        ERR_OK) {
        fail_msg("%s", problem.text);
    }
    write_record(house, record);
}

static void restart(struct house *house, const struct quiet_hours *hours)
{
    rig_close(&house->rig);
    rig_restart(&house->rig);
    provider_controls_release(&house->controls);
    load(house, hours);
}

static void what_is_set_holds_over_a_restart_and_then_the_settings_do(void **state)
{
    (void)state;
    const struct quiet_hours night = {1, 22 * 60, 7 * 60, "UTC"};
    struct house house;
    begin(&house, &night);
    struct provider_view view = rig_provider(&house.rig, 0);
    assert_true(view.concurrency == 100 && view.day_quota == 700);
    assert_int_not_equal(view.quiet_since_ms, 0);
    const struct provider_limit limit = {
        .rate_per_s = 5,
        .since_ms = 1,
        .concurrency_since_ms = 1,
        .day_quota = 9,
        .quota_since_ms = 1,
        .quiet_hours = {.channels = 1, .from_min = 60, .to_min = 120, .zone = "UTC"},
        .quiet_since_ms = 1};
    set(&house, &limit);
    for (unsigned lives = 0; lives < 2; lives++) {
        view = rig_provider(&house.rig, 0);
        assert_true(view.concurrency == 0 && view.day_quota == 9 && view.rate_per_s == 5);
        assert_true(view.quiet_since_ms == 0 && view.quiet.from_ms == MIDNIGHT_MS + 60 * MINUTE_MS);
        restart(&house, &night);
    }
    set(&house, &(struct provider_limit){.quiet_since_ms = 2}); /* none */
    view = rig_provider(&house.rig, 0);
    assert_true(view.concurrency == 100 && view.day_quota == 700 && view.rate_per_s <= 0);
    assert_true(view.quiet_since_ms == 0 && view.quiet.until_ms == 0);
    set(&house, &(struct provider_limit){0});
    assert_int_not_equal(rig_provider(&house.rig, 0).quiet_since_ms, 0);
    restart(&house, &night);
    view = rig_provider(&house.rig, 0);
    assert_true(view.concurrency == 100 && view.day_quota == 700 && view.rate_per_s <= 0);
    assert_int_not_equal(view.quiet_since_ms, 0);
    end(&house);
}

static unsigned lease(struct house *house)
{
    unsigned leased = 0;
    for (unsigned i = 0; i < 30; i++) {
        provider_controls_tell(&house->controls, house->rig.now_ms);
        rig_run(&house->rig, 10);
        struct record *record = record_new(0, 1, house->recno);
        provider_controls_note(&house->controls, record);
        leased += rig_leased(&house->rig);
        write_record(house, record);
        rig_accept_all(&house->rig);
    }
    return leased;
}

static void days_that_end_elsewhere_count_what_was_leased_before(void **state)
{
    (void)state;
    const struct quiet_hours none = {0};
    struct house house;
    begin(&house, &none);
    rig_launch(&house.rig, 1, 5000);
    rig_join(&house.rig, 1, 11, 65536);
    assert_int_equal(lease(&house), 700);
    struct provider_limit limit = {
        .day_quota = 900, .quota_zone = "Asia/Tokyo", .quota_since_ms = 1};
    set(&house, &limit);
    struct provider_view view = rig_provider(&house.rig, 0);
    assert_true(view.day_used == 700 && view.day_until_ms == TOKYO_MIDNIGHT_MS);
    restart(&house, &none); /* before anything was leased on that day */
    view = rig_provider(&house.rig, 0);
    assert_true(view.day_used == 700 && view.day_until_ms == TOKYO_MIDNIGHT_MS);
    rig_join(&house.rig, 1, 11, 65536);
    assert_int_equal(lease(&house), 200);
    house.rig.now_ms = MIDNIGHT_MS;
    rig_join(&house.rig, 1, 12, 65536);
    assert_int_equal(lease(&house), 0);
    house.rig.now_ms = TOKYO_MIDNIGHT_MS;
    rig_join(&house.rig, 1, 13, 65536);
    assert_int_equal(lease(&house), 900);
    end(&house);
}

static void without_a_quota_the_day_is_counted_too(void **state)
{
    (void)state;
    const struct quiet_hours none = {0};
    struct house house;
    begin(&house, &none);
    set(&house, &(struct provider_limit){.quota_since_ms = 1, .concurrency_since_ms = 1});
    rig_launch(&house.rig, 1, 5000);
    rig_join(&house.rig, 1, 11, 65536);
    assert_int_equal(lease(&house), 5000);
    restart(&house, &none);
    rig_launch(&house.rig, 2, 5000);
    rig_join(&house.rig, 1, 11, 65536);
    set(&house, &(struct provider_limit){
                    .day_quota = 6000, .quota_since_ms = 2, .concurrency_since_ms = 1});
    assert_int_equal(lease(&house), 1000);
    end(&house);
}

static void a_zone_that_is_gone_stops_nobody(void **state)
{
    (void)state;
    const struct quiet_hours none = {0};
    struct house house;
    begin(&house, &none);
    struct record *record = record_new(0, 1, house.recno);
    provider_limit_put(&(struct provider_limit){.day_quota = 5,
                                                .quota_zone = "Europe/Atlantis",
                                                .quota_since_ms = 1},
                       "p0", record);
    write_record(&house, record);
    restart(&house, &none);
    struct provider_view view = rig_provider(&house.rig, 0);
    assert_true(view.day_quota == 5 && view.day_until_ms == MIDNIGHT_MS);
    end(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_set_holds_over_a_restart_and_then_the_settings_do),
        cmocka_unit_test(days_that_end_elsewhere_count_what_was_leased_before),
        cmocka_unit_test(without_a_quota_the_day_is_counted_too),
        cmocka_unit_test(a_zone_that_is_gone_stops_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
