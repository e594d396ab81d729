/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker writes a token for every attempt, so writing takes no heap and its base64url is spelled
 * out here: 24 bytes are exactly 32 characters, without padding and without spare bits. Reading is
 * as rare as receipts are and takes the general decoder.
 */
#include "proto/token.h"

#include <assert.h>

#include "common/text.h"

enum { TOKEN_VERSION = 1, TOKEN_BYTES = 24, TOKEN_PLAIN_BYTES = 12, TOKEN_MAC_BYTES = 12 };

static void put_le(uint8_t *at, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

static uint64_t get_le(const uint8_t *at, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++) {
        value |= (uint64_t)at[i] << (8 * i);
    }
    return value;
}

static void put_mac(uint8_t *at, const uint8_t *plain, const uint8_t key[HASH_KEY_BYTES])
{
    struct hash128 mac = hash_keyed128(key, slice_of(plain, TOKEN_PLAIN_BYTES));
    put_le(at, mac.low, 8);
    put_le(at + 8, mac.high, TOKEN_MAC_BYTES - 8);
}

void token_write(const struct token *token, const uint8_t key[HASH_KEY_BYTES],
                 char text[TOKEN_CHARS])
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    assert(token->campaign >> 40 == 0);
    assert(token->step < TOKEN_STEPS && token->round < TOKEN_ROUNDS);
    uint8_t bytes[TOKEN_BYTES];
    bytes[0] = TOKEN_VERSION;
    put_le(bytes + 1, token->campaign, 5);
    put_le(bytes + 6, token->ordinal, 4);
    bytes[10] = (uint8_t)(token->round << 4 | token->step);
    bytes[11] = token->attempt;
    put_mac(bytes + TOKEN_PLAIN_BYTES, bytes, key);
    const uint8_t *in = bytes;
    for (char *out = text; out < text + TOKEN_CHARS; out += 4, in += 3) {
        uint32_t word = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
        out[0] = alphabet[word >> 18];
        out[1] = alphabet[word >> 12 & 63];
        out[2] = alphabet[word >> 6 & 63];
        out[3] = alphabet[word & 63];
    }
}

static bool decode(struct slice text, uint8_t bytes[TOKEN_BYTES])
{
    size_t len = 0;
    return text.len == TOKEN_CHARS && text_base64url_decode(text, bytes, TOKEN_BYTES, &len) &&
           len == TOKEN_BYTES && bytes[0] == TOKEN_VERSION;
}

bool token_claims(struct slice text, uint64_t *campaign)
{
    uint8_t bytes[TOKEN_BYTES];
    if (!decode(text, bytes)) {
        return false;
    }
    *campaign = get_le(bytes + 1, 5);
    return true;
}

bool token_read(struct slice text, const uint8_t key[HASH_KEY_BYTES], struct token *token)
{
    uint8_t bytes[TOKEN_BYTES];
    if (!decode(text, bytes)) {
        return false;
    }
    uint8_t mac[TOKEN_MAC_BYTES];
    put_mac(mac, bytes, key);
    unsigned differ = 0;
    for (unsigned i = 0; i < TOKEN_MAC_BYTES; i++) {
        differ |= (unsigned)mac[i] ^ bytes[TOKEN_PLAIN_BYTES + i];
    }
    if (differ != 0) {
        return false;
    }
    token->campaign = get_le(bytes + 1, 5);
    token->ordinal = (uint32_t)get_le(bytes + 6, 4);
    token->step = bytes[10] & 15;
    token->round = bytes[10] >> 4;
    token->attempt = bytes[11];
    return true;
}
