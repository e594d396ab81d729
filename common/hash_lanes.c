/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One body, compiled for each kind of machine and chosen when it runs. A lane whose message is at
 * its end stands still while longer ones go on.
 */
#include "common/hash_lanes.h"

#include <string.h>

#define WORDS  16 /* of a block */
#define ROUNDS 12

typedef uint64_t lanes __attribute__((vector_size(8 * HASH_LANES)));

/* RFC 7693, sections 2.6 and 2.7. */
static const uint64_t initial[8] = {
    UINT64_C(0x6a09e667f3bcc908), UINT64_C(0xbb67ae8584caa73b), UINT64_C(0x3c6ef372fe94f82b),
    UINT64_C(0xa54ff53a5f1d36f1), UINT64_C(0x510e527fade682d1), UINT64_C(0x9b05688c2b3e6c1f),
    UINT64_C(0x1f83d9abfb41bd6b), UINT64_C(0x5be0cd19137e2179),
};
static const uint8_t order[10][WORDS] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};

/* Between blocks: h of all lanes, and for the present block how many bytes are taken with it, and
 * all bits set in lanes of which it is the last, and in those that it is of at all. */
struct hashing {
    uint64_t state[8][HASH_LANES];
    uint64_t taken[HASH_LANES];
    uint64_t last[HASH_LANES];
    uint64_t live[HASH_LANES];
    const uint8_t *blocks[HASH_LANES];
};

#define ALWAYS_INLINE static inline __attribute__((always_inline))

#define ROTATED(word, bits) ((word) >> (bits) | (word) << (64 - (bits)))
#define MIX(a, b, c, d, x, y)                                                                      \
    do {                                                                                           \
        (a) += (b) + (x);                                                                          \
        (d) = ROTATED((d) ^ (a), 32);                                                              \
        (c) += (d);                                                                                \
        (b) = ROTATED((b) ^ (c), 24);                                                              \
        (a) += (b) + (y);                                                                          \
        (d) = ROTATED((d) ^ (a), 16);                                                              \
        (c) += (d);                                                                                \
        (b) = ROTATED((b) ^ (c), 63);                                                              \
    } while (0)

ALWAYS_INLINE uint64_t little_endian(uint64_t word)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return __builtin_bswap64(word);
#else
    return word;
#endif
}

ALWAYS_INLINE uint64_t word_at(const uint8_t *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof(word));
    return little_endian(word);
}

ALWAYS_INLINE void load(lanes *to, const uint64_t from[HASH_LANES])
{
    memcpy(to, from, sizeof(*to));
}

ALWAYS_INLINE void mix_rounds(lanes v[WORDS], const lanes m[WORDS])
{
#pragma GCC unroll 12
    for (unsigned round = 0; round < ROUNDS; round++) {
        const uint8_t *s = order[round % 10];
        MIX(v[0], v[4], v[8], v[12], m[s[0]], m[s[1]]);
        MIX(v[1], v[5], v[9], v[13], m[s[2]], m[s[3]]);
        MIX(v[2], v[6], v[10], v[14], m[s[4]], m[s[5]]);
        MIX(v[3], v[7], v[11], v[15], m[s[6]], m[s[7]]);
        MIX(v[0], v[5], v[10], v[15], m[s[8]], m[s[9]]);
        MIX(v[1], v[6], v[11], v[12], m[s[10]], m[s[11]]);
        MIX(v[2], v[7], v[8], v[13], m[s[12]], m[s[13]]);
        MIX(v[3], v[4], v[9], v[14], m[s[14]], m[s[15]]);
    }
}

ALWAYS_INLINE void compress(struct hashing *hashing)
{
    lanes m[WORDS];
    lanes v[WORDS];
    lanes h[8];
    lanes of_all;
    for (unsigned i = 0; i < WORDS; i++) {
        uint64_t words[HASH_LANES];
        for (unsigned lane = 0; lane < HASH_LANES; lane++) {
            words[lane] = word_at(hashing->blocks[lane] + 8 * (size_t)i);
        }
        load(&m[i], words);
    }
    for (unsigned i = 0; i < 8; i++) {
        load(&h[i], hashing->state[i]);
        v[i] = h[i];
        v[8 + i] = (lanes){0} + initial[i];
    }
    load(&of_all, hashing->taken);
    v[12] ^= of_all;
    load(&of_all, hashing->last);
    v[14] ^= of_all;
    mix_rounds(v, m);
    load(&of_all, hashing->live);
    for (unsigned i = 0; i < 8; i++) {
        h[i] ^= (v[i] ^ v[8 + i]) & of_all;
        memcpy(hashing->state[i], &h[i], sizeof(h[i]));
    }
}

static void compress_plain(struct hashing *hashing)
{
    compress(hashing);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void compress_avx2(struct hashing *hashing)
{
    compress(hashing);
}

__attribute__((target("avx512f,avx512vl"))) static void compress_avx512(struct hashing *hashing)
{
    compress(hashing);
}
#endif

typedef void (*compress_fn)(struct hashing *hashing);

/* What each way needs, the next needs too. */
static const compress_fn ways[] = {
    compress_plain,
#if defined(__x86_64__)
    compress_avx2,
    compress_avx512,
#endif
};

unsigned hash_lanes_ways(void)
{
    unsigned count = 1;
#if defined(__x86_64__)
    count += __builtin_cpu_supports("avx2") != 0;
    count += count == 2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl");
#endif
    return count;
}

/* The block of each lane; false when none has one. */
static bool next_blocks(struct hashing *hashing, const struct hash_message *messages, size_t from)
{
    uint64_t any = 0;
    for (unsigned lane = 0; lane < HASH_LANES; lane++) {
        const struct hash_message *message = &messages[lane];
        size_t left = message->len > from ? message->len - from : 0;
        bool is_live = left > 0 || from == 0;
        bool is_last = left <= HASH_BLOCK_BYTES;
        hashing->blocks[lane] = message->bytes + (is_live ? from : 0);
        hashing->taken[lane] = is_last ? message->len : from + HASH_BLOCK_BYTES;
        hashing->last[lane] = is_last ? UINT64_MAX : 0;
        hashing->live[lane] = is_live ? UINT64_MAX : 0;
        any |= hashing->live[lane];
    }
    return any != 0;
}

void hash_lanes_by(unsigned way, uint8_t digests[HASH_LANES][HASH_DIGEST_BYTES],
                   const struct hash_message messages[HASH_LANES],
                   const uint8_t personal[HASH_PERSONAL_BYTES])
{
    struct hashing hashing;
    uint64_t first[8];
    memcpy(first, initial, sizeof(first));
    first[0] ^= UINT64_C(0x01010000) ^ HASH_DIGEST_BYTES; /* fanout and depth 1, no key */
    first[6] ^= word_at(personal);
    first[7] ^= word_at(personal + 8);
    for (unsigned i = 0; i < 8; i++) {
        for (unsigned lane = 0; lane < HASH_LANES; lane++) {
            hashing.state[i][lane] = first[i];
        }
    }
    for (size_t from = 0; next_blocks(&hashing, messages, from); from += HASH_BLOCK_BYTES) {
        ways[way](&hashing);
    }
    for (unsigned lane = 0; lane < HASH_LANES; lane++) {
        uint64_t words[HASH_DIGEST_BYTES / 8];
        for (unsigned i = 0; i < HASH_DIGEST_BYTES / 8; i++) {
            words[i] = little_endian(hashing.state[i][lane]);
        }
        memcpy(digests[lane], words, HASH_DIGEST_BYTES);
    }
}

void hash_lanes(uint8_t digests[HASH_LANES][HASH_DIGEST_BYTES],
                const struct hash_message messages[HASH_LANES],
                const uint8_t personal[HASH_PERSONAL_BYTES])
{
    hash_lanes_by(hash_lanes_ways() - 1, digests, messages, personal);
}
