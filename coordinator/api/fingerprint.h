/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fingerprint: what makes two requests the same: method, path, query and body, as one BLAKE2b-256
 * that the body is fed to piece by piece. It must not be moved once begun.
 */
#ifndef TOCSIN_API_FINGERPRINT_H
#define TOCSIN_API_FINGERPRINT_H

#include <sodium.h>

#include "common/hash.h"
#include "common/slice.h"

/* libsodium wants its state on a multiple of 64, which neither arenas nor malloc promise. */
#define FINGERPRINT_ALIGN 64

struct fingerprint {
    uint8_t state[sizeof(crypto_generichash_state) + FINGERPRINT_ALIGN];
};

void fingerprint_begin(struct fingerprint *fingerprint, const char *method, struct slice path,
                       struct slice query);
void fingerprint_add(struct fingerprint *fingerprint, struct slice piece);
void fingerprint_end(struct fingerprint *fingerprint, uint8_t digest[HASH_DIGEST_BYTES]);

#endif
