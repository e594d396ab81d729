/* SPDX-License-Identifier: Apache-2.0 */
/* Each way of this machine against libsodium, which hashes one message at a time. */
#include <sodium.h>
#include <string.h>

#include "common/hash_lanes.h"
#include "tests/unit/unit.h"

enum { BLOCKS = 5 };

static const uint8_t personal[HASH_PERSONAL_BYTES] = "tocsin test";
static uint8_t bytes[HASH_LANES][BLOCKS * HASH_BLOCK_BYTES];

static void assert_hashed(const size_t lengths[HASH_LANES])
{
    static const uint8_t salt[crypto_generichash_blake2b_SALTBYTES];
    struct hash_message messages[HASH_LANES];
    uint8_t digests[HASH_LANES][HASH_DIGEST_BYTES];
    uint8_t expected[HASH_DIGEST_BYTES];
    memset(bytes, 0, sizeof(bytes));
    for (unsigned lane = 0; lane < HASH_LANES; lane++) {
        randombytes_buf(bytes[lane], lengths[lane]);
        messages[lane] = (struct hash_message){bytes[lane], lengths[lane]};
    }
    for (unsigned way = 0; way < hash_lanes_ways(); way++) {
        hash_lanes_by(way, digests, messages, personal);
        for (unsigned lane = 0; lane < HASH_LANES; lane++) {
            crypto_generichash_blake2b_salt_personal(expected, sizeof(expected), bytes[lane],
                                                     lengths[lane], NULL, 0, salt, personal);
            assert_memory_equal(digests[lane], expected, sizeof(expected));
        }
    }
}

static void every_length_is_hashed(void **state)
{
    (void)state;
    for (size_t len = 0; len <= sizeof(bytes[0]); len++) {
        size_t lengths[HASH_LANES];
        for (unsigned lane = 0; lane < HASH_LANES; lane++) {
            lengths[lane] = len;
        }
        assert_hashed(lengths);
    }
}

/* None waits for the longest, and none is disturbed by it. */
static void lanes_may_have_any_lengths_beside_one_another(void **state)
{
    (void)state;
    static const size_t edges[] = {0, 1, 127, 128, 129, 255, 256, 257, 511, 512, 513, 640};
    for (unsigned turn = 0; turn < 2000; turn++) {
        size_t lengths[HASH_LANES];
        for (unsigned lane = 0; lane < HASH_LANES; lane++) {
            lengths[lane] = turn % 2 == 0 ? edges[randombytes_uniform(12)]
                                          : randombytes_uniform(sizeof(bytes[0]) + 1);
        }
        assert_hashed(lengths);
    }
}

static void what_it_is_of_makes_another_digest(void **state)
{
    (void)state;
    static const uint8_t other[HASH_PERSONAL_BYTES] = "tocsin tesT";
    struct hash_message messages[HASH_LANES];
    uint8_t digests[2][HASH_LANES][HASH_DIGEST_BYTES];
    memset(bytes, 0, sizeof(bytes));
    for (unsigned lane = 0; lane < HASH_LANES; lane++) {
        messages[lane] = (struct hash_message){bytes[lane], 10};
    }
    hash_lanes(digests[0], messages, personal);
    hash_lanes(digests[1], messages, other);
    assert_memory_not_equal(digests[0][0], digests[1][0], HASH_DIGEST_BYTES);
    assert_memory_equal(digests[0][0], digests[0][7], HASH_DIGEST_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_is_hashed),
        cmocka_unit_test(lanes_may_have_any_lengths_beside_one_another),
        cmocka_unit_test(what_it_is_of_makes_another_digest),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
