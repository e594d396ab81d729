/* SPDX-License-Identifier: Apache-2.0 */
/* BATCH and CONTENT. */
#include "proto/wire.h"
#include "tests/unit/wire_examples.h"
#include "tests/unit/wire_fixture.h"

static void batch_survives(void **state)
{
    struct fixture *fixture = *state;
    struct wire_message message = example(WIRE_BATCH);
    expect_ok(fixture, &message);
    const struct wire_batch *got = &fixture->message.batch;
    assert_int_equal(got->epoch, 9);
    assert_int_equal(got->lease, 77);
    assert_int_equal(got->campaign, 5);
    assert_int_equal(got->page, 12);
    assert_int_equal(got->provider, 3);
    assert_int_equal(got->step, 1);
    assert_int_equal(got->spread_ms, 1000);
    assert_int_equal(got->wait_ms, 20);
    assert_int_equal(got->count, 3);
    assert_false(got->whole);
    assert_memory_equal(&got->places, &message.batch.places, sizeof(got->places));
    assert_true(got->not_after_ms == message.batch.not_after_ms);
    assert_memory_equal(got->attempts, message.batch.attempts, 3);
    assert_memory_equal(got->endpoints, message.batch.endpoints, 3);
    assert_true(got->page_bytes.data == message.batch.page_bytes.data);
}

static void a_whole_page_is_a_small_message(void **state)
{
    struct fixture *fixture = *state;
    struct wire_message message = example(WIRE_BATCH);
    message.batch.whole = true;
    message.batch.count = PAGE_RECIPIENTS;
    message.batch.attempts = NULL;
    message.batch.endpoints = NULL;
    expect_ok(fixture, &message);
    assert_in_range(fixture->frame.len, 1, 32);
    assert_true(fixture->message.batch.whole);
    assert_int_equal(bitmap_count(&fixture->message.batch.places), PAGE_RECIPIENTS);
    assert_null(fixture->message.batch.attempts);
    assert_null(fixture->message.batch.endpoints);
}

static void batch_has_limits(void **state)
{
    struct fixture *fixture = *state;
    struct wire_message message = example(WIRE_BATCH);
    message.batch.provider = WIRE_PROVIDERS_MAX;
    expect_refusal(fixture, &message, ERR_INVALID, "provider is 64");
    message = example(WIRE_BATCH);
    message.batch.page = WIRE_PAGE_NUMBER_MAX + 1;
    expect_refusal(fixture, &message, ERR_INVALID, "page is");
    message = example(WIRE_BATCH);
    message.batch.count = 0;
    expect_refusal(fixture, &message, ERR_INVALID, "count is 0");
    static const uint8_t zeros[PAGE_RECIPIENTS + 1];
    message.batch.count = PAGE_RECIPIENTS + 1;
    message.batch.attempts = zeros;
    message.batch.endpoints = zeros;
    expect_refusal(fixture, &message, ERR_INVALID, "count is 1025");
    message = example(WIRE_BATCH);
    bitmap_set(&message.batch.places, 5);
    expect_refusal(fixture, &message, ERR_INVALID, "places names 4 recipients, but count is 3");
    message = example(WIRE_BATCH);
    message.batch.page_bytes = none;
    expect_refusal(fixture, &message, ERR_INVALID, "page is missing");
}

static void expect_batch_field_refusal(struct fixture *fixture, unsigned tag, size_t len,
                                       const char *words)
{
    static const uint8_t zeros[BITMAP_BYTES + 1];
    struct buf body = {0};
    put_varint_field(&body, 8, 3);
    put_bytes_field(&body, tag, slice_of(zeros, len));
    wrap(fixture, WIRE_BATCH, &body);
    expect_problem(fixture, decode_frame(fixture, slice_str("page")), ERR_INVALID, words);
}

static void columns_of_a_batch_have_its_length(void **state)
{
    struct fixture *fixture = *state;
    expect_batch_field_refusal(fixture, 9, BITMAP_BYTES - 1, "places has 127 bytes");
    expect_batch_field_refusal(fixture, 9, BITMAP_BYTES + 1, "places has 129 bytes");
    expect_batch_field_refusal(fixture, 10, 2, "attempts has 2 bytes for 3 recipients");
    expect_batch_field_refusal(fixture, 10, 4, "attempts has 4 bytes for 3 recipients");
    expect_batch_field_refusal(fixture, 11, 2, "endpoints has 2 bytes for 3 recipients");
}

static void batch_numbers_do_not_wrap(void **state)
{
    struct fixture *fixture = *state;
    struct buf body = {0};
    put_varint_field(&body, 5, 256 + 3);
    put_varint_field(&body, 8, 3);
    wrap(fixture, WIRE_BATCH, &body);
    expect_problem(fixture, decode_frame(fixture, slice_str("page")), ERR_INVALID,
                   "provider is 259");
    put_varint_field(&body, 6, 256);
    put_varint_field(&body, 8, 3);
    wrap(fixture, WIRE_BATCH, &body);
    expect_problem(fixture, decode_frame(fixture, slice_str("page")), ERR_INVALID, "step is 256");
    put_varint_field(&body, 8, 65536 + 3);
    wrap(fixture, WIRE_BATCH, &body);
    expect_problem(fixture, decode_frame(fixture, slice_str("page")), ERR_INVALID,
                   "count is 65539");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WIRE_TEST(batch_survives),
        WIRE_TEST(a_whole_page_is_a_small_message),
        WIRE_TEST(batch_has_limits),
        WIRE_TEST(columns_of_a_batch_have_its_length),
        WIRE_TEST(batch_numbers_do_not_wrap),
    };
    return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
