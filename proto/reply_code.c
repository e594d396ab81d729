/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The permutation is a Feistel network over the fewest bits that hold the range, split in two
 * halves that change each other in turn, with SipHash for its rounds; a number that falls out of
 * the range goes through again until it is within (cycle walking: J. Black, P. Rogaway, "Ciphers
 * with Arbitrary Finite Domains", 2002). The domain is less than twice the range, so that is less
 * than twice on average.
 */
#include "proto/reply_code.h"

#include <assert.h>
#include <string.h>

enum { BITS = 5, LABEL_BYTES = 10, ROUNDS = 8, ROUND_BYTES = 5 };

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
static const char word[] = "ACK";

bool reply_range_is_sound(const struct reply_range *range)
{
    return range->chars >= REPLY_CODE_CHARS_MIN && range->chars <= REPLY_CODE_CHARS_MAX &&
           range->count > 0 && range->count <= REPLY_RANGE_MAX &&
           range->count <= reply_code_space(range->chars) &&
           range->first <= reply_code_space(range->chars) - range->count;
}

void reply_codes_init(struct reply_codes *codes, const struct reply_range *range, uint64_t campaign,
                      const uint8_t delivery_key[HASH_KEY_BYTES])
{
    /* Not the 12 bytes of any token: who has a code has no part of a token's MAC. */
    uint8_t label[LABEL_BYTES] = {'R', 'C'};
    assert(reply_range_is_sound(range));
    for (unsigned i = 0; i < 8; i++) {
        label[2 + i] = (uint8_t)(campaign >> (8 * i));
    }
    struct hash128 key = hash_keyed128(delivery_key, slice_of(label, sizeof(label)));
    codes->range = *range;
    for (unsigned i = 0; i < 8; i++) {
        codes->key[i] = (uint8_t)(key.low >> (8 * i));
        codes->key[8 + i] = (uint8_t)(key.high >> (8 * i));
    }
    codes->bits = 2;
    while (UINT64_C(1) << codes->bits < range->count) {
        codes->bits++;
    }
}

/* One round: one half is changed by the other. */
static void mix(const struct reply_codes *codes, unsigned round, uint32_t halves[2])
{
    const unsigned changed = round % 2;
    const uint32_t other = halves[1 - changed];
    const uint8_t bytes[ROUND_BYTES] = {(uint8_t)round, (uint8_t)other, (uint8_t)(other >> 8),
                                        (uint8_t)(other >> 16), (uint8_t)(other >> 24)};
    const unsigned bits = changed == 0 ? codes->bits / 2 : codes->bits - codes->bits / 2;
    halves[changed] ^= (uint32_t)hash_keyed64(codes->key, slice_of(bytes, sizeof(bytes))) &
                       (uint32_t)((UINT64_C(1) << bits) - 1);
}

static uint64_t permute(const struct reply_codes *codes, uint64_t number, bool is_back)
{
    const unsigned low_bits = codes->bits / 2;
    do {
        uint32_t halves[2] = {(uint32_t)(number & ((UINT64_C(1) << low_bits) - 1)),
                              (uint32_t)(number >> low_bits)};
        for (unsigned round = 0; round < ROUNDS; round++) {
            mix(codes, is_back ? ROUNDS - 1 - round : round, halves);
        }
        number = (uint64_t)halves[1] << low_bits | halves[0];
    } while (number >= codes->range.count);
    return number;
}

void reply_code_write(const struct reply_codes *codes, uint32_t ordinal, struct reply_code *code)
{
    assert(ordinal < codes->range.count);
    uint64_t number = codes->range.first + permute(codes, ordinal, false);
    code->count = codes->range.chars;
    for (unsigned i = code->count; i-- > 0; number >>= BITS) {
        code->chars[i] = alphabet[number & 31];
    }
}

static uint64_t number_of(const struct reply_code *code)
{
    uint64_t number = 0;
    for (unsigned i = 0; i < code->count; i++) {
        const char *at = strchr(alphabet, code->chars[i]);
        assert(code->chars[i] != '\0' && at != NULL);
        number = number << BITS | (uint64_t)(at - alphabet);
    }
    return number;
}

bool reply_range_has(const struct reply_range *range, const struct reply_code *code)
{
    uint64_t number = number_of(code);
    return range->chars == code->count && number >= range->first &&
           number - range->first < range->count;
}

bool reply_code_owner(const struct reply_codes *codes, const struct reply_code *code,
                      uint32_t *ordinal)
{
    if (!reply_range_has(&codes->range, code)) {
        return false;
    }
    *ordinal = (uint32_t)permute(codes, number_of(code) - codes->range.first, true);
    return true;
}

/* The length of the blank that the text begins with, or 0. */
static size_t blank_at(struct slice text)
{
    uint8_t c = text.data[0];
    if (c == ' ' || (c >= '\t' && c <= '\r')) {
        return 1;
    }
    return c == 0xc2 && text.len > 1 && text.data[1] == 0xa0 ? 2 : 0; /* no-break space */
}

static char upper(uint8_t c)
{
    return (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}

/* 0: it stands in no code. */
static char code_char(char c)
{
    if (c == 'O') {
        return '0';
    }
    if (c == 'I' || c == 'L') {
        return '1';
    }
    return c != '\0' && strchr(alphabet, c) != NULL ? c : '\0';
}

/* `before` stands before the code. */
static bool read_behind(const char *before, struct slice message, struct reply_code *code)
{
    const unsigned before_chars = (unsigned)strlen(before);
    unsigned count = 0;
    while (message.len > 0) {
        size_t used = blank_at(message);
        if (used == 0) {
            char c = upper(message.data[0]);
            used = 1;
            if (count < before_chars) {
                if (c != before[count]) {
                    return false;
                }
            } else if (count == before_chars + REPLY_CODE_CHARS_MAX || code_char(c) == '\0') {
                return false;
            } else {
                code->chars[count - before_chars] = code_char(c);
            }
            count++;
        }
        message = slice_of(message.data + used, message.len - used);
    }
    code->count = count < before_chars ? 0 : count - before_chars;
    return code->count >= REPLY_CODE_CHARS_MIN;
}

bool reply_code_read(struct slice message, struct reply_code *code)
{
    return read_behind(word, message, code);
}

bool reply_code_parse(struct slice text, struct reply_code *code)
{
    return read_behind("", text, code);
}
