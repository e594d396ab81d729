/* SPDX-License-Identifier: Apache-2.0 */
/*
 * webhook_sign: signatures of requests by Standard Webhooks 1.0, scheme v1: HMAC-SHA256 over
 * "id.timestamp.body" with a key that sender and receiver share. A key is written "whsec_" and then
 * base64 of its 24 to 64 bytes. While a key is being replaced a request carries a signature by the
 * new one and one by the old one; it is good if the receiver knows either.
 *
 * A request's three headers are webhook-id (the same however often it is tried, so that the
 * receiver can drop what he has already), webhook-timestamp (unix seconds of this try; receivers
 * refuse what is more than five minutes off) and webhook-signature.
 */
#ifndef TOCSIN_COMMON_WEBHOOK_SIGN_H
#define TOCSIN_COMMON_WEBHOOK_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/slice.h"

#define WEBHOOK_KEY_MIN_BYTES 24
#define WEBHOOK_KEY_MAX_BYTES 64
/* For problems' texts: what would be right. */
#define WEBHOOK_KEY_WORDS "whsec_ and 24 to 64 bytes in base64"
/* Of one signature with its "v1," and the blank in front of the next. */
#define WEBHOOK_SIGNATURE_CHARS 48

struct webhook_key {
    uint8_t bytes[WEBHOOK_KEY_MAX_BYTES];
    size_t len;
};

/* False if it is no such key; base64 may be without its padding. */
bool webhook_key_read(struct slice text, struct webhook_key *key);
/* Overwrites it. */
void webhook_key_release(struct webhook_key *key);

/* Appends the value of webhook-signature: "v1,base64" for each key in turn, blanks between them.
 * The id has no dot. */
void webhook_sign(struct buf *signature, const struct webhook_key *keys, size_t count,
                  struct slice id, uint64_t timestamp_s, struct slice body);

#endif
