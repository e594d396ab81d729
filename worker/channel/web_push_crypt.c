/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/channel/web_push_crypt.h"

#include <assert.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <string.h>

#define HASH_BYTES   crypto_auth_hmacsha256_BYTES
#define CEK_BYTES    16
#define NONCE_BYTES  12
#define TAG_BYTES    16
#define RECORD_BYTES 4096
#define LAST_RECORD  0x02 /* the delimiter of the last record (RFC 8188 section 2) */
#define JSON_BYTES   4096

/* ---- The subscription ---- */

/* Exactly `len` bytes of base64url or base64, padded or not: libraries differ. */
static bool key_read(const json_t *keys, const char *name, uint8_t *out, size_t len)
{
    const json_t *value = json_object_get(keys, name);
    const char *text = json_string_value(value);
    size_t text_len = json_string_length(value);
    while (text_len > 0 && text[text_len - 1] == '=') {
        text_len--;
    }
    static const int variants[] = {sodium_base64_VARIANT_URLSAFE_NO_PADDING,
                                   sodium_base64_VARIANT_ORIGINAL_NO_PADDING};
    for (size_t i = 0; text_len > 0 && i < sizeof(variants) / sizeof(variants[0]); i++) {
        size_t out_len = 0;
        if (sodium_base642bin(out, len, text, text_len, NULL, &out_len, NULL, variants[i]) == 0 &&
            out_len == len) {
            return true;
        }
    }
    return false;
}

static bool endpoint_read(const json_t *document, char endpoint[WEB_PUSH_ENDPOINT_BYTES + 1])
{
    const json_t *value = json_object_get(document, "endpoint");
    size_t len = json_string_length(value);
    if (len == 0 || len > WEB_PUSH_ENDPOINT_BYTES) {
        return false;
    }
    memcpy(endpoint, json_string_value(value), len + 1);
    for (size_t i = 0; i < len; i++) {
        if (endpoint[i] <= ' ' || endpoint[i] == 0x7f) {
            return false;
        }
    }
    return (len > 8 && strncmp(endpoint, "https://", 8) == 0) ||
           (len > 7 && strncmp(endpoint, "http://", 7) == 0);
}

bool web_push_subscription_read(struct web_push_subscription *subscription, struct slice json)
{
    if (json.len > JSON_BYTES) {
        return false;
    }
    json_t *document = json_loadb((const char *)json.data, json.len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *keys = json_object_get(document, "keys");
    bool is_whole = endpoint_read(document, subscription->endpoint) &&
                    key_read(keys, "p256dh", subscription->point, sizeof(subscription->point)) &&
                    subscription->point[0] == 0x04 &&
                    key_read(keys, "auth", subscription->auth, sizeof(subscription->auth));
    json_decref(document);
    return is_whole;
}

/* ---- Encryption ---- */

static void hmac(uint8_t out[HASH_BYTES], struct slice key, const struct slice *parts, size_t count)
{
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key.data, key.len);
    for (size_t i = 0; i < count; i++) {
        crypto_auth_hmacsha256_update(&state, parts[i].data, parts[i].len);
    }
    crypto_auth_hmacsha256_final(&state, out);
}

/* HKDF-Expand (RFC 5869) of at most one block: the info, and the number of the block. */
#define EXPAND(out, key, ...)                                                                      \
    hmac(out, slice_of(key, sizeof(key)), (const struct slice[]){__VA_ARGS__},                     \
         sizeof((const struct slice[]){__VA_ARGS__}) / sizeof(struct slice))
/* A literal with the zero behind it and then the number of the block. */
#define LABEL(text) slice_of(text "\0\1", sizeof(text) + 1)

struct content_keys {
    uint8_t cek[HASH_BYTES];
    uint8_t nonce[HASH_BYTES];
};

/* RFC 8291 section 3.4. */
static bool keys_derive(struct content_keys *keys, EVP_PKEY *own,
                        const struct web_push_subscription *subscription,
                        const uint8_t own_point[P256_POINT_BYTES],
                        const uint8_t salt[WEB_PUSH_SALT_BYTES])
{
    uint8_t shared[P256_SECRET_BYTES];
    EVP_PKEY *other = p256_public_key(subscription->point);
    bool is_shared = other != NULL && p256_shared(own, other, shared);
    EVP_PKEY_free(other);
    if (!is_shared) {
        ERR_clear_error();
        return false;
    }
    uint8_t prk[HASH_BYTES];
    uint8_t ikm[HASH_BYTES];
    EXPAND(prk, subscription->auth, slice_of(shared, sizeof(shared)));
    EXPAND(ikm, prk, slice_of("WebPush: info", sizeof("WebPush: info")),
           slice_of(subscription->point, P256_POINT_BYTES), slice_of(own_point, P256_POINT_BYTES),
           slice_of("\1", 1));
    hmac(prk, slice_of(salt, WEB_PUSH_SALT_BYTES),
         (const struct slice[]){slice_of(ikm, sizeof(ikm))}, 1);
    EXPAND(keys->cek, prk, LABEL("Content-Encoding: aes128gcm"));
    EXPAND(keys->nonce, prk, LABEL("Content-Encoding: nonce"));
    OPENSSL_cleanse(shared, sizeof(shared));
    OPENSSL_cleanse(prk, sizeof(prk));
    OPENSSL_cleanse(ikm, sizeof(ikm));
    return true;
}

/* RFC 8188 section 2.1: salt, size of a record, and the sender's key as the key's name. */
static void header_write(struct buf *body, const uint8_t salt[WEB_PUSH_SALT_BYTES],
                         const uint8_t own_point[P256_POINT_BYTES])
{
    static const uint8_t record_size[4] = {0, 0, RECORD_BYTES >> 8, RECORD_BYTES & 0xff};
    buf_append(body, salt, WEB_PUSH_SALT_BYTES);
    buf_append(body, record_size, sizeof(record_size));
    buf_u8(body, P256_POINT_BYTES);
    buf_append(body, own_point, P256_POINT_BYTES);
}

static bool record_write(struct buf *body, const struct content_keys *keys, struct slice plain)
{
    static const uint8_t delimiter = LAST_RECORD;
    uint8_t *at = buf_reserve(body, plain.len + 1 + TAG_BYTES);
    int len = 0;
    int last = 0;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    bool is_sealed =
        EVP_EncryptInit_ex2(context, EVP_aes_128_gcm(), keys->cek, keys->nonce, NULL) == 1 &&
        EVP_EncryptUpdate(context, at, &len, plain.data, (int)plain.len) == 1 &&
        EVP_EncryptUpdate(context, at + len, &last, &delimiter, 1) == 1 &&
        EVP_EncryptFinal_ex(context, at + len + last, &last) == 1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, at + plain.len + 1) == 1;
    EVP_CIPHER_CTX_free(context);
    body->len += is_sealed ? plain.len + 1 + TAG_BYTES : 0;
    return is_sealed;
}

bool web_push_encrypt(struct buf *body, const struct web_push_subscription *subscription,
                      struct slice plain, const struct web_push_seed *seed)
{
    static_assert(CEK_BYTES <= HASH_BYTES && NONCE_BYTES <= HASH_BYTES, "one block is enough");
    if (plain.len > WEB_PUSH_PLAIN_MAX) {
        return false;
    }
    uint8_t salt[WEB_PUSH_SALT_BYTES];
    uint8_t own_point[P256_POINT_BYTES];
    struct content_keys keys;
    EVP_PKEY *own = seed == NULL ? p256_random_key() : p256_private_key(seed->secret);
    if (seed == NULL) {
        randombytes_buf(salt, sizeof(salt));
    } else {
        memcpy(salt, seed->salt, sizeof(salt));
    }
    size_t begin = body->len;
    bool is_written = own != NULL && p256_point(own, own_point) &&
                      keys_derive(&keys, own, subscription, own_point, salt);
    if (is_written) {
        header_write(body, salt, own_point);
        is_written = record_write(body, &keys, plain);
        OPENSSL_cleanse(&keys, sizeof(keys));
    }
    if (!is_written) {
        body->len = begin;
    }
    EVP_PKEY_free(own);
    return is_written;
}
