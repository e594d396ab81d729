/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of later versions, cut, flipped, too large, or of nothing. */
#include "proto/wire.h"
#include "tests/unit/wire_examples.h"
#include "tests/unit/wire_fixture.h"

static void a_type_of_a_later_version_is_unsupported(void **state)
{
    struct fixture *fixture = *state;
    buf_clear(&fixture->frame);
    put_bytes_field(&fixture->frame, WIRE_TYPES + 1, slice_str("whatever"));
    expect_problem(fixture, decode_frame(fixture, none), ERR_UNSUPPORTED, "message type 15 ");
    buf_clear(&fixture->frame);
    put_varint_field(&fixture->frame, 58, 1);
    expect_problem(fixture, decode_frame(fixture, none), ERR_UNSUPPORTED, "message type 57 ");
}

static void fields_of_a_later_version_are_passed_over(void **state)
{
    struct fixture *fixture = *state;
    for (unsigned type = 0; type < WIRE_TYPES; type++) {
        struct wire_message message = example((enum wire_type)type);
        buf_clear(&fixture->frame);
        wire_encode(&message, &fixture->frame);
        put_varint_field(&fixture->frame, 99, 1);
        put_bytes_field(&fixture->frame, 98, slice_str("more"));
        struct slice payload = type == WIRE_BATCH ? slice_str("page") : none;
        assert_int_equal(decode_frame(fixture, payload), ERR_OK);
        assert_int_equal(fixture->message.type, type);
    }
}

static void nothing_is_no_message(void **state)
{
    struct fixture *fixture = *state;
    expect_problem(fixture, decode_frame(fixture, none), ERR_INVALID, "without a message");
    buf_str(&fixture->frame, "\xff\xff\xff\xff garbage");
    expect_problem(fixture, decode_frame(fixture, none), ERR_INVALID, "not a message");
}

static void frames_have_limits(void **state)
{
    struct fixture *fixture = *state;
    (void)buf_reserve(&fixture->frame, WIRE_FRAME_MAX + 1);
    fixture->frame.len = WIRE_FRAME_MAX + 1;
    memset(fixture->frame.data, 0, fixture->frame.len);
    expect_problem(fixture, decode_frame(fixture, none), ERR_LIMIT, "4194305 bytes");
    assert_int_equal(fixture->arena.used_bytes, 0);
    struct wire_message message = example(WIRE_BATCH);
    message.batch.page_bytes.len = WIRE_PAGE_FRAME_MAX + 1;
    expect_refusal(fixture, &message, ERR_LIMIT, "a page of");
}

static void only_a_batch_has_a_second_frame(void **state)
{
    struct fixture *fixture = *state;
    for (unsigned type = 0; type < WIRE_TYPES; type++) {
        struct wire_message message = example((enum wire_type)type);
        buf_clear(&fixture->frame);
        wire_encode(&message, &fixture->frame);
        enum err err = decode_frame(fixture, slice_str("page"));
        assert_int_equal(err, type == WIRE_BATCH ? ERR_OK : ERR_INVALID);
    }
}

/* A frame that ends between two fields is a message with the rest at its defaults: it may be taken
 * or refused. */
static void a_frame_cut_anywhere_does_no_harm(void **state)
{
    struct fixture *fixture = *state;
    for (unsigned type = 0; type < WIRE_TYPES; type++) {
        struct wire_message message = example((enum wire_type)type);
        struct buf whole = {0};
        wire_encode(&message, &whole);
        for (size_t len = 0; len < whole.len; len++) {
            buf_release(&fixture->frame);
            buf_append(&fixture->frame, whole.data, len);
            assert_int_not_equal(decode_frame(fixture, slice_str("page")), ERR_OK);
            /* the same inside of the envelope, whose length is then right */
            struct buf body = {0};
            size_t header = whole.data[1] < 0x80 ? 2 : 3;
            if (len >= header) {
                buf_append(&body, whole.data + header, len - header);
                wrap(fixture, (enum wire_type)type, &body);
                (void)!decode_frame(fixture, type == WIRE_BATCH ? slice_str("page") : none);
            }
        }
        buf_release(&whole);
    }
}

static void a_flipped_bit_does_no_harm(void **state)
{
    struct fixture *fixture = *state;
    for (unsigned type = 0; type < WIRE_TYPES; type++) {
        struct wire_message message = example((enum wire_type)type);
        buf_clear(&fixture->frame);
        wire_encode(&message, &fixture->frame);
        for (size_t bit = 0; bit < fixture->frame.len * 8; bit++) {
            fixture->frame.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            (void)!decode_frame(fixture, type == WIRE_BATCH ? slice_str("page") : none);
            fixture->frame.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
}

static void encode_appends(void **state)
{
    struct fixture *fixture = *state;
    struct wire_message message = example(WIRE_DRAIN);
    buf_str(&fixture->frame, "before");
    wire_encode(&message, &fixture->frame);
    assert_memory_equal(fixture->frame.data, "before\x5a\x02\x08\x09", 10);
    assert_int_equal(fixture->frame.len, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WIRE_TEST(a_type_of_a_later_version_is_unsupported),
        WIRE_TEST(fields_of_a_later_version_are_passed_over),
        WIRE_TEST(nothing_is_no_message),
        WIRE_TEST(frames_have_limits),
        WIRE_TEST(only_a_batch_has_a_second_frame),
        WIRE_TEST(a_frame_cut_anywhere_does_no_harm),
        WIRE_TEST(a_flipped_bit_does_no_harm),
        WIRE_TEST(encode_appends),
    };
    return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
