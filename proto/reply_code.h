/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reply_code: what a recipient writes back to acknowledge where there are no links: "ACK 7KQ2". A
 * code is a number in Crockford's base32 (digits and letters without I, L, O and U; who writes I or
 * L means 1, who writes O means 0), of four to eight characters. "7KQ2" and "07KQ2" are two codes.
 *
 * Each campaign has a range of the numbers of one length for itself, as long as replies to it are
 * taken, so no two campaigns have a code in common (coordinator/content/reply_ranges.h). Within
 * its range a campaign's own permutation, keyed by its delivery key, takes each recipient's ordinal
 * to a number, so no two recipients have one in common, and who knows his own code knows nobody
 * else's. Nothing is stored for a recipient, and a code leads back to him without a search.
 *
 * It is short, so it proves nothing alone: a reply counts only if it comes from an endpoint of the
 * recipient.
 */
#ifndef TOCSIN_PROTO_REPLY_CODE_H
#define TOCSIN_PROTO_REPLY_CODE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/hash.h"
#include "common/slice.h"

#define REPLY_CODE_CHARS_MIN 4
#define REPLY_CODE_CHARS_MAX 8
#define REPLY_RANGE_MAX      (UINT64_C(1) << 32) /* ordinals have 32 bits */

struct reply_code {
    unsigned count; /* of the characters, REPLY_CODE_CHARS_MIN to REPLY_CODE_CHARS_MAX */
    char chars[REPLY_CODE_CHARS_MAX]; /* no zero at the end */
};

/* The codes of `chars` characters whose numbers are [first, first + count). */
struct reply_range {
    unsigned chars;
    uint64_t first;
    uint64_t count; /* at least the campaign's slots; 0: there are no codes */
};

/* A campaign's codes. A value. */
struct reply_codes {
    struct reply_range range;
    uint8_t key[HASH_KEY_BYTES];
    unsigned bits; /* of the numbers that are permuted */
};

/* How many codes of so many characters there are. */
static inline uint64_t reply_code_space(unsigned chars)
{
    return UINT64_C(1) << (5 * chars);
}
/* False if it has no codes, more than REPLY_RANGE_MAX, or some that cannot be. */
bool reply_range_is_sound(const struct reply_range *range);

/* The range is sound; delivery_key is the campaign's. */
void reply_codes_init(struct reply_codes *codes, const struct reply_range *range, uint64_t campaign,
                      const uint8_t delivery_key[HASH_KEY_BYTES]);
/* The recipient's; the ordinal is below range.count. */
void reply_code_write(const struct reply_codes *codes, uint32_t ordinal, struct reply_code *code);
/* Whose it is, if there is such a recipient: the ordinal may be behind the campaign's slots. False:
 * it is none of this campaign's codes. */
bool reply_code_owner(const struct reply_codes *codes, const struct reply_code *code,
                      uint32_t *ordinal);
/* Is it one of the range? */
bool reply_range_has(const struct reply_range *range, const struct reply_code *code);

/* The code in a reply, which is all of the message: `ACK` and the code, in any case, with blanks
 * (ASCII or no-break) wherever they are. False for any other message. */
bool reply_code_read(struct slice message, struct reply_code *code);
/* The code alone, likewise. */
bool reply_code_parse(struct slice text, struct reply_code *code);

#endif
