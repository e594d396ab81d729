/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tests/unit/unit.h"
#include "worker/inbox.h"

static const uint8_t page[] = "not opened here";

static struct wire_batch batch_of(uint64_t lease, uint8_t provider, unsigned count)
{
    return (struct wire_batch){.lease = lease,
                               .campaign = 5,
                               .page = 9,
                               .provider = provider,
                               .step = 2,
                               .spread_ms = 1000,
                               .count = (uint16_t)count,
                               .whole = true,
                               .page_bytes = slice_of(page, sizeof(page))};
}

static struct batch *give(struct inbox *inbox, uint64_t lease, uint8_t provider)
{
    const struct wire_batch source = batch_of(lease, provider, 10);
    struct batch *batch = inbox_add(inbox, &source, CHANNEL_SMS);
    inbox_enqueue(inbox, batch);
    return batch;
}

static void close_and_finish(struct inbox *inbox, struct batch *batch)
{
    inbox_advance(batch, batch->waiting, BITMAP_BITS);
    inbox_close_batch(inbox, batch);
    inbox_finish(inbox, batch);
}

static void a_batch_is_copied_whole(void **state)
{
    (void)state;
    struct inbox inbox = {0};
    uint8_t attempts[] = {1, 2, 3};
    uint8_t endpoints[] = {4, 5, 6};
    struct wire_batch source = batch_of(1, 3, 3);
    source.attempts = attempts;
    source.endpoints = endpoints;
    source.whole = false;
    bitmap_set(&source.places, 100);
    bitmap_set(&source.places, 200);
    bitmap_set(&source.places, 300);
    struct batch *batch = inbox_add(&inbox, &source, CHANNEL_VOICE);
    memset(attempts, 0, sizeof(attempts));
    memset(endpoints, 0, sizeof(endpoints));
    assert_int_equal(batch->place, 100);
    assert_int_equal(batch->waiting, 3);
    assert_int_equal(batch->interval_us, 333333);
    assert_int_equal(batch->attempts[2], 3);
    assert_int_equal(batch->endpoints[0], 4);
    assert_memory_equal(batch->page_bytes.data, page, sizeof(page));
    assert_int_equal(inbox.bytes, sizeof(page) + 6);
    inbox_release(&inbox);
}

static void batches_of_a_provider_queue_in_the_order_of_arrival(void **state)
{
    (void)state;
    struct inbox inbox = {0};
    struct batch *first = give(&inbox, 1, 0);
    struct batch *second = give(&inbox, 2, 0);
    struct batch *other = give(&inbox, 3, 1);
    assert_ptr_equal(inbox_first(&inbox, 0), first);
    assert_ptr_equal(inbox_first(&inbox, 1), other);
    assert_null(inbox_first(&inbox, 2));
    close_and_finish(&inbox, first);
    assert_ptr_equal(inbox_first(&inbox, 0), second);
    inbox_release(&inbox);
}

static void a_parked_batch_is_in_no_provider_s_queue(void **state)
{
    (void)state;
    struct inbox inbox = {0};
    struct batch *batch = give(&inbox, 1, 0);
    inbox_park(&inbox, batch);
    assert_null(inbox_first(&inbox, 0));
    assert_ptr_equal(inbox.parked, batch);
    inbox_enqueue(&inbox, batch);
    assert_null(inbox.parked);
    assert_ptr_equal(inbox_first(&inbox, 0), batch);
    inbox_release(&inbox);
}

static void a_page_goes_when_nobody_in_it_is_left_to_be_started(void **state)
{
    (void)state;
    struct inbox inbox = {0};
    struct batch *batch = give(&inbox, 1, 0);
    inbox_advance(batch, 9, 9);
    assert_int_equal(batch->waiting, 1);
    assert_int_equal(inbox.bytes, sizeof(page));
    inbox_advance(batch, 1, BITMAP_BITS);
    inbox_close_batch(&inbox, batch);
    assert_int_equal(inbox.bytes, 0);
    assert_null(inbox_first(&inbox, 0));
    assert_true(inbox_knows(&inbox, 1)); /* its results are still to come */
    inbox_release(&inbox);
}

static void a_finished_lease_is_known_for_a_while(void **state)
{
    (void)state;
    struct inbox inbox = {0};
    assert_false(inbox_knows(&inbox, 1));
    close_and_finish(&inbox, give(&inbox, 1, 0));
    assert_true(inbox_knows(&inbox, 1));
    recent_turn(&inbox.finished, INBOX_REMEMBER_MS, 1000000);
    assert_true(inbox_knows(&inbox, 1));
    recent_turn(&inbox.finished, INBOX_REMEMBER_MS, 1000000 + INBOX_REMEMBER_MS - 1);
    assert_true(inbox_knows(&inbox, 1));
    recent_turn(&inbox.finished, INBOX_REMEMBER_MS, 1000000 + INBOX_REMEMBER_MS);
    assert_false(inbox_knows(&inbox, 1));
    inbox_release(&inbox);
}

static void many_finished_leases_are_all_known(void **state)
{
    (void)state;
    struct recent recent = {0};
    for (uint64_t i = 1; i <= 100000; i++) {
        recent_add(&recent, i * 977);
        recent_add(&recent, i * 977);
    }
    for (uint64_t i = 1; i <= 100000; i++) {
        assert_true(recent_has(&recent, i * 977));
        assert_false(recent_has(&recent, i * 977 + 1));
    }
    assert_int_equal(recent.generations[recent.young].count, 100000);
    recent_release(&recent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_is_copied_whole),
        cmocka_unit_test(batches_of_a_provider_queue_in_the_order_of_arrival),
        cmocka_unit_test(a_parked_batch_is_in_no_provider_s_queue),
        cmocka_unit_test(a_page_goes_when_nobody_in_it_is_left_to_be_started),
        cmocka_unit_test(a_finished_lease_is_known_for_a_while),
        cmocka_unit_test(many_finished_leases_are_all_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
