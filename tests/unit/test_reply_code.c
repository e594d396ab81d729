/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "proto/reply_code.h"
#include "tests/unit/unit.h"

static const uint8_t key[HASH_KEY_BYTES] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
static const uint8_t other_key[HASH_KEY_BYTES] = {15, 14, 13, 12, 11, 10, 9, 8,
                                                  7,  6,  5,  4,  3,  2,  1, 0};

static struct reply_codes codes_of(unsigned chars, uint64_t first, uint64_t count,
                                   uint64_t campaign, const uint8_t *of_key)
{
    struct reply_codes codes;
    const struct reply_range range = {chars, first, count};
    reply_codes_init(&codes, &range, campaign, of_key);
    return codes;
}

static void expect_text(const struct reply_code *code, const char *expected)
{
    assert_int_equal(code->count, strlen(expected));
    assert_memory_equal(code->chars, expected, code->count);
}

static void a_code_is_the_same_for_ever(void **state)
{
    (void)state;
    struct reply_code code;
    struct reply_codes codes = codes_of(4, 8192, 8192, 7, key);
    reply_code_write(&codes, 1023, &code);
    expect_text(&code, "0BT4");
    codes = codes_of(5, 1000000, 10000000, 7, key);
    reply_code_write(&codes, 9999999, &code);
    expect_text(&code, "6CXJ4");
    codes = codes_of(8, 0, REPLY_RANGE_MAX, 7, other_key);
    reply_code_write(&codes, UINT32_MAX, &code);
    expect_text(&code, "03P8RD92");
}

/* All of a range, whatever its size: each number once, and back again. */
static void everybody_has_a_code_of_his_own(void **state)
{
    (void)state;
    static const uint64_t counts[] = {1,  2,    3,     4,     5,     8,       9,      16,
                                      17, 8192, 32768, 32769, 65537, 1000000, 1048576};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        const uint64_t first = reply_code_space(4) - counts[i];
        const struct reply_range below = {4, 0, first};
        struct reply_codes codes = codes_of(4, first, counts[i], i, i % 2 == 0 ? key : other_key);
        uint8_t *seen = calloc(counts[i], 1);
        for (uint32_t ordinal = 0; ordinal < counts[i]; ordinal++) {
            struct reply_code code;
            uint32_t owner;
            reply_code_write(&codes, ordinal, &code);
            assert_true(reply_code_owner(&codes, &code, &owner));
            assert_int_equal(owner, ordinal);
            assert_false(reply_range_has(&below, &code));
            uint64_t number = 0;
            for (unsigned c = 0; c < code.count; c++) {
                static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
                number = number << 5 | (uint64_t)(strchr(letters, code.chars[c]) - letters);
            }
            assert_in_range(number, first, first + counts[i] - 1);
            assert_int_equal(seen[number - first]++, 0);
        }
        free(seen);
    }
}

/* Whoever knows some codes of a campaign knows none of another campaign, or of another key. */
static void codes_are_spread_by_campaign_and_key(void **state)
{
    (void)state;
    const struct reply_codes one = codes_of(4, 0, 100000, 1, key);
    const struct reply_codes two = codes_of(4, 0, 100000, 2, key);
    const struct reply_codes rotated = codes_of(4, 0, 100000, 1, other_key);
    unsigned same = 0;
    unsigned neighbours = 0;
    struct reply_code last = {0};
    for (uint32_t i = 0; i < 100000; i++) {
        struct reply_code a;
        struct reply_code b;
        struct reply_code c;
        reply_code_write(&one, i, &a);
        reply_code_write(&two, i, &b);
        reply_code_write(&rotated, i, &c);
        same += memcmp(a.chars, b.chars, 4) == 0;
        same += memcmp(a.chars, c.chars, 4) == 0;
        neighbours += memcmp(a.chars, last.chars, 3) == 0;
        last = a;
    }
    assert_in_range(same, 0, 12);        /* 2 expected */
    assert_in_range(neighbours, 10, 70); /* 31 expected */
}

/* A reply to one is never taken for the other. */
static void codes_of_two_lengths_are_two_codes(void **state)
{
    (void)state;
    const struct reply_codes four = codes_of(4, 0, reply_code_space(4), 1, key);
    const struct reply_codes five = codes_of(5, 0, reply_code_space(4), 1, key);
    for (uint32_t i = 0; i < 1000; i++) {
        struct reply_code code;
        uint32_t owner;
        reply_code_write(&four, i, &code);
        assert_false(reply_code_owner(&five, &code, &owner));
        reply_code_write(&five, i, &code);
        assert_false(reply_code_owner(&four, &code, &owner));
        assert_int_equal(code.chars[0], '0'); /* and the rest could be one of the four */
    }
}

static void what_is_no_range_is_refused(void **state)
{
    (void)state;
    static const struct reply_range good[] = {
        {4, 0, 1},
        {4, 1048575, 1},
        {4, 0, 1048576},
        {8, (UINT64_C(1) << 40) - 5, 5},
        {7, 0, REPLY_RANGE_MAX},
    };
    static const struct reply_range bad[] = {
        {0, 0, 0},          {3, 0, 1},
        {9, 0, 1},          {4, 0, 0},
        {4, 0, 1048577},    {4, 1, 1048576},
        {4, 1048576, 1},    {4, UINT64_MAX, 2},
        {4, 2, UINT64_MAX}, {8, 0, REPLY_RANGE_MAX + 1},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(reply_range_is_sound(&good[i]));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(reply_range_is_sound(&bad[i]));
    }
}

static void expect_code(const char *message, const char *expected)
{
    struct reply_code code;
    assert_true(reply_code_read(slice_str(message), &code));
    expect_text(&code, expected);
}

static void a_reply_is_read_in_any_case_and_with_blanks(void **state)
{
    (void)state;
    expect_code("ACK 7KQ2", "7KQ2");
    expect_code("ack 7kq2", "7KQ2");
    expect_code("Ack7kQ2", "7KQ2");
    expect_code("  A C K\t7 K Q 2 \r\n", "7KQ2");
    expect_code("ACK\xc2\xa0"
                "7KQ2",
                "7KQ2");
    expect_code("ack oIl9", "0119");
    expect_code("ACK 7KQ22", "7KQ22");
    expect_code("ack 7kq 22m", "7KQ22M");
    expect_code("ACK 7KQ27KQ2", "7KQ27KQ2");
}

static void any_other_message_is_no_reply(void **state)
{
    (void)state;
    static const char *const messages[] = {
        "",      "ACK",      "7KQ2",      "ACK 7KQ",        "ACK 7KQ27KQ27", "ACK 7KQ2 thanks",
        "STOP",  "ACK-7KQ2", "ACK 7KU2",  "ACK 7K\xc3\xa9", "NACK 7KQ2",     "ACK 7KQ\xc2",
        "A\0CK", "AKC 7KQ2", "ACK 7KQ2.", "\xc2\xa0",       "I ACK 7KQ2",    "ACK \xef\xbc\x97KQ2",
    };
    struct reply_code code;
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        assert_false(reply_code_read(slice_str(messages[i]), &code));
    }
    assert_false(reply_code_read(slice_of("ACK\0"
                                          "7KQ2",
                                          8),
                                 &code));
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        char message[3 + REPLY_CODE_CHARS_MAX + 1] = "ACK";
        const unsigned chars = REPLY_CODE_CHARS_MIN + i % 5;
        const struct reply_codes codes = codes_of(chars, i, 8192, i, key);
        struct reply_code written;
        struct reply_code code;
        uint32_t owner;
        reply_code_write(&codes, i * 7, &written);
        memcpy(message + 3, written.chars, written.count);
        assert_true(reply_code_read(slice_str(message), &code));
        assert_true(reply_code_owner(&codes, &code, &owner));
        assert_int_equal(owner, i * 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_is_the_same_for_ever),
        cmocka_unit_test(everybody_has_a_code_of_his_own),
        cmocka_unit_test(codes_are_spread_by_campaign_and_key),
        cmocka_unit_test(codes_of_two_lengths_are_two_codes),
        cmocka_unit_test(what_is_no_range_is_refused),
        cmocka_unit_test(a_reply_is_read_in_any_case_and_with_blanks),
        cmocka_unit_test(any_other_message_is_no_reply),
        cmocka_unit_test(what_is_written_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
