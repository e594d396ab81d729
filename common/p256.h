/* SPDX-License-Identifier: Apache-2.0 */
/*
 * p256: keys of the elliptic curve P-256 (FIPS 186-4) as raw bytes, the form in which browsers and
 * VAPID write them: 32 bytes of a private key, 65 bytes of a public one (0x04, x, y). Thin over
 * OpenSSL's libcrypto.
 */
#ifndef TOCSIN_COMMON_P256_H
#define TOCSIN_COMMON_P256_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

#define P256_SECRET_BYTES 32
#define P256_POINT_BYTES  65

/* The caller's, to be given to EVP_PKEY_free. NULL for what is no point of the curve, or no number
 * from 1 to its order. */
EVP_PKEY *p256_public_key(const uint8_t point[P256_POINT_BYTES]) WARN_UNUSED;
EVP_PKEY *p256_private_key(const uint8_t secret[P256_SECRET_BYTES]) WARN_UNUSED;
EVP_PKEY *p256_random_key(void) WARN_UNUSED;
/* The public half. False if it is no key of this curve. */
bool p256_point(const EVP_PKEY *key, uint8_t point[P256_POINT_BYTES]) WARN_UNUSED;
/* ECDH (NIST SP 800-56A, section 5.7.1.2): the x coordinate of what both have in common. */
bool p256_shared(EVP_PKEY *own, EVP_PKEY *other, uint8_t shared[P256_SECRET_BYTES]) WARN_UNUSED;

#endif
