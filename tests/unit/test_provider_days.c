/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>

#include "coordinator/report/provider_days.h"
#include "tests/unit/engine_rig.h"
#include "tests/unit/unit.h"

#define QUOTA 1500
/* Of RIG_NOW_MS, 2023-11-14 22:13:20 UTC. */
#define MIDNIGHT_MS UINT64_C(1700006400000)
#define DAY_MS      UINT64_C(86400000)

struct house {
    struct rig rig;
    struct ledger *ledger;
    struct provider_days days;
    uint64_t recno;
};

static void load(struct house *house)
{
    struct problem problem;
    house->days = (struct provider_days){0};
    if (provider_days_add(&house->days, &house->rig.providers[0], "UTC", house->ledger, &problem) !=
        ERR_OK) {
        fail_msg("%s", problem.text);
    }
}

static void begin(struct house *house)
{
    struct problem problem;
    assert_true(sodium_init() >= 0);
    assert_int_equal(ledger_open(&house->ledger, store_mem_new(), &problem), ERR_OK);
    house->recno = 1;
    rig_init_with(&house->rig, &(struct engine_settings){.epoch = 1,
                                                         .heartbeat_ms = RIG_HEARTBEAT_MS,
                                                         .lease_ms = RIG_LEASE_MS});
    rig_add_provider(&house->rig, 0, 0);
    house->rig.providers[0].day_quota = QUOTA;
    engine_add_provider(house->rig.engine, &house->rig.providers[0]);
    load(house);
}

static void end(struct house *house)
{
    provider_days_release(&house->days);
    ledger_close(house->ledger);
    rig_release(&house->rig);
}

/* As the coordinator does; returns how many were leased. */
static unsigned run(struct house *house, uint64_t now_ms)
{
    struct problem problem;
    house->rig.now_ms = now_ms;
    (void)engine_worker_heartbeat(house->rig.engine, 1, now_ms);
    provider_days_tell(&house->days, house->rig.engine, now_ms);
    rig_run(&house->rig, 0);
    struct record *record = record_new(0, 1, house->recno);
    provider_days_note(&house->days, house->rig.engine, record);
    unsigned leased = rig_leased(&house->rig);
    if (leased > 0) {
        assert_int_equal(ledger_write(house->ledger, record, &problem), ERR_OK);
        house->recno++;
    }
    record_free(record);
    rig_accept_all(&house->rig);
    return leased;
}

static unsigned run_for(struct house *house, uint64_t from_ms, unsigned times)
{
    unsigned leased = 0;
    for (unsigned i = 0; i < times; i++) {
        leased += run(house, from_ms + i * UINT64_C(100));
    }
    return leased;
}

static void no_more_are_leased_on_a_day_than_the_quota(void **state)
{
    (void)state;
    struct house house;
    begin(&house);
    rig_launch(&house.rig, 1, 5000);
    rig_join(&house.rig, 1, 11, 65536);
    assert_int_equal(run_for(&house, RIG_NOW_MS, 20), QUOTA);
    assert_int_equal(rig_state(&house.rig, 1, 4999).used, 0);
    struct provider_view view = rig_provider(&house.rig, 0);
    assert_int_equal(view.day_used, QUOTA);
    assert_int_equal(view.day_until_ms, MIDNIGHT_MS);
    assert_int_equal(run(&house, MIDNIGHT_MS - 1), 0);
    assert_int_equal(run_for(&house, MIDNIGHT_MS, 20), QUOTA);
    assert_int_equal(run_for(&house, MIDNIGHT_MS + DAY_MS, 20), QUOTA);
    assert_int_equal(run_for(&house, MIDNIGHT_MS + 2 * DAY_MS, 20), 500);
    rig_check(&house.rig);
    end(&house);
}

static void a_restart_goes_on_with_the_count_and_not_with_yesterdays(void **state)
{
    (void)state;
    struct house house;
    begin(&house);
    rig_launch(&house.rig, 1, 1000);
    rig_join(&house.rig, 1, 11, 65536);
    assert_int_equal(run_for(&house, RIG_NOW_MS, 20), 1000);
    rig_launch(&house.rig, 2, 4000);
    rig_close(&house.rig);
    rig_restart(&house.rig);
    provider_days_release(&house.days);
    load(&house);
    rig_join(&house.rig, 1, 11, 65536);
    assert_int_equal(run_for(&house, RIG_NOW_MS + 5000, 20), QUOTA - 1000);
    rig_close(&house.rig);
    rig_restart(&house.rig);
    provider_days_release(&house.days);
    load(&house);
    rig_join(&house.rig, 1, 11, 65536);
    assert_int_equal(run_for(&house, RIG_NOW_MS + 10000, 20), 0);
    rig_close(&house.rig);
    rig_restart(&house.rig);
    provider_days_release(&house.days);
    load(&house);
    rig_join(&house.rig, 1, 11, 65536);
    assert_int_equal(run_for(&house, MIDNIGHT_MS, 20), QUOTA);
    end(&house);
}

static void what_the_catalogue_cannot_mean_is_refused(void **state)
{
    (void)state;
    static const uint8_t wrong[][17] = {{2, 1}, {0}, {1, 5}};
    static const enum err errors[] = {ERR_NEWER_VERSION, ERR_CORRUPT, ERR_CORRUPT};
    static const size_t lengths[] = {17, 17, 3};
    for (unsigned i = 0; i < 3; i++) {
        struct house house;
        struct problem problem;
        struct buf key = {0};
        begin(&house);
        provider_days_release(&house.days);
        ledger_catalogue_key(&key, CATALOGUE_COUNTERS, slice_str("provider_day/p0"));
        struct record *record = record_new(0, 1, 1);
        record_put(record, buf_view(&key), slice_of(wrong[i], lengths[i]));
        assert_int_equal(ledger_write(house.ledger, record, &problem), ERR_OK);
        assert_int_equal(
            provider_days_add(&house.days, &house.rig.providers[0], "UTC", house.ledger, &problem),
            errors[i]);
        record_free(record);
        buf_release(&key);
        end(&house);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_more_are_leased_on_a_day_than_the_quota),
        cmocka_unit_test(a_restart_goes_on_with_the_count_and_not_with_yesterdays),
        cmocka_unit_test(what_the_catalogue_cannot_mean_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
