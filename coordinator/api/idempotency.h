/* SPDX-License-Identifier: Apache-2.0 */
/*
 * idempotency: answers kept under the keys that clients gave, so that a request repeated after a
 * broken connection, a crash or a restart gets the same answer and changes nothing twice.
 *
 * An answer goes into the catalogue in the same record as what it answers, so no crash can separate
 * them. A key's life:
 *
 *     (unknown) ──claim──► under way ──keep──► under way ──settle (durable)──► kept ──24 h──►
 * (unknown) └──── release: refused or broken off; nothing was changed ────►
 *
 * Only 2xx answers are kept: a refused request changed nothing and may be repeated. In memory a
 * kept key is about 100 bytes; the answer itself is read from the catalogue. Loop's thread only.
 *
 * Catalogue value: u8 version = 1 · u64 created_ms · 32 bytes fingerprint · u16 status · blob
 * location · blob body. To change it: raise the version, and let values of the versions before
 * count as unknown keys.
 */
#ifndef TOCSIN_API_IDEMPOTENCY_H
#define TOCSIN_API_IDEMPOTENCY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/err.h"
#include "common/hash.h"
#include "coordinator/engine/record.h"
#include "coordinator/ledger/ledger.h"

#define IDEMPOTENCY_KEY_MAX 255
#define IDEMPOTENCY_KEPT_MS (24ull * 3600 * 1000)

struct idempotency;

struct idempotency_answer {
    uint16_t status;
    struct slice location; /* empty: none */
    struct slice body;
};

/* The ledger is borrowed. Reads all kept keys. ERR_IO, ERR_CORRUPT. */
enum err idempotency_open(struct idempotency **out, struct ledger *ledger,
                          struct problem *problem) WARN_UNUSED;
void idempotency_close(struct idempotency *idempotency); /* NULL is fine */

/* 1 to 255 visible ASCII characters? */
bool idempotency_is_key(const char *key);

enum idempotency_claim { IDEMPOTENCY_NEW, IDEMPOTENCY_UNDER_WAY, IDEMPOTENCY_KEPT };
/* NEW: the key is the caller's until idempotency_release or idempotency_settle. */
enum idempotency_claim idempotency_claim(struct idempotency *idempotency, const char *key,
                                         uint64_t now_ms);
void idempotency_release(struct idempotency *idempotency, const char *key);
/* Puts the answer into the record; idempotency_settle follows when that is durable. */
void idempotency_keep(struct idempotency *idempotency, const char *key,
                      const uint8_t fingerprint[HASH_DIGEST_BYTES],
                      const struct idempotency_answer *answer, uint64_t now_ms,
                      struct record *record);
void idempotency_settle(struct idempotency *idempotency, const char *key);
/* The answer of a kept key, copied into the arena. ERR_CONFLICT: it was given to another request;
 * else as the ledger says. */
enum err idempotency_answer(struct idempotency *idempotency, const char *key,
                            const uint8_t fingerprint[HASH_DIGEST_BYTES], struct arena *arena,
                            struct idempotency_answer *answer) WARN_UNUSED;
/* Removes up to `max` keys that are too old, from memory and (by the record) from the catalogue.
 * How many it were. */
unsigned idempotency_expire(struct idempotency *idempotency, uint64_t now_ms, unsigned max,
                            struct record *record);
unsigned idempotency_count(const struct idempotency *idempotency);

#endif
