/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text that is read as a token must be what writing that token gives. An input of 16 bytes or
 * more is also taken as a key and the bytes of a token, to reach the other side of the MAC.
 */
#include <assert.h>
#include <stdlib.h>

#include "proto/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_text(struct slice text, const uint8_t key[HASH_KEY_BYTES])
{
    struct token token;
    uint64_t claimed = UINT64_MAX;
    bool has_form = token_claims(text, &claimed);
    assert(has_form == (claimed >> 40 == 0));
    if (token_read(text, key, &token)) {
        char again[TOKEN_CHARS];
        assert(has_form && claimed == token.campaign);
        assert(token.campaign >> 40 == 0);
        token_write(&token, key, again);
        assert(slice_equal(text, slice_of(again, TOKEN_CHARS)));
    }
}

static uint64_t take(const uint8_t **at, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++) {
        value = value << 8 | *(*at)++;
    }
    return value;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t key[HASH_KEY_BYTES] = {0, 1, 2,  3,  4,  5,  6,  7,
                                                8, 9, 10, 11, 12, 13, 14, 15};
    try_text(slice_of(data, size), key);
    if (size >= HASH_KEY_BYTES + 11 + 2) {
        const uint8_t *at = data + HASH_KEY_BYTES;
        struct token token = {.campaign = take(&at, 5), .ordinal = (uint32_t)take(&at, 4)};
        token.step = (uint8_t)take(&at, 1);
        token.round = token.step >> 4;
        token.step &= TOKEN_STEPS - 1;
        token.attempt = (uint8_t)take(&at, 1);
        char text[TOKEN_CHARS];
        token_write(&token, data, text);
        struct token got;
        uint64_t claimed;
        bool is_good = token_claims(slice_of(text, TOKEN_CHARS), &claimed);
        assert(is_good && claimed == token.campaign);
        is_good = token_read(slice_of(text, TOKEN_CHARS), data, &got);
        assert(is_good && got.campaign == token.campaign && got.ordinal == token.ordinal &&
               got.step == token.step && got.round == token.round);
        unsigned place = at[0] % TOKEN_CHARS;
        if (text[place] != (char)at[1]) {
            text[place] = (char)at[1];
            is_good = token_read(slice_of(text, TOKEN_CHARS), data, &got);
            assert(!is_good);
        }
    }
    return 0;
}
