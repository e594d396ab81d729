/* SPDX-License-Identifier: Apache-2.0 */
#include "common/webhook_sign.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define KEY_PREFIX "whsec_"
#define MAC_CHARS  44 /* of base64 for 32 bytes */

/* libsodium 1.0.18 takes every byte beyond ASCII for a slash. */
static bool is_ascii(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

bool webhook_key_read(struct slice text, struct webhook_key *key)
{
    size_t prefix_len = sizeof(KEY_PREFIX) - 1;
    key->len = 0;
    if (text.len < prefix_len || memcmp(text.data, KEY_PREFIX, prefix_len) != 0 ||
        !is_ascii(text)) {
        return false;
    }
    const char *encoded = (const char *)text.data + prefix_len;
    size_t encoded_len = text.len - prefix_len;
    bool is_padded = encoded_len % 4 == 0;
    const char *end;
    int code = sodium_base642bin(
        key->bytes, sizeof(key->bytes), encoded, encoded_len, NULL, &key->len, &end,
        is_padded ? sodium_base64_VARIANT_ORIGINAL : sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
    if (code == 0 && end == encoded + encoded_len && key->len >= WEBHOOK_KEY_MIN_BYTES) {
        return true;
    }
    webhook_key_release(key);
    return false;
}

void webhook_key_release(struct webhook_key *key)
{
    sodium_memzero(key, sizeof(*key));
}

static void sign_by(struct buf *signature, const struct webhook_key *key, struct slice id,
                    uint64_t timestamp_s, struct slice body)
{
    char timestamp[24];
    (void)snprintf(timestamp, sizeof(timestamp), ".%" PRIu64 ".", timestamp_s);
    crypto_auth_hmacsha256_state state;
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    (void)crypto_auth_hmacsha256_init(&state, key->bytes, key->len);
    (void)crypto_auth_hmacsha256_update(&state, id.data, id.len);
    (void)crypto_auth_hmacsha256_update(&state, (const uint8_t *)timestamp, strlen(timestamp));
    (void)crypto_auth_hmacsha256_update(&state, body.data, body.len);
    (void)crypto_auth_hmacsha256_final(&state, mac);
    sodium_memzero(&state, sizeof(state));
    char encoded[MAC_CHARS + 1];
    buf_printf(signature, "v1,%s",
               sodium_bin2base64(encoded, sizeof(encoded), mac, sizeof(mac),
                                 sodium_base64_VARIANT_ORIGINAL));
}

void webhook_sign(struct buf *signature, const struct webhook_key *keys, size_t count,
                  struct slice id, uint64_t timestamp_s, struct slice body)
{
    assert(count > 0 && id.len > 0 && memchr(id.data, '.', id.len) == NULL);
    for (size_t i = 0; i < count; i++) {
        buf_str(signature, i == 0 ? "" : " ");
        sign_by(signature, &keys[i], id, timestamp_s, body);
    }
}
