/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signature: the checks by which providers' requests are known, with OpenSSL. All comparisons take
 * the same time whatever differs.
 */
#ifndef TOCSIN_INBOUND_SIGNATURE_H
#define TOCSIN_INBOUND_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/slice.h"

enum signature_hash { SIGNATURE_SHA1, SIGNATURE_SHA256 };
#define SIGNATURE_HASH_MAX 32 /* bytes */

/* HMAC (RFC 2104) over `parts` in their order; returns how many bytes it has. */
size_t signature_hmac(enum signature_hash hash, struct slice key, const struct slice *parts,
                      unsigned count, uint8_t mac[SIGNATURE_HASH_MAX]);
/* The hash alone, of 20 or 32 bytes. */
size_t signature_digest(enum signature_hash hash, struct slice bytes,
                        uint8_t digest[SIGNATURE_HASH_MAX]);
bool signature_equal(struct slice a, struct slice b);
/* `text` is `mac` in base64 (with padding), or in hex of either case. */
bool signature_is_base64(struct slice text, struct slice mac);
bool signature_is_hex(struct slice text, struct slice mac);
/* Base64 with padding (RFC 4648 section 4), line breaks in it passed over. False for anything
 * else. */
bool signature_base64_decode(struct slice text, struct buf *out);

/* A public key, made once and kept. */
struct signature_key;
/* SubjectPublicKeyInfo, DER in base64, or the same as PEM; an elliptic curve's (P-256). */
enum err signature_key_read(struct signature_key **out, struct slice text,
                            struct problem *problem) WARN_UNUSED;
/* The RSA key of an X.509 certificate in PEM, which must be valid at now_ms. Who issued it is not
 * looked at: whoever fetched it knows where from. */
enum err signature_key_of_certificate(struct signature_key **out, struct slice pem, uint64_t now_ms,
                                      struct problem *problem) WARN_UNUSED;
/* Until when the certificate is valid that it came from; UINT64_MAX: it came from none. */
uint64_t signature_key_until_ms(const struct signature_key *key);
void signature_key_free(struct signature_key *key); /* NULL is fine */
/* ECDSA (DER) or RSA (PKCS #1 v1.5), as the key is, over `parts` in their order. */
bool signature_verify(const struct signature_key *key, enum signature_hash hash,
                      const struct slice *parts, unsigned count, struct slice signature);

#endif
