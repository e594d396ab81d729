/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signed_head: what the coordinator puts its name to. Ed25519 (RFC 8032). sodium_init() has been
 * called by main.
 *
 * A head says: at this time the chain of records ended in this hash. The hash of one record stands
 * for all records before it (coordinator/ledger/chain.h). Heads are kept in the catalogue under the
 * number of the record that they end in, so that later heads sign them as well.
 *
 * Head (version 1, little-endian):
 *     u8 version = 1 · u16 partition · u64 record · 32 bytes its hash
 *     u64 campaign that has just ended, or 0 · u64 time, unix ms · 32 bytes public key
 *     64 bytes signature of "tocsin head 1\n" and all bytes before
 *
 * A key's statement says since when there is a key, and which came before it. Both keys sign it, so
 * that whoever trusts one of them can go on to the other:
 *     u8 version = 1 · u32 number, from 1 on · u64 since, unix ms
 *     32 bytes public key · 32 bytes that before (zeros: there was none)
 *     64 bytes signature of "tocsin key 1\n" and all bytes before, by the new key
 *     64 bytes the same by the key before (zeros: there was none, or it was lost)
 *
 * A bundle's signature is of "tocsin bundle 1\n" and the 32 bytes of its digest.
 *
 * To change a format: take the next version, keep reading those before, add a golden one to
 * tests/unit/test_signed_head.c, write it down in docs/evidence.md.
 */
#ifndef TOCSIN_EVIDENCE_SIGNED_HEAD_H
#define TOCSIN_EVIDENCE_SIGNED_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/hash.h"

#define SIGNING_SEED_BYTES   32
#define SIGNING_PUBLIC_BYTES 32
#define SIGNING_SECRET_BYTES 64
#define SIGNATURE_BYTES      64
#define SIGNED_HEAD_BYTES    155

/* The secret is libsodium's: the seed and the public key. */
struct signing_key {
    uint8_t public_key[SIGNING_PUBLIC_BYTES];
    uint8_t secret[SIGNING_SECRET_BYTES];
};
void signing_key_of_seed(struct signing_key *key, const uint8_t seed[SIGNING_SEED_BYTES]);
void signing_key_wipe(struct signing_key *key);

struct signed_head {
    uint16_t partition;
    uint64_t recno;
    uint8_t hash[HASH_DIGEST_BYTES]; /* of that record */
    uint64_t campaign;               /* 0: of none in particular */
    uint64_t time_ms;
    uint8_t public_key[SIGNING_PUBLIC_BYTES];
    uint8_t signature[SIGNATURE_BYTES];
};

/* Sets public_key and signature. */
void signed_head_sign(struct signed_head *head, const struct signing_key *key);
/* By the key that it names. */
bool signed_head_is_good(const struct signed_head *head);
void signed_head_encode(const struct signed_head *head, struct buf *buf);
/* ERR_CORRUPT, ERR_UNSUPPORTED for another version. The signature is not checked. */
enum err signed_head_decode(struct slice bytes, struct signed_head *head) WARN_UNUSED;

struct key_statement {
    uint32_t number;
    uint64_t since_ms;
    uint8_t key[SIGNING_PUBLIC_BYTES];
    uint8_t before[SIGNING_PUBLIC_BYTES];
    uint8_t by_key[SIGNATURE_BYTES];
    uint8_t by_before[SIGNATURE_BYTES];
};

/* `before` is NULL if there was none or its secret is lost; then statement->before stays as it is.
 */
void key_statement_sign(struct key_statement *statement, const struct signing_key *key,
                        const struct signing_key *before);
/* Signed by the key itself? */
bool key_statement_is_good(const struct key_statement *statement);
/* And by that before? */
bool key_statement_is_vouched(const struct key_statement *statement);
/* Do the statements, oldest first, lead from this key to that of the last? A lost key leads
 * nowhere. */
bool key_statements_lead(const struct key_statement *statements, unsigned count,
                         const uint8_t public_key[SIGNING_PUBLIC_BYTES]);
void key_statement_encode(const struct key_statement *statement, struct buf *buf);
enum err key_statement_decode(struct slice bytes, struct key_statement *statement) WARN_UNUSED;

void bundle_sign(uint8_t signature[SIGNATURE_BYTES], const uint8_t digest[HASH_DIGEST_BYTES],
                 const struct signing_key *key);
bool bundle_is_signed(const uint8_t signature[SIGNATURE_BYTES],
                      const uint8_t digest[HASH_DIGEST_BYTES],
                      const uint8_t public_key[SIGNING_PUBLIC_BYTES]);

#endif
