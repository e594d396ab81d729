/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>

#include "coordinator/report/provider_lost.h"
#include "tests/unit/engine_rig.h"
#include "tests/unit/unit.h"

#define LIMIT 40

struct house {
    struct rig rig;
    struct ledger *ledger;
    struct provider_lost lost;
    uint64_t recno;
};

static void begin(struct house *house)
{
    struct problem problem;
    assert_true(sodium_init() >= 0);
    assert_int_equal(ledger_open(&house->ledger, store_mem_new(), &problem), ERR_OK);
    house->recno = 1;
    house->lost = (struct provider_lost){0};
    rig_init_with(&house->rig, &(struct engine_settings){.epoch = 1,
                                                         .heartbeat_ms = RIG_HEARTBEAT_MS,
                                                         .lease_ms = RIG_LEASE_MS});
    rig_add_provider(&house->rig, 0, 0);
    house->rig.providers[0].concurrency = LIMIT;
    engine_add_provider(house->rig.engine, &house->rig.providers[0]);
    rig_launch(&house->rig, 1, 5000);
    rig_join(&house->rig, 1, 11, 65536);
    rig_run(&house->rig, 1);
    assert_int_equal(rig_leased(&house->rig), LIMIT);
}

static void end(struct house *house)
{
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

static void close_turn(struct house *house)
{
    struct record *record = record_new(0, 1, house->recno);
    rig_close(&house->rig);
    provider_lost_note(&house->lost, house->rig.engine, record);
    write_record(house, record);
}

static void restart(struct house *house)
{
    struct problem problem;
    close_turn(house);
    rig_restart(&house->rig);
    house->lost = (struct provider_lost){0};
    if (provider_lost_load(&house->lost, house->rig.engine, house->ledger, &problem) != ERR_OK) {
        fail_msg("%s", problem.text);
    }
    rig_join(&house->rig, 2, 12, 65536);
    rig_run(&house->rig, 1);
}

static unsigned wait_for_lease(struct house *house)
{
    unsigned waited_ms = 0;
    while (rig_leased(&house->rig) == 0 && waited_ms < 200000) {
        engine_worker_heartbeat(house->rig.engine, 2, house->rig.now_ms);
        rig_run(&house->rig, 500);
        waited_ms += 500;
    }
    return waited_ms;
}

/* The lease ends before the restart, which knows of none. */
static void who_was_lost_before_a_restart_still_counts(void **state)
{
    (void)state;
    struct house house;
    begin(&house);
    rig_run(&house.rig, RIG_LEASE_MS + 1);
    assert_int_equal(rig_leased(&house.rig), 0);
    assert_int_equal(engine_provider_lost(house.rig.engine, 0), LIMIT);
    for (unsigned lives = 0; lives < 3; lives++) {
        restart(&house);
        assert_int_equal(rig_leased(&house.rig), 0);
        assert_int_equal(rig_provider(&house.rig, 0).under_way, LIMIT);
    }
    assert_in_range(wait_for_lease(&house), 59000, 81000);
    restart(&house); /* nobody is lost any more, but what is leased counts */
    assert_int_equal(engine_provider_lost(house.rig.engine, 0), 0);
    assert_int_equal(rig_provider(&house.rig, 0).under_way, LIMIT);
    end(&house);
}

static void who_left_his_lease_before_a_restart_still_counts(void **state)
{
    (void)state;
    struct house house;
    begin(&house);
    uint32_t first = house.rig.batches[0].wire.page * PAGE_RECIPIENTS;
    for (uint32_t i = 0; i < 10; i++) {
        assert_int_equal(engine_acknowledge(house.rig.engine, 1, first + i, house.rig.now_ms),
                         ERR_OK);
    }
    restart(&house);
    assert_int_equal(engine_provider_lost(house.rig.engine, 0), 10);
    assert_int_equal(rig_provider(&house.rig, 0).under_way, LIMIT);
    end(&house);
}

static void what_the_catalogue_cannot_mean_is_refused(void **state)
{
    (void)state;
    static const uint8_t wrong[][8] = {
        {2, 0}, {0, 0}, {1, 1, 64, 5, 0, 0, 0}, {1, 1, 3, 5}, {1, 0, 7}};
    static const size_t lengths[] = {2, 2, 7, 4, 3};
    static const uint8_t right[] = {1, 1, 3, 5, 1, 0, 0};
    struct house house;
    struct problem problem;
    begin(&house);
    for (unsigned i = 0; i < 6; i++) {
        struct buf key = {0};
        struct record *record = record_new(0, 1, house.recno);
        ledger_catalogue_key(&key, CATALOGUE_COUNTERS, slice_str("provider_lost"));
        record_put(record, buf_view(&key),
                   i < 5 ? slice_of(wrong[i], lengths[i]) : slice_of(right, sizeof(right)));
        write_record(&house, record);
        buf_release(&key);
        house.lost = (struct provider_lost){0};
        assert_int_equal(provider_lost_load(&house.lost, house.rig.engine, house.ledger, &problem),
                         i == 0  ? ERR_NEWER_VERSION
                         : i < 5 ? ERR_CORRUPT
                                 : ERR_OK);
    }
    assert_int_equal(house.lost.by_number[3], 261);
    assert_int_equal(engine_provider_lost(house.rig.engine, 3), 261);
    end(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_was_lost_before_a_restart_still_counts),
        cmocka_unit_test(who_left_his_lease_before_a_restart_still_counts),
        cmocka_unit_test(what_the_catalogue_cannot_mean_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
