/* SPDX-License-Identifier: Apache-2.0 */
/*
 * web_push_crypt: a message encrypted for one browser (RFC 8291: aes128gcm of RFC 8188 in one
 * record), and the subscription that holds its keys as browsers write it:
 *
 *     {"endpoint": "https://push.example.net/send/abc", "expirationTime": null,
 *      "keys": {"p256dh": "BCVx…", "auth": "BTBZ…"}}
 *
 * Pure but for the randomness of libcrypto and libsodium.
 */
#ifndef TOCSIN_CHANNEL_WEB_PUSH_CRYPT_H
#define TOCSIN_CHANNEL_WEB_PUSH_CRYPT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/p256.h"
#include "common/slice.h"

#define WEB_PUSH_AUTH_BYTES     16
#define WEB_PUSH_SALT_BYTES     16
#define WEB_PUSH_ENDPOINT_BYTES 2048
/* A push service need not take more than 4,096 bytes (RFC 8030 section 7.2): 86 are the header, 17
 * the tag and the delimiter. */
#define WEB_PUSH_PLAIN_MAX 3993

struct web_push_subscription {
    char endpoint[WEB_PUSH_ENDPOINT_BYTES + 1];
    uint8_t point[P256_POINT_BYTES];
    uint8_t auth[WEB_PUSH_AUTH_BYTES];
};

/* False for what is no such JSON object, has no http or https URL, or keys of the wrong form. Keys
 * may be base64url with or without padding, or base64. */
bool web_push_subscription_read(struct web_push_subscription *subscription, struct slice json);

/* What is random in an encrypted message; to be given only by tests. */
struct web_push_seed {
    uint8_t salt[WEB_PUSH_SALT_BYTES];
    uint8_t secret[P256_SECRET_BYTES];
};

/* Appends the body of the request. False if the browser's key is no point of the curve (it never
 * was a key) or the text is longer than WEB_PUSH_PLAIN_MAX. seed: NULL outside tests. */
bool web_push_encrypt(struct buf *body, const struct web_push_subscription *subscription,
                      struct slice plain, const struct web_push_seed *seed) WARN_UNUSED;

#endif
