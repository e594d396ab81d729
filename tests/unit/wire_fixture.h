/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire_fixture: what the tests of the wire share: a frame on its way through decoder and arena, and
 * fields of frames written by hand.
 */
#ifndef TOCSIN_TESTS_UNIT_WIRE_FIXTURE_H
#define TOCSIN_TESTS_UNIT_WIRE_FIXTURE_H

#include "proto/wire.h"
#include "tests/unit/unit.h"

struct fixture {
    struct arena arena;
    struct buf frame;
    struct wire_message message; /* as decoded */
    struct problem problem;
};

static const struct slice none = {NULL, 0};

static inline int set_up(void **state)
{
    static struct fixture fixture;
    memset(&fixture, 0, sizeof(fixture));
    arena_init(&fixture.arena, 4096);
    *state = &fixture;
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *fixture = *state;
    arena_release(&fixture->arena);
    buf_release(&fixture->frame);
    return 0;
}

static inline enum err decode_frame(struct fixture *fixture, struct slice payload)
{
    arena_reset(&fixture->arena);
    fixture->problem = (struct problem){0};
    memset(&fixture->message, 0xa5, sizeof(fixture->message));
    enum err err = wire_decode(buf_view(&fixture->frame), payload, &fixture->arena,
                               &fixture->message, &fixture->problem);
    assert_int_equal(err == ERR_OK, fixture->problem.text[0] == '\0');
    assert_int_equal(err, fixture->problem.err);
    return err;
}

static inline enum err round_trip(struct fixture *fixture, const struct wire_message *message)
{
    buf_clear(&fixture->frame);
    wire_encode(message, &fixture->frame);
    return decode_frame(fixture, message->type == WIRE_BATCH ? message->batch.page_bytes : none);
}

static inline void expect_ok(struct fixture *fixture, const struct wire_message *message)
{
    enum err err = round_trip(fixture, message);
    assert_string_equal(fixture->problem.text, "");
    assert_int_equal(err, ERR_OK);
    assert_int_equal(fixture->message.type, message->type);
}

static inline void expect_problem(struct fixture *fixture, enum err err, enum err expected,
                                  const char *words)
{
    assert_int_equal(err, expected);
    if (strstr(fixture->problem.text, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", fixture->problem.text, words);
    }
}

static inline void expect_refusal(struct fixture *fixture, const struct wire_message *message,
                                  enum err expected, const char *words)
{
    expect_problem(fixture, round_trip(fixture, message), expected, words);
}

/* Frames by hand */

static inline void put_varint_field(struct buf *buf, unsigned tag, uint64_t value)
{
    buf_varint(buf, (uint64_t)tag << 3);
    buf_varint(buf, value);
}

static inline void put_bytes_field(struct buf *buf, unsigned tag, struct slice bytes)
{
    buf_varint(buf, (uint64_t)tag << 3 | 2);
    buf_blob(buf, bytes);
}

static inline void wrap(struct fixture *fixture, enum wire_type type, struct buf *body)
{
    buf_clear(&fixture->frame);
    put_bytes_field(&fixture->frame, (unsigned)type + 1, buf_view(body));
    buf_release(body);
}

#define WIRE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
