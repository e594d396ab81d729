/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OUTCOMES, the one message with columns, and what its many parts may cost.
 */
#include <stdio.h>

#include "proto/wire.h"
#include "tests/unit/wire_fixture.h"

static const struct outcome_run runs[] = {
    {0, 100, OUTCOME_ACCEPTED, 0, 0, 1763800000500, {NULL, 0}},
    {100, 1, OUTCOME_DEFERRED, 451, 60000, 1763800000100, {(const uint8_t *)"ref-1", 5}},
    {1023, 1, OUTCOME_UNCERTAIN, REASON_CONNECTION_LOST, 0, 1763800000900, {NULL, 0}},
};
static const struct wire_outcome_group groups[] = {
    {77, 5, 0, 3, runs, 0, 0},
    {78, UINT64_MAX, WIRE_PAGE_NUMBER_MAX, 1, runs, PAGE_RECIPIENTS, UINT32_MAX},
};

static void expect_runs(const struct wire_outcome_group *got, const struct outcome_run *expected,
                        unsigned count)
{
    assert_int_equal(got->run_count, count);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(got->runs[i].offset, expected[i].offset);
        assert_int_equal(got->runs[i].span, expected[i].span);
        assert_int_equal(got->runs[i].outcome, expected[i].outcome);
        assert_int_equal(got->runs[i].reason, expected[i].reason);
        assert_int_equal(got->runs[i].retry_after_ms, expected[i].retry_after_ms);
        assert_true(got->runs[i].at_ms == expected[i].at_ms);
        assert_true(slice_equal(got->runs[i].ref, expected[i].ref));
    }
}

static void outcomes_survive(void **state)
{
    struct fixture *fixture = *state;
    struct wire_message message = {.type = WIRE_OUTCOMES};
    message.outcomes = (struct wire_outcomes){9, UINT64_MAX, 1, 2, groups};
    expect_ok(fixture, &message);
    const struct wire_outcomes *got = &fixture->message.outcomes;
    assert_int_equal(got->epoch, 9);
    assert_true(got->instance == UINT64_MAX);
    assert_int_equal(got->seq, 1);
    assert_int_equal(got->group_count, 2);
    assert_int_equal(got->groups[0].lease, 77);
    assert_int_equal(got->groups[0].campaign, 5);
    assert_int_equal(got->groups[0].page, 0);
    expect_runs(&got->groups[0], runs, 3);
    assert_true(got->groups[1].campaign == UINT64_MAX);
    assert_int_equal(got->groups[1].page, WIRE_PAGE_NUMBER_MAX);
    expect_runs(&got->groups[1], runs, 1);
    assert_int_equal(got->groups[0].timed, 0);
    assert_int_equal(got->groups[1].timed, PAGE_RECIPIENTS);
    assert_int_equal(got->groups[1].latency_ms, UINT32_MAX);
}

static struct wire_message outcomes_of(struct wire_outcome_group *group,
                                       const struct outcome_run *of, unsigned count)
{
    *group = (struct wire_outcome_group){1, 2, 3, count, of, 0, 0};
    struct wire_message message = {.type = WIRE_OUTCOMES};
    message.outcomes = (struct wire_outcomes){1, 2, 3, 1, group};
    return message;
}

static void a_page_that_went_well_is_a_few_bytes(void **state)
{
    struct fixture *fixture = *state;
    static const struct outcome_run well = {0, PAGE_RECIPIENTS, OUTCOME_ACCEPTED, 0,
                                            0, 1763800000500,   {NULL, 0}};
    struct wire_outcome_group group;
    struct wire_message message = outcomes_of(&group, &well, 1);
    expect_ok(fixture, &message);
    expect_runs(&fixture->message.outcomes.groups[0], &well, 1);
    assert_in_range(fixture->frame.len, 1, 44);
}

static void extreme_runs_survive(void **state)
{
    struct fixture *fixture = *state;
    uint8_t ref[OUTCOME_REF_MAX];
    memset(ref, 0xff, sizeof(ref)); /* a ref is bytes, not text */
    const struct outcome_run extreme[] = {
        {1023, 1, OUTCOMES - 1, UINT16_MAX, UINT32_MAX, UINT64_MAX, slice_of(ref, sizeof(ref))},
        {0, PAGE_RECIPIENTS, 0, 0, 0, 0, none},
        {512, 512, 1, 1, 1, UINT64_C(1) << 63, none},
    };
    struct wire_outcome_group group;
    struct wire_message message = outcomes_of(&group, extreme, 3);
    expect_ok(fixture, &message);
    expect_runs(&fixture->message.outcomes.groups[0], extreme, 3);
    message.outcomes.group_count = 0;
    expect_ok(fixture, &message);
    message = outcomes_of(&group, extreme, 0);
    expect_ok(fixture, &message);
    assert_int_equal(fixture->message.outcomes.groups[0].run_count, 0);
}

static void a_page_of_runs_that_all_differ_survives(void **state)
{
    struct fixture *fixture = *state;
    struct outcome_run many[PAGE_RECIPIENTS];
    uint8_t refs[PAGE_RECIPIENTS][8];
    for (unsigned i = 0; i < PAGE_RECIPIENTS; i++) {
        memset(refs[i], (int)i, sizeof(refs[i]));
        many[i] = (struct outcome_run){(uint16_t)(PAGE_RECIPIENTS - 1 - i),
                                       1,
                                       (uint8_t)(i * 7 % OUTCOMES),
                                       (uint16_t)(i * 31 % 600),
                                       i * 977 % 5000,
                                       1763800000000 + i * 7919 % 3000,
                                       slice_of(refs[i], i % (sizeof(refs[i]) + 1))};
    }
    struct wire_outcome_group group;
    struct wire_message message = outcomes_of(&group, many, PAGE_RECIPIENTS);
    expect_ok(fixture, &message);
    expect_runs(&fixture->message.outcomes.groups[0], many, PAGE_RECIPIENTS);
}

static void expect_run_refusal(struct fixture *fixture, struct outcome_run run, const char *words)
{
    struct wire_outcome_group group;
    struct wire_message message = outcomes_of(&group, &run, 1);
    expect_refusal(fixture, &message, ERR_INVALID, words);
}

static void runs_have_limits(void **state)
{
    struct fixture *fixture = *state;
    static const uint8_t ref[OUTCOME_REF_MAX + 1];
    struct outcome_run good = {.offset = 7, .span = 1};
    struct outcome_run bad = good;
    bad.offset = PAGE_RECIPIENTS;
    expect_run_refusal(fixture, bad, "offsets holds 1024, more than 1023");
    bad = good;
    bad.span = 0;
    expect_run_refusal(fixture, bad, "spans holds");
    bad.span = PAGE_RECIPIENTS + 1;
    expect_run_refusal(fixture, bad, "spans holds 1024");
    bad.span = PAGE_RECIPIENTS - 6;
    expect_run_refusal(fixture, bad, "run 0 goes from 7 over 1018 places");
    bad = good;
    bad.outcome = OUTCOMES;
    expect_run_refusal(fixture, bad, "outcomes holds 7, more than 6");
    bad = good;
    bad.ref = slice_of(ref, OUTCOME_REF_MAX + 1);
    expect_run_refusal(fixture, bad, "ref_lengths holds 129, more than 128");
    bad.ref = slice_of(ref, 5);
    bad.span = 2;
    expect_run_refusal(fixture, bad, "run 0 has one ref for 2 recipients");
}

/* An OUTCOMES with one group of two runs, and one field of it as given. */
static void expect_group_field_refusal(struct fixture *fixture, unsigned tag, struct slice bytes,
                                       const char *words)
{
    struct buf group = {0};
    struct buf body = {0};
    put_varint_field(&group, 4, 2);
    put_bytes_field(&group, tag, bytes);
    put_bytes_field(&body, 4, buf_view(&group));
    buf_release(&group);
    wrap(fixture, WIRE_OUTCOMES, &body);
    expect_problem(fixture, decode_frame(fixture, none), ERR_INVALID, words);
}

static void columns_of_a_group_give_its_count(void **state)
{
    struct fixture *fixture = *state;
    static const char *const names[] = {"offsets",        "spans", "outcomes",   "reasons",
                                        "retry_after_ms", "at_ms", "ref_lengths"};
    for (unsigned i = 0; i < 7; i++) {
        char words[64];
        snprintf(words, sizeof(words), "%s is not a column of 2 values", names[i]);
        expect_group_field_refusal(fixture, 6 + i, slice_of("\x02\x01", 2), words);
        expect_group_field_refusal(fixture, 6 + i, slice_of("\x03\x01\x03", 3), words);
        expect_group_field_refusal(fixture, 6 + i, slice_of("\x00\x01\x00", 3), words);
        expect_group_field_refusal(fixture, 6 + i, slice_of("\x09\x01", 2), words);
    }
    expect_group_field_refusal(fixture, 9, slice_of("\x00\x80\x80\x04", 4),
                               "reasons holds 65536, more than 65535");
    expect_group_field_refusal(fixture, 10, slice_of("\x00\x80\x80\x80\x80\x10", 6),
                               "retry_after_ms holds 4294967296");
}

static void refs_are_as_long_as_their_lengths_say(void **state)
{
    struct fixture *fixture = *state;
    expect_group_field_refusal(fixture, 12, slice_of("\x00\x03", 2), "do not add up to 0 bytes");
    expect_group_field_refusal(fixture, 13, slice_str("ref"), "do not add up to 3 bytes");
}

static void too_many_runs_are_refused_before_they_are_allocated(void **state)
{
    struct fixture *fixture = *state;
    static const uint64_t claims[] = {WIRE_GROUP_RUNS_MAX + 1, UINT32_MAX};
    for (unsigned i = 0; i < 2; i++) {
        struct buf group = {0};
        struct buf body = {0};
        put_varint_field(&group, 4, claims[i]);
        put_bytes_field(&body, 4, buf_view(&group));
        buf_release(&group);
        wrap(fixture, WIRE_OUTCOMES, &body);
        expect_problem(fixture, decode_frame(fixture, none), ERR_LIMIT, "runs are more than 1024");
        assert_in_range(fixture->arena.used_bytes, 0, 4096);
    }
}

static void all_groups_together_have_a_limit_of_runs(void **state)
{
    struct fixture *fixture = *state;
    struct buf group = {0};
    struct buf body = {0};
    put_varint_field(&group, 4, WIRE_GROUP_RUNS_MAX);
    unsigned most = WIRE_RUNS_MAX / WIRE_GROUP_RUNS_MAX;
    for (unsigned i = 0; i < most; i++) {
        put_bytes_field(&body, 4, buf_view(&group));
    }
    struct buf more = {0};
    buf_slice(&more, buf_view(&body));
    put_bytes_field(&more, 4, buf_view(&group));
    buf_release(&group);
    wrap(fixture, WIRE_OUTCOMES, &body);
    assert_int_equal(decode_frame(fixture, none), ERR_OK);
    assert_int_equal(fixture->message.outcomes.group_count, most);
    wrap(fixture, WIRE_OUTCOMES, &more);
    expect_problem(fixture, decode_frame(fixture, none), ERR_LIMIT, "1024 runs are more than 0");
}

/* A group of nothing costs two bytes on the wire and a struct in memory. */
static void a_message_that_claims_many_parts_is_refused_within_the_budget(void **state)
{
    struct fixture *fixture = *state;
    static const unsigned counts[] = {WIRE_GROUPS_MAX + 1, 1000 * 1000};
    for (unsigned i = 0; i < 2; i++) {
        struct buf body = {0};
        for (unsigned n = 0; n < counts[i]; n++) {
            put_bytes_field(&body, 4, none);
        }
        wrap(fixture, WIRE_OUTCOMES, &body);
        expect_problem(fixture, decode_frame(fixture, none), ERR_LIMIT,
                       i == 0 ? "257 groups are more than 256" : "claims too many parts");
        assert_in_range(fixture->arena.used_bytes, 0, 2 * fixture->frame.len + 300000);
    }
}

static void many_unknown_fields_are_refused_within_the_budget(void **state)
{
    struct fixture *fixture = *state;
    buf_clear(&fixture->frame);
    for (unsigned n = 0; n < 1000 * 1000; n++) {
        put_varint_field(&fixture->frame, 15, 0);
    }
    expect_problem(fixture, decode_frame(fixture, none), ERR_LIMIT, "claims too many parts");
    assert_in_range(fixture->arena.used_bytes, 0, 2 * fixture->frame.len + 300000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WIRE_TEST(outcomes_survive),
        WIRE_TEST(a_page_that_went_well_is_a_few_bytes),
        WIRE_TEST(extreme_runs_survive),
        WIRE_TEST(a_page_of_runs_that_all_differ_survives),
        WIRE_TEST(runs_have_limits),
        WIRE_TEST(columns_of_a_group_give_its_count),
        WIRE_TEST(refs_are_as_long_as_their_lengths_say),
        WIRE_TEST(too_many_runs_are_refused_before_they_are_allocated),
        WIRE_TEST(all_groups_together_have_a_limit_of_runs),
        WIRE_TEST(a_message_that_claims_many_parts_is_refused_within_the_budget),
        WIRE_TEST(many_unknown_fields_are_refused_within_the_budget),
    };
    return cmocka_run_group_tests_name("wire_outcomes", tests, NULL, NULL);
}
