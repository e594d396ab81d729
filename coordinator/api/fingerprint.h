/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fingerprint: what makes two requests the same: method, path, query and body, as one BLAKE2b-256
 * that the body is fed to piece by piece. A value.
 */
#ifndef TOCSIN_API_FINGERPRINT_H
#define TOCSIN_API_FINGERPRINT_H

#include <sodium.h>

#include "common/hash.h"
#include "common/slice.h"

struct fingerprint {
    crypto_generichash_state state;
};

void fingerprint_begin(struct fingerprint *fingerprint, const char *method, struct slice path,
                       struct slice query);
void fingerprint_add(struct fingerprint *fingerprint, struct slice piece);
void fingerprint_end(struct fingerprint *fingerprint, uint8_t digest[HASH_DIGEST_BYTES]);

#endif
