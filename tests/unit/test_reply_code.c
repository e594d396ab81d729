/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/reply_code.h"
#include "tests/unit/unit.h"

static const uint8_t key[HASH_KEY_BYTES] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

static void a_code_is_the_same_for_ever(void **state)
{
    (void)state;
    char code[REPLY_CODE_CHARS];
    reply_code_write(7, 1023, key, code);
    assert_memory_equal(code, "YDGY", REPLY_CODE_CHARS);
}

static void codes_are_spread_over_campaigns_people_and_keys(void **state)
{
    (void)state;
    static uint8_t seen[1 << 20];
    static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    unsigned again = 0;
    for (uint32_t i = 0; i < 30000; i++) {
        char code[REPLY_CODE_CHARS];
        uint8_t other[HASH_KEY_BYTES] = {(uint8_t)i, (uint8_t)(i >> 8)};
        reply_code_write(i % 3 == 0 ? i : 7, i % 3 == 1 ? i : 7, i % 3 == 2 ? other : key, code);
        uint32_t number = 0;
        for (unsigned c = 0; c < REPLY_CODE_CHARS; c++) {
            const char *at = strchr(letters, code[c]);
            assert_true(code[c] != '\0' && at != NULL);
            number = number << 5 | (uint32_t)(at - letters);
        }
        again += seen[number]++ != 0;
    }
    assert_in_range(again, 300, 560); /* 30,000 balls in 1,048,576 boxes: 425 expected */
}

static void expect_code(const char *message, const char *expected)
{
    char code[REPLY_CODE_CHARS];
    assert_true(reply_code_read(slice_str(message), code));
    assert_memory_equal(code, expected, REPLY_CODE_CHARS);
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
}

static void any_other_message_is_no_reply(void **state)
{
    (void)state;
    static const char *const messages[] = {
        "",      "ACK",      "7KQ2",      "ACK 7KQ",        "ACK 7KQ22",  "ACK 7KQ2 thanks",
        "STOP",  "ACK-7KQ2", "ACK 7KU2",  "ACK 7K\xc3\xa9", "NACK 7KQ2",  "ACK 7KQ\xc2",
        "A\0CK", "AKC 7KQ2", "ACK 7KQ2.", "\xc2\xa0",       "I ACK 7KQ2", "ACK \xef\xbc\x97KQ2",
    };
    char code[REPLY_CODE_CHARS];
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        assert_false(reply_code_read(slice_str(messages[i]), code));
    }
    assert_false(reply_code_read(slice_of("ACK\0"
                                          "7KQ2",
                                          8),
                                 code));
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        char message[3 + REPLY_CODE_CHARS + 1] = "ACK";
        char code[REPLY_CODE_CHARS];
        reply_code_write(i, i * 7, key, message + 3);
        assert_true(reply_code_read(slice_str(message), code));
        assert_memory_equal(code, message + 3, REPLY_CODE_CHARS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_is_the_same_for_ever),
        cmocka_unit_test(codes_are_spread_over_campaigns_people_and_keys),
        cmocka_unit_test(a_reply_is_read_in_any_case_and_with_blanks),
        cmocka_unit_test(any_other_message_is_no_reply),
        cmocka_unit_test(what_is_written_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
