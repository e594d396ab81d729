/* SPDX-License-Identifier: Apache-2.0 */
#include "common/mem.h"
#include "coordinator/engine/delivery_state.h"
#include "coordinator/engine/event.h"
#include "coordinator/engine/event_rows.h"
#include "proto/outcome.h"
#include "tests/dice.h"
#include "tests/unit/unit.h"

#define NOW_MS UINT64_C(1700000000000)

static struct event leased(unsigned offset, unsigned span)
{
    return (struct event){
        .kind = DELIVERY_EVENT_LEASED,
        .provider = 3,
        .offset = (uint16_t)offset,
        .span = (uint16_t)span,
        .lease = UINT64_C(7) << 40 | 21,
        .worker = UINT64_C(0x1122334455667788),
        .at_ms = NOW_MS,
    };
}

static void assert_events_equal(const struct event *a, const struct event *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->provider, b->provider);
    assert_int_equal(a->step, b->step);
    assert_int_equal(a->offset, b->offset);
    assert_int_equal(a->span, b->span);
    assert_int_equal(a->reason, b->reason);
    assert_true(a->lease == b->lease);
    assert_true(a->worker == b->worker);
    assert_true(a->at_ms == b->at_ms);
    assert_true(a->due_ms == b->due_ms);
    assert_true(slice_equal(a->ref, b->ref));
}

static struct event random_event(struct dice *dice, uint8_t ref[OUTCOME_REF_MAX])
{
    unsigned offset = dice_below(dice, PAGE_RECIPIENTS);
    bool has_ref = dice_chance(dice, 200);
    struct event event = {
        .kind = (uint8_t)dice_below(dice, DELIVERY_EVENTS),
        .provider = (uint8_t)dice_below(dice, 64),
        .step = (uint8_t)dice_below(dice, 16),
        .offset = (uint16_t)offset,
        .span = (uint16_t)(has_ref ? 1 : 1 + dice_below(dice, PAGE_RECIPIENTS - offset)),
        .reason = (uint16_t)dice_below(dice, 1400),
        .lease = dice_chance(dice, 100) ? dice_roll(dice) : dice_below(dice, 3),
        .worker = dice_chance(dice, 100) ? dice_roll(dice) : 0,
        .at_ms = NOW_MS + dice_below(dice, 3),
    };
    event.due_ms = dice_chance(dice, 500) ? event.at_ms + dice_below(dice, 100000) : 0;
    if (has_ref) {
        size_t len = 1 + dice_below(dice, OUTCOME_REF_MAX);
        for (size_t i = 0; i < len; i++) {
            ref[i] = (uint8_t)dice_roll(dice);
        }
        event.ref = slice_of(ref, len);
    }
    return event;
}

static void any_events_come_back_as_they_were(void **test)
{
    (void)test;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct dice dice = {seed};
        unsigned count = dice_below(&dice, 60);
        struct event events[60];
        uint8_t refs[60][OUTCOME_REF_MAX];
        struct event_list list;
        struct event_list back;
        struct buf block = {0};
        event_list_init(&list);
        event_list_init(&back);
        for (unsigned i = 0; i < count; i++) {
            events[i] = random_event(&dice, refs[i]);
            event_list_add(&list, &events[i]);
        }
        event_block_encode(&list, &block);
        assert_int_equal(event_block_decode(buf_view(&block), &back), ERR_OK);
        /* Joined neighbours are rare here, and a test of their own. */
        if (list.count == count) {
            assert_int_equal(back.count, count);
            for (unsigned i = 0; i < count; i++) {
                assert_events_equal(&back.events[i], &events[i]);
            }
        }
        event_list_release(&list);
        event_list_release(&back);
        buf_release(&block);
    }
}

static void neighbours_that_differ_only_in_their_place_become_one(void **test)
{
    (void)test;
    struct event_list list;
    event_list_init(&list);
    struct event first = leased(0, 10);
    struct event second = leased(10, 1);
    struct event third = leased(11, 1013);
    event_list_add(&list, &first);
    event_list_add(&list, &second);
    event_list_add(&list, &third);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.events[0].span, 1024);
    event_list_release(&list);
}

/* Each change alone keeps two neighbours apart. */
static void neighbours_that_differ_in_anything_else_stay_two(void **test)
{
    (void)test;
    for (unsigned what = 0; what < 11; what++) {
        struct event first = leased(0, 10);
        struct event second = leased(10, 1);
        struct event_list list;
        event_list_init(&list);
        second.kind = what == 0 ? DELIVERY_EVENT_ACCEPTED : second.kind;
        second.provider = what == 1 ? 4 : second.provider;
        second.step = what == 2;
        second.offset = (uint16_t)(second.offset + (what == 3));
        second.offset = (uint16_t)(second.offset - (what == 4));
        second.reason = what == 5 ? 200 : 0;
        second.lease += what == 6;
        second.worker += what == 7;
        second.at_ms += what == 8;
        second.due_ms = what == 9 ? NOW_MS : 0;
        second.ref = what == 10 ? slice_str("id") : second.ref;
        event_list_add(&list, &first);
        event_list_add(&list, &second);
        assert_int_equal(list.count, 2);
        event_list_release(&list);
    }
}

static void two_references_of_the_same_provider_are_not_joined(void **test)
{
    (void)test;
    struct event_list list;
    struct event_list back;
    struct buf block = {0};
    event_list_init(&list);
    event_list_init(&back);
    struct event first = leased(0, 1);
    struct event second = leased(1, 1);
    first.ref = slice_str("a");
    second.ref = slice_str("bc");
    event_list_add(&list, &first);
    event_list_add(&list, &second);
    event_block_encode(&list, &block);
    assert_int_equal(event_block_decode(buf_view(&block), &back), ERR_OK);
    assert_int_equal(back.count, 2);
    assert_slice_is(back.events[0].ref, "a");
    assert_slice_is(back.events[1].ref, "bc");
    event_list_release(&list);
    event_list_release(&back);
    buf_release(&block);
}

/* Version 1, of so few events written by older programs only. If this test fails, old journals are
 * not read any more. */
static const uint8_t GOLDEN_COLUMNS[] = {
    0x01, 0x00, 0x49, 0x03, 0x00, 0x68, 0xe5, 0xcf, 0x8b, 0x01, 0x00, 0x00, 0x01, 0x00, 0x02, 0x00,
    0x00, 0xe8, 0x07, 0x02, 0x80, 0x10, 0x97, 0x08, 0xe5, 0x07, 0x00, 0x03, 0x00, 0x00, 0x02, 0x00,
    0x94, 0x03, 0xda, 0x04, 0x00, 0x95, 0x80, 0x80, 0x80, 0x80, 0xe0, 0x01, 0x03, 0x88, 0xef, 0x99,
    0xab, 0xc5, 0xe8, 0x8c, 0x91, 0x11, 0x01, 0x00, 0x02, 0x02, 0x00, 0x50, 0x00, 0x02, 0x00, 0x00,
    0xe2, 0xd4, 0x03, 0x02, 0x00, 0x00, 0x0a, 0x6d, 0x73, 0x67, 0x2d, 0x31};
/* Version 2 of the same events. */
static const uint8_t GOLDEN_ROWS[] = {
    0x02, 0x03, 0x80, 0xd0, 0x95, 0xff, 0xbc, 0x31, 0x00, 0x00, 0x91, 0x03, 0x03, 0x95,
    0x80, 0x80, 0x80, 0x80, 0xe0, 0x01, 0x80, 0x08, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33,
    0x22, 0x11, 0x01, 0x00, 0xd3, 0x01, 0x03, 0xca, 0x01, 0x95, 0x80, 0x80, 0x80, 0x80,
    0xe0, 0x01, 0x50, 0xf4, 0x03, 0x02, 0xf4, 0x03, 0x37, 0x03, 0xf7, 0x03, 0xe0, 0xd4,
    0x03, 0x95, 0x80, 0x80, 0x80, 0x80, 0xe0, 0x01, 0x05, 0x6d, 0x73, 0x67, 0x2d, 0x31};

static void golden_events(struct event events[3])
{
    events[0] = leased(0, 1024);
    events[1] = leased(0, 500);
    events[2] = leased(500, 1);
    events[1].kind = DELIVERY_EVENT_ACCEPTED;
    events[1].worker = 0;
    events[1].at_ms = NOW_MS + 40;
    events[1].reason = 202;
    events[2].kind = DELIVERY_EVENT_DEFERRED;
    events[2].worker = 0;
    events[2].at_ms = NOW_MS + 40;
    events[2].due_ms = NOW_MS + 30040;
    events[2].reason = 503;
    events[2].ref = slice_str("msg-1");
}

static void assert_golden(struct slice block)
{
    struct event events[3];
    struct event_list back;
    event_list_init(&back);
    golden_events(events);
    assert_int_equal(event_block_decode(block, &back), ERR_OK);
    assert_int_equal(back.count, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_events_equal(&back.events[i], &events[i]);
    }
    event_list_release(&back);
}

static void a_block_of_version_1_is_read(void **test)
{
    (void)test;
    assert_golden(slice_of(GOLDEN_COLUMNS, sizeof(GOLDEN_COLUMNS)));
}

static void the_block_of_version_2_stays_as_it_is(void **test)
{
    (void)test;
    struct event events[3];
    struct event_list list;
    struct buf block = {0};
    event_list_init(&list);
    golden_events(events);
    for (unsigned i = 0; i < 3; i++) {
        event_list_add(&list, &events[i]);
    }
    event_block_encode(&list, &block);
    if (block.len != sizeof(GOLDEN_ROWS) || memcmp(block.data, GOLDEN_ROWS, block.len) != 0) {
        for (size_t i = 0; i < block.len; i++) {
            print_message("0x%02x, ", block.data[i]);
        }
        fail_msg("another block of %zu bytes", block.len);
    }
    assert_golden(slice_of(GOLDEN_ROWS, sizeof(GOLDEN_ROWS)));
    event_list_release(&list);
    buf_release(&block);
}

/* What a flood of receipts costs: a block each. */
static void a_receipt_alone_takes_few_bytes(void **test)
{
    (void)test;
    struct event_list list;
    struct buf block = {0};
    event_list_init(&list);
    const struct event receipt = {
        .kind = DELIVERY_EVENT_DELIVERED, .provider = 1, .offset = 700, .span = 1, .at_ms = NOW_MS};
    event_list_add(&list, &receipt);
    event_block_encode(&list, &block);
    assert_int_equal(block.data[0], EVENT_BLOCK_ROWS);
    assert_int_equal(block.len, 13);
    event_list_release(&list);
    buf_release(&block);
}

static void many_events_are_written_as_columns(void **test)
{
    (void)test;
    struct event_list list;
    struct buf block = {0};
    event_list_init(&list);
    for (unsigned i = 0; i <= EVENT_ROWS_MAX; i++) {
        struct event event = leased(i * 2, 1);
        buf_clear(&block);
        event_list_add(&list, &event);
        event_block_encode(&list, &block);
        assert_int_equal(block.data[0],
                         list.count <= EVENT_ROWS_MAX ? EVENT_BLOCK_ROWS : EVENT_BLOCK_COLUMNS);
    }
    event_list_release(&list);
    buf_release(&block);
}

static void a_time_that_has_just_passed_is_kept(void **test)
{
    (void)test;
    for (unsigned count = 1; count < 20; count++) {
        struct event_list list;
        struct event_list back;
        struct buf block = {0};
        event_list_init(&list);
        event_list_init(&back);
        for (unsigned i = 0; i < count; i++) {
            struct event event = leased(i * 2, 1);
            event.due_ms = event.at_ms - i;
            event_list_add(&list, &event);
        }
        event_block_encode(&list, &block);
        assert_int_equal(event_block_decode(buf_view(&block), &back), ERR_OK);
        assert_int_equal(back.count, count);
        for (unsigned i = 0; i < count; i++) {
            assert_true(back.events[i].due_ms == NOW_MS - i);
        }
        event_list_release(&list);
        event_list_release(&back);
        buf_release(&block);
    }
}

static void assert_truncations_are_refused(const uint8_t *block, size_t block_len)
{
    struct event_list back;
    event_list_init(&back);
    for (size_t len = 0; len < block_len; len++) {
        uint8_t *copy = mem_copy(block, len);
        assert_int_equal(event_block_decode(slice_of(copy, len), &back), ERR_CORRUPT);
        assert_int_equal(back.count, 0);
        mem_free(copy);
    }
    event_list_release(&back);
}

static void every_truncation_is_refused(void **test)
{
    (void)test;
    assert_truncations_are_refused(GOLDEN_COLUMNS, sizeof(GOLDEN_COLUMNS));
    assert_truncations_are_refused(GOLDEN_ROWS, sizeof(GOLDEN_ROWS));
}

static void a_row_with_unknown_fields_or_more_bytes_is_refused(void **test)
{
    (void)test;
    struct event_list back;
    struct buf block = {0};
    event_list_init(&back);
    for (unsigned fields = 0; fields <= 512; fields += 512) {
        buf_clear(&block);
        buf_u8(&block, EVENT_BLOCK_ROWS);
        buf_u8(&block, 1);
        buf_varint(&block, NOW_MS);
        buf_u8(&block, DELIVERY_EVENT_DELIVERED);
        buf_varint(&block, 3);
        buf_varint(&block, fields);
        assert_int_equal(event_block_decode(buf_view(&block), &back),
                         fields == 0 ? ERR_OK : ERR_CORRUPT);
    }
    buf_u8(&block, 0);
    block.data[block.len - 3] = 0; /* no fields, but a byte behind them */
    assert_int_equal(event_block_decode(buf_view(&block), &back), ERR_CORRUPT);
    event_list_release(&back);
    buf_release(&block);
}

static void a_large_block_is_packed_and_its_truncations_are_refused(void **test)
{
    (void)test;
    struct dice dice = {5};
    struct event_list list;
    struct event_list back;
    struct buf block = {0};
    uint8_t ref[OUTCOME_REF_MAX];
    event_list_init(&list);
    event_list_init(&back);
    for (unsigned i = 0; i < 500; i++) {
        struct event event = random_event(&dice, ref);
        event.ref = slice_of(NULL, 0);
        event_list_add(&list, &event);
    }
    event_block_encode(&list, &block);
    assert_int_equal(block.data[1], 1);
    for (size_t len = 0; len < block.len; len += 1 + len / 7) {
        uint8_t *copy = mem_copy(block.data, len);
        assert_int_equal(event_block_decode(slice_of(copy, len), &back), ERR_CORRUPT);
        mem_free(copy);
    }
    assert_int_equal(event_block_decode(buf_view(&block), &back), ERR_OK);
    assert_int_equal(back.count, list.count);
    event_list_release(&list);
    event_list_release(&back);
    buf_release(&block);
}

static void assert_flips_are_sound(const uint8_t *block, size_t len)
{
    struct event_list back;
    event_list_init(&back);
    for (size_t bit = 0; bit < len * 8; bit++) {
        uint8_t *copy = mem_copy(block, len);
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (event_block_decode(slice_of(copy, len), &back) == ERR_OK) {
            for (unsigned i = 0; i < back.count; i++) {
                assert_true(back.events[i].span >= 1);
                assert_true(back.events[i].offset + back.events[i].span <= PAGE_RECIPIENTS);
            }
        }
        mem_free(copy);
    }
    event_list_release(&back);
}

/* Whatever is decoded is sound: nothing in it reaches beyond a page. */
static void flipped_bits_never_give_unsound_events(void **test)
{
    (void)test;
    assert_flips_are_sound(GOLDEN_COLUMNS, sizeof(GOLDEN_COLUMNS));
    assert_flips_are_sound(GOLDEN_ROWS, sizeof(GOLDEN_ROWS));
}

static void a_later_version_is_told_apart_from_damage(void **test)
{
    (void)test;
    struct event_list back;
    event_list_init(&back);
    uint8_t *copy = mem_copy(GOLDEN_ROWS, sizeof(GOLDEN_ROWS));
    copy[0] = EVENT_BLOCK_NEWEST + 1;
    assert_int_equal(event_block_decode(slice_of(copy, sizeof(GOLDEN_ROWS)), &back),
                     ERR_UNSUPPORTED);
    mem_free(copy);
    event_list_release(&back);
}

static void a_small_block_cannot_claim_much(void **test)
{
    (void)test;
    struct event_list back;
    struct buf block = {0};
    event_list_init(&back);
    buf_u8(&block, EVENT_BLOCK_COLUMNS);
    buf_u8(&block, 1);
    buf_varint(&block, 60 * 1024 * 1024);
    buf_str(&block, "tiny");
    assert_int_equal(event_block_decode(buf_view(&block), &back), ERR_CORRUPT);
    buf_clear(&block);
    struct buf body = {0};
    buf_varint(&body, EVENT_BLOCK_MAX + 1);
    buf_u64(&body, NOW_MS);
    for (unsigned c = 0; c < 11; c++) {
        buf_u8(&body, 0);
        buf_varint(&body, 1);
    }
    buf_u8(&block, EVENT_BLOCK_COLUMNS);
    buf_u8(&block, 0);
    buf_blob(&block, buf_view(&body));
    assert_int_equal(event_block_decode(buf_view(&block), &back), ERR_CORRUPT);
    buf_release(&body);
    buf_release(&block);
    event_list_release(&back);
}

static void campaign_events_have_names_and_stored_numbers(void **test)
{
    (void)test;
    assert_string_equal(campaign_event_name(CAMPAIGN_EVENT_LAUNCHED), "launched");
    assert_string_equal(campaign_event_name(CAMPAIGN_EVENTS), "?");
    assert_int_equal(CAMPAIGN_EVENT_LAUNCHED, 0);
    assert_int_equal(CAMPAIGN_EVENT_PAUSED, 1);
    assert_int_equal(CAMPAIGN_EVENT_RESUMED, 2);
    assert_int_equal(CAMPAIGN_EVENT_CANCELLED, 3);
    assert_int_equal(CAMPAIGN_EVENT_FINISHED, 4);
    assert_int_equal(CAMPAIGN_EVENT_ROUND, 12);
    assert_int_equal(CAMPAIGN_EVENT_ROUND_WHOLE, 13);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_events_come_back_as_they_were),
        cmocka_unit_test(neighbours_that_differ_only_in_their_place_become_one),
        cmocka_unit_test(neighbours_that_differ_in_anything_else_stay_two),
        cmocka_unit_test(two_references_of_the_same_provider_are_not_joined),
        cmocka_unit_test(a_block_of_version_1_is_read),
        cmocka_unit_test(the_block_of_version_2_stays_as_it_is),
        cmocka_unit_test(a_receipt_alone_takes_few_bytes),
        cmocka_unit_test(many_events_are_written_as_columns),
        cmocka_unit_test(a_time_that_has_just_passed_is_kept),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(a_row_with_unknown_fields_or_more_bytes_is_refused),
        cmocka_unit_test(a_large_block_is_packed_and_its_truncations_are_refused),
        cmocka_unit_test(flipped_bits_never_give_unsound_events),
        cmocka_unit_test(a_later_version_is_told_apart_from_damage),
        cmocka_unit_test(a_small_block_cannot_claim_much),
        cmocka_unit_test(campaign_events_have_names_and_stored_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
