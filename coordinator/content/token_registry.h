/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token_registry: the tokens by which programs and people open the API. A token is `tocsin_` and 32
 * random bytes as base64url; it is told once, to whoever makes it, and only its hash is kept.
 *
 * The hash is BLAKE2b-256 (RFC 7693) keyed with the ledger's own key, and fast on purpose: slow
 * hashes (Argon2, scrypt) are for secrets that people think up, of which an attacker tries the
 * likely ones first. Of 2^256 equally likely tokens nobody tries any share worth naming, whatever a
 * try costs, while every request would pay.
 *
 * Catalogue: CATALOGUE_TOKEN, u64 number (big-endian), from 1 on ->
 *     u8 version = 1 · 32 bytes hash · u64 created · u64 expires · u64 last used (0: never) ·
 *     u64 revoked (0: it is not), all unix ms · blob name · blob role · blob created by
 * The role is its word. To change it: raise VERSION, read the older forms, add a golden test.
 *
 * A token is good, or not, from the moment a change is decided; the change is durable with its
 * record. The last use is known to the minute, and written at most once a minute for each token.
 * Ended tokens stay on the list for ACCESS_TOKEN_KEPT_MS. Loop's thread only.
 */
#ifndef TOCSIN_CONTENT_TOKEN_REGISTRY_H
#define TOCSIN_CONTENT_TOKEN_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "coordinator/engine/record.h"
#include "coordinator/ledger/ledger.h"

#define ACCESS_TOKEN_PREFIX   "tocsin_"
#define ACCESS_TOKEN_CHARS    50 /* with the prefix */
#define ACCESS_TOKEN_NAME_MAX 64
#define ACCESS_TOKEN_ROLE_MAX 15
#define ACCESS_TOKEN_BY_MAX   200
#define TOKEN_REGISTRY_MAX    4096
#define ACCESS_TOKEN_USE_MS   UINT64_C(60000)
#define ACCESS_TOKEN_KEPT_MS  (UINT64_C(90) * 86400000)

struct token_registry;

struct token_entry {
    uint64_t id;
    char name[ACCESS_TOKEN_NAME_MAX + 1];
    char role[ACCESS_TOKEN_ROLE_MAX + 1];
    char created_by[ACCESS_TOKEN_BY_MAX + 1];
    uint64_t created_ms;
    uint64_t expires_ms;
    uint64_t used_ms;    /* 0: never */
    uint64_t revoked_ms; /* 0: it is not */
};

struct token_registry *token_registry_new(void);
void token_registry_free(struct token_registry *registry); /* NULL is fine */
/* Reads the whole catalogue of it, once, at the start. ERR_IO, ERR_CORRUPT, ERR_NEWER_VERSION; the
 * problem says which. */
enum err token_registry_load(struct token_registry *registry, struct ledger *ledger,
                             struct problem *problem) WARN_UNUSED;

/* Of *entry the name, the role, `created_by` and the two times are given; it gets its number.
 * `text` gets the token, which is nowhere else. ERR_EXISTS: a good token has this name; ERR_LIMIT:
 * there are TOKEN_REGISTRY_MAX good ones. */
enum err token_registry_add(struct token_registry *registry, struct token_entry *entry,
                            char text[ACCESS_TOKEN_CHARS + 1], struct record *record) WARN_UNUSED;
/* False: it has ended already (*entry says how), or there is none (ERR_NOT_FOUND by
 * token_registry_find). */
bool token_registry_revoke(struct token_registry *registry, uint64_t id, uint64_t now_ms,
                           struct record *record);

enum token_state {
    ACCESS_TOKEN_UNKNOWN,
    ACCESS_TOKEN_GOOD,
    ACCESS_TOKEN_EXPIRED,
    ACCESS_TOKEN_REVOKED
};
/* Which token it is; takes the same time wherever a token differs from those that there are.
 * *entry is set unless it is unknown, and valid until the next change. A good one counts as used.
 */
enum token_state token_registry_check(struct token_registry *registry, struct slice text,
                                      uint64_t now_ms, const struct token_entry **entry);
enum token_state token_registry_state(const struct token_entry *entry, uint64_t now_ms);
/* NULL if there is none of that number. */
const struct token_entry *token_registry_find(const struct token_registry *registry, uint64_t id);
/* The one with the smallest number from `id` on; NULL behind the last. */
const struct token_entry *token_registry_from(const struct token_registry *registry, uint64_t id);
unsigned token_registry_count(const struct token_registry *registry);

struct token_tally {
    unsigned good;
    uint64_t next_end_ms; /* the first end of a good one that was used within
                           * ACCESS_TOKEN_IN_USE_MS; 0: none
                           */
};
#define ACCESS_TOKEN_IN_USE_MS (UINT64_C(30) * 86400000)
struct token_tally token_registry_tally(const struct token_registry *registry, uint64_t now_ms);

/* To be called every now and then: last uses go into the record, at most once a minute, or at once
 * if `is_closing`; ended tokens that were kept for long enough are forgotten. */
void token_registry_note(struct token_registry *registry, uint64_t now_ms, bool is_closing,
                         struct record *record);

#endif
