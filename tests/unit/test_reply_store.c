/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "common/mem.h"
#include "coordinator/content/reply_store.h"
#include "tests/unit/stores.h"
#include "tests/unit/turn_rig.h"
#include "tests/unit/unit.h"

#define NOW_MS UINT64_C(1700000000000)

struct house {
    struct turn_rig rig;
    struct reply_store *replies;
};

static void house_open(struct house *house, void **state)
{
    struct problem problem;
    turn_rig_open(&house->rig, *state);
    house->replies = reply_store_new(house->rig.ledger);
    assert_int_equal(reply_store_load(house->replies, &problem), ERR_OK);
}

static void house_close(struct house *house)
{
    reply_store_free(house->replies);
    turn_rig_close(&house->rig);
}

/* What was decided is on disk. */
static void house_write(struct house *house)
{
    reply_store_note(house->replies, turn_record(house->rig.turn));
    turn_rig_write(&house->rig, NOW_MS);
}

static uint64_t add(struct house *house, uint64_t campaign, enum reply_class class, const char *id,
                    uint64_t at_ms)
{
    struct reply_record reply = {.class = class,
                                 .result = REPLY_KEPT,
                                 .channel = CHANNEL_SMS,
                                 .found_by = campaign == 0 ? REPLY_FOUND_NOT : REPLY_FOUND_BY_CODE,
                                 .at_ms = at_ms,
                                 .campaign = campaign,
                                 .ordinal = 7,
                                 .provider = slice_str("gateway"),
                                 .from = slice_str("+4790000001"),
                                 .text = slice_str("Hva skjer? 😀"),
                                 .id = slice_str(id)};
    reply_store_add(house->replies, &reply, house->rig.turn);
    return reply.number;
}

struct seen {
    unsigned count;
    uint64_t numbers[8];
};

static bool see(void *arg, const struct reply_record *reply)
{
    struct seen *seen = arg;
    assert_true(slice_is(reply->text, "Hva skjer? 😀"));
    seen->numbers[seen->count++] = reply->number;
    return seen->count < 8;
}

static void expect_list(struct house *house, uint64_t campaign, uint64_t from, const char *numbers)
{
    struct seen seen = {0};
    char text[64] = "";
    size_t len = 0;
    assert_int_equal(reply_store_each(house->replies, campaign, from, see, &seen), ERR_OK);
    for (unsigned i = 0; i < seen.count; i++) {
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%u", i == 0 ? "" : " ",
                                (unsigned)seen.numbers[i]);
    }
    assert_string_equal(text, numbers);
}

static void replies_are_listed_newest_first_and_survive(void **state)
{
    struct house house = {0};
    house_open(&house, state);
    assert_int_equal(add(&house, 3, REPLY_OTHER, "", NOW_MS), 1);
    assert_int_equal(add(&house, 0, REPLY_STOP, "", NOW_MS), 2);
    assert_int_equal(add(&house, 3, REPLY_ACK, "", NOW_MS), 3);
    assert_int_equal(add(&house, 4, REPLY_ACK, "", NOW_MS), 4);
    house_write(&house);
    for (unsigned life = 0; life < 2; life++) {
        expect_list(&house, 0, UINT64_MAX, "4 3 2 1");
        expect_list(&house, 0, 2, "2 1");
        expect_list(&house, 3, UINT64_MAX, "3 1");
        expect_list(&house, 3, 2, "1");
        expect_list(&house, 9, UINT64_MAX, "");
        assert_int_equal(reply_store_counts(house.replies, 3).of[REPLY_OTHER], 1);
        assert_int_equal(reply_store_counts(house.replies, 3).of[REPLY_ACK], 1);
        assert_int_equal(reply_store_counts(house.replies, 0).of[REPLY_STOP], 1);
        house_close(&house);
        house_open(&house, state);
    }
    assert_int_equal(add(&house, 3, REPLY_ACK, "", NOW_MS), 5);
    house_close(&house);
}

static void a_message_that_comes_again_is_known(void **state)
{
    struct house house = {0};
    struct reply_record reply;
    house_open(&house, state);
    assert_int_equal(reply_store_find(house.replies, house.rig.turn, slice_str("gateway"),
                                      slice_str("m1"), &reply),
                     ERR_NOT_FOUND);
    (void)add(&house, 3, REPLY_OTHER, "m1", NOW_MS);
    for (unsigned i = 0; i < 3; i++) { /* not durable, durable, in another life */
        assert_int_equal(reply_store_find(house.replies, house.rig.turn, slice_str("gateway"),
                                          slice_str("m1"), &reply),
                         ERR_OK);
        assert_int_equal(reply.number, 1);
        assert_int_equal(reply.campaign, 3);
        assert_int_equal(reply.result, REPLY_KEPT);
        assert_int_equal(reply_store_find(house.replies, house.rig.turn, slice_str("another"),
                                          slice_str("m1"), &reply),
                         ERR_NOT_FOUND);
        house_write(&house);
        if (i == 1) {
            house_close(&house);
            house_open(&house, state);
        }
    }
    house_close(&house);
}

static void old_replies_go_and_numbers_do_not_come_again(void **state)
{
    struct house house = {0};
    struct reply_record reply;
    house_open(&house, state);
    for (unsigned i = 0; i < 100; i++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "m%u", i);
        (void)add(&house, 3, REPLY_OTHER, id, NOW_MS + i);
    }
    assert_false(
        reply_store_sweep(house.replies, NOW_MS + 98, house.rig.turn)); /* not on disk yet */
    house_write(&house);
    assert_false(reply_store_sweep(house.replies, NOW_MS, house.rig.turn));
    assert_true(reply_store_sweep(house.replies, NOW_MS + 98, house.rig.turn));
    assert_false(reply_store_sweep(house.replies, NOW_MS + 98, house.rig.turn));
    house_write(&house);
    expect_list(&house, 0, UINT64_MAX, "100 99");
    expect_list(&house, 3, UINT64_MAX, "100 99");
    assert_int_equal(reply_store_kept(house.replies), 2);
    assert_int_equal(reply_store_find(house.replies, house.rig.turn, slice_str("gateway"),
                                      slice_str("m7"), &reply),
                     ERR_NOT_FOUND);
    assert_false(reply_store_sweep(house.replies, NOW_MS + 200, house.rig.turn));
    house_write(&house);
    house_close(&house);
    house_open(&house, state);
    expect_list(&house, 0, UINT64_MAX, "");
    assert_int_equal(reply_store_counts(house.replies, 3).of[REPLY_OTHER], 100);
    assert_int_equal(add(&house, 3, REPLY_OTHER, "", NOW_MS), 101);
    house_close(&house);
}

/* Version 1, byte by byte. */
static void a_stored_reply_reads_as_it_was_written(void **state)
{
    static const uint8_t golden[] = {1,   4,   0,   1,   1,   8,   7,   6,   5,   4,   3,  2,
                                     1,   9,   0,   0,   0,   0,   0,   0,   0,   42,  0,  0,
                                     0,   2,   'k', '1', 1,   'g', 3,   '+', '4', '7', 0,  8,
                                     'A', 'C', 'K', ' ', '7', 'K', 'Q', '2', 2,   'i', 'd'};
    struct reply_record reply = {0};
    struct buf value = {0};
    (void)state;
    assert_int_equal(reply_record_decode(slice_of(golden, sizeof(golden)), &reply), ERR_OK);
    assert_int_equal(reply.class, REPLY_ACK);
    assert_int_equal(reply.result, REPLY_ACKNOWLEDGED);
    assert_int_equal(reply.found_by, REPLY_FOUND_BY_CODE);
    assert_int_equal(reply.at_ms, UINT64_C(0x0102030405060708));
    assert_int_equal(reply.campaign, 9);
    assert_int_equal(reply.ordinal, 42);
    assert_true(slice_is(reply.text, "ACK 7KQ2"));
    assert_true(slice_is(reply.id, "id"));
    reply_record_encode(&reply, &value);
    assert_true(slice_equal(buf_view(&value), slice_of(golden, sizeof(golden))));
    for (size_t len = 1; len < sizeof(golden); len++) {
        assert_int_equal(reply_record_decode(slice_of(golden, len), &reply), ERR_CORRUPT);
    }
    value.data[0] = 2;
    assert_int_equal(reply_record_decode(buf_view(&value), &reply), ERR_UNSUPPORTED);
    buf_release(&value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(replies_are_listed_newest_first_and_survive),
        STORES_TEST(a_message_that_comes_again_is_known),
        STORES_TEST(old_replies_go_and_numbers_do_not_come_again),
        cmocka_unit_test(a_stored_reply_reads_as_it_was_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
