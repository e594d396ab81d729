/* SPDX-License-Identifier: Apache-2.0 */
#include "common/text.h"
#include "proto/token.h"
#include "tests/unit/unit.h"

static const uint8_t key[HASH_KEY_BYTES] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
static const struct token example = {
    .campaign = 0x0504030201, .ordinal = 0x09080706, .step = 10, .attempt = 11};
/* 01 01 02 03 04 05 06 07 08 09 0a 0b and SipHash-2-4-128 of it. */
static const char example_text[TOKEN_CHARS + 1] = "AQECAwQFBgcICQoLADxi8UEX5i2ECSzm";

static bool is_read(const char *text, size_t len, const uint8_t *with)
{
    struct token token;
    return token_read(slice_of(text, len), with, &token);
}

static void version_1_is_written_for_ever_as_it_is(void **state)
{
    (void)state;
    char text[TOKEN_CHARS];
    token_write(&example, key, text);
    assert_memory_equal(text, example_text, TOKEN_CHARS);
    assert_memory_equal(text, "AQECAwQFBgcICQoL", 16);
}

static void what_was_written_is_read_back(void **state)
{
    (void)state;
    static const struct token tokens[] = {
        {0, 0, 0, 0, 0},
        {(UINT64_C(1) << 40) - 1, UINT32_MAX, TOKEN_STEPS - 1, UINT8_MAX, TOKEN_ROUNDS - 1},
        {0x0504030201, 0x09080706, 10, 11, 0},
        {0x0504030201, 0x09080706, 10, 11, 3},
    };
    for (unsigned i = 0; i < 4; i++) {
        char text[TOKEN_CHARS];
        struct token token = {0};
        token_write(&tokens[i], key, text);
        assert_true(token_read(slice_of(text, TOKEN_CHARS), key, &token));
        assert_true(token.campaign == tokens[i].campaign);
        assert_int_equal(token.ordinal, tokens[i].ordinal);
        assert_int_equal(token.step, tokens[i].step);
        assert_int_equal(token.attempt, tokens[i].attempt);
        assert_int_equal(token.round, tokens[i].round);
    }
}

static void a_token_claims_its_campaign_whatever_its_key_is(void **state)
{
    (void)state;
    uint64_t campaign = 0;
    assert_true(token_claims(slice_str(example_text), &campaign));
    assert_true(campaign == example.campaign);
    char text[TOKEN_CHARS + 1];
    memcpy(text, example_text, sizeof(text));
    text[TOKEN_CHARS - 1] = 'A'; /* the MAC is not looked at */
    assert_true(token_claims(slice_str(text), &campaign));
    text[0] = 'B'; /* another version */
    assert_false(token_claims(slice_str(text), &campaign));
    assert_false(token_claims(slice_of(example_text, TOKEN_CHARS - 1), &campaign));
    assert_false(token_claims(slice_str("................................"), &campaign));
}

static void any_other_character_anywhere_is_refused(void **state)
{
    (void)state;
    for (unsigned at = 0; at < TOKEN_CHARS; at++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            char text[TOKEN_CHARS];
            memcpy(text, example_text, TOKEN_CHARS);
            if (text[at] == (char)byte) {
                continue;
            }
            text[at] = (char)byte;
            assert_false(is_read(text, TOKEN_CHARS, key));
        }
    }
}

static void a_token_of_another_length_is_refused(void **state)
{
    (void)state;
    char longer[TOKEN_CHARS + 1];
    memcpy(longer, example_text, TOKEN_CHARS);
    longer[TOKEN_CHARS] = 'A';
    assert_false(is_read(longer, TOKEN_CHARS + 1, key));
    for (size_t len = 0; len < TOKEN_CHARS; len++) {
        assert_false(is_read(example_text, len, key));
    }
}

static void a_token_of_another_key_is_refused(void **state)
{
    (void)state;
    uint8_t other[HASH_KEY_BYTES];
    memcpy(other, key, sizeof(other));
    other[15] ^= 1;
    assert_true(is_read(example_text, TOKEN_CHARS, key));
    assert_false(is_read(example_text, TOKEN_CHARS, other));
}

/* A token with a version of our choice and the right MAC. */
static bool is_version_read(uint8_t version)
{
    uint8_t bytes[24] = {version, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    struct hash128 mac = hash_keyed128(key, slice_of(bytes, 12));
    for (unsigned i = 0; i < 12; i++) {
        bytes[12 + i] = (uint8_t)((i < 8 ? mac.low : mac.high) >> (i % 8 * 8));
    }
    struct buf text = {0};
    text_base64url(&text, slice_of(bytes, sizeof(bytes)));
    bool is_ok = is_read((const char *)text.data, text.len, key);
    buf_release(&text);
    return is_ok;
}

static void a_token_of_another_version_is_refused(void **state)
{
    (void)state;
    assert_true(is_version_read(1));
    assert_false(is_version_read(0));
    assert_false(is_version_read(2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_1_is_written_for_ever_as_it_is),
        cmocka_unit_test(what_was_written_is_read_back),
        cmocka_unit_test(a_token_claims_its_campaign_whatever_its_key_is),
        cmocka_unit_test(any_other_character_anywhere_is_refused),
        cmocka_unit_test(a_token_of_another_length_is_refused),
        cmocka_unit_test(a_token_of_another_key_is_refused),
        cmocka_unit_test(a_token_of_another_version_is_refused),
    };
    return cmocka_run_group_tests_name("token", tests, NULL, NULL);
}
