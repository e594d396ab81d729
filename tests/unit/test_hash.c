/* SPDX-License-Identifier: Apache-2.0 */
/* The vectors are those of the authors: key 00 01 ... 0f, messages 00 01 ... */
#include "common/hash.h"
#include "tests/unit/unit.h"

static const uint8_t key[HASH_KEY_BYTES] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

static void siphash_gives_the_published_64_bits(void **state)
{
    (void)state;
    static const uint8_t message[15] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
    assert_true(hash_keyed64(key, slice_of(NULL, 0)) == UINT64_C(0x726fdb47dd0e0e31));
    assert_true(hash_keyed64(key, slice_of(message, 15)) == UINT64_C(0xa129ca6149be45e5));
}

static void siphash_gives_the_published_128_bits(void **state)
{
    (void)state;
    struct hash128 hash = hash_keyed128(key, slice_of(NULL, 0));
    assert_true(hash.low == UINT64_C(0xe6a825ba047f81a3));
    assert_true(hash.high == UINT64_C(0x930255c71472f66d));
}

static void blake2b_gives_the_known_digest(void **state)
{
    (void)state;
    static const uint8_t expected[HASH_DIGEST_BYTES] = {
        0xbd, 0xdd, 0x81, 0x3c, 0x63, 0x42, 0x39, 0x72, 0x31, 0x71, 0xef,
        0x3f, 0xee, 0x98, 0x57, 0x9b, 0x94, 0x96, 0x4e, 0x3b, 0xb1, 0xcb,
        0x3e, 0x42, 0x72, 0x62, 0xc8, 0xc0, 0x68, 0xd5, 0x23, 0x19,
    };
    uint8_t digest[HASH_DIGEST_BYTES];
    hash_digest(digest, slice_str("abc"));
    assert_memory_equal(digest, expected, sizeof(expected));
}

static void another_key_gives_another_hash(void **state)
{
    (void)state;
    static const uint8_t other[HASH_KEY_BYTES] = {1};
    assert_true(hash_keyed64(key, slice_str("a")) != hash_keyed64(other, slice_str("a")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(siphash_gives_the_published_64_bits),
        cmocka_unit_test(siphash_gives_the_published_128_bits),
        cmocka_unit_test(blake2b_gives_the_known_digest),
        cmocka_unit_test(another_key_gives_another_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
