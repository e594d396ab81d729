/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/provider_hours.h"
#include "tests/unit/unit.h"

#define MINUTE_MS UINT64_C(60000)
#define HOUR_MS   (60 * MINUTE_MS)
/* 2026-03-28 12:00 UTC; the night after, clocks in Oslo go from 02:00 to 03:00. */
#define NOON_MS UINT64_C(1774699200000)

struct house {
    struct zone_clock *clock;
    struct engine *engine;
    struct provider_hours hours;
};

static struct house open_house(void)
{
    struct house house = {.clock = zone_clock_new(NULL, NULL, NULL),
                          .engine = engine_new(&(struct engine_settings){.epoch = 1}),
                          .hours = {.by_number[3] = {.channels = 1,
                                                     .from_min = 22 * 60,
                                                     .to_min = 7 * 60,
                                                     .zone = "Europe/Oslo"}}};
    engine_add_provider(house.engine, &(struct provider_def){.id = 0, .name = "always"});
    engine_add_provider(house.engine, &(struct provider_def){.id = 3, .name = "by_day"});
    return house;
}

static void close_house(struct house *house)
{
    engine_free(house->engine);
    zone_clock_free(house->clock);
}

static struct provider_view look_at(struct house *house, unsigned index, uint64_t now_ms)
{
    struct provider_view view;
    provider_hours_tell(&house->hours, house->clock, house->engine, now_ms);
    (void)engine_run(house->engine, now_ms);
    assert_true(engine_provider(house->engine, index, &view));
    return view;
}

static void the_engine_is_told_night_after_night_by_the_clock_on_the_wall(void **state)
{
    (void)state;
    struct house house = open_house();
    struct provider_view view = look_at(&house, 1, NOON_MS);
    assert_int_equal(view.quiet_since_ms, 0);
    assert_int_equal(view.quiet.from_ms, NOON_MS + 9 * HOUR_MS);   /* 22:00, an hour ahead of UTC */
    assert_int_equal(view.quiet.until_ms, NOON_MS + 17 * HOUR_MS); /* 07:00, two hours ahead */
    view = look_at(&house, 1, NOON_MS + 9 * HOUR_MS - 1);
    assert_int_equal(view.quiet_since_ms, 0);
    for (unsigned i = 0; i < 8 * 60; i++) {
        view = look_at(&house, 1, NOON_MS + 9 * HOUR_MS + i * MINUTE_MS);
        assert_int_equal(view.quiet_since_ms, NOON_MS + 9 * HOUR_MS);
        assert_int_equal(look_at(&house, 0, NOON_MS).quiet.until_ms, 0);
    }
    view = look_at(&house, 1, NOON_MS + 17 * HOUR_MS);
    assert_int_equal(view.quiet_since_ms, 0);
    assert_int_equal(view.quiet.from_ms, NOON_MS + 32 * HOUR_MS);
    assert_int_equal(view.quiet.until_ms, NOON_MS + 41 * HOUR_MS);
    close_house(&house);
}

static void who_starts_at_night_is_told_of_the_night_that_goes_on(void **state)
{
    (void)state;
    struct house house = open_house();
    struct provider_view view = look_at(&house, 1, NOON_MS + 10 * HOUR_MS);
    assert_int_not_equal(view.quiet_since_ms, 0);
    assert_int_equal(view.quiet.until_ms, NOON_MS + 17 * HOUR_MS);
    close_house(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_engine_is_told_night_after_night_by_the_clock_on_the_wall),
        cmocka_unit_test(who_starts_at_night_is_told_of_the_night_that_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
