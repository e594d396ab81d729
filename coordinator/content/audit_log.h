/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_log: who did what. Each change that somebody made by the API is an entry of the catalogue,
 * put into the same record as the change: neither can be there without the other, and the chain of
 * records (ledger/chain.h) covers both. An entry says who, from where, when, what was asked for and
 * how it ended, and a few words of what was changed; never a message's text, a body or a secret.
 *
 * In the catalogue (CATALOGUE_AUDIT) its id is ~number, so that the newest come first; numbers are
 * 1, 2, 3, ... without gaps, but for those that were kept long enough. Its value, version 1:
 *     u8 version = 1 · u64 at_ms · u64 token · u16 status · blobs: kind, role, name, address,
 *     method, route, object, action, summary
 *
 * Loop's thread, but for audit_log_each and audit_log_find_kept, which may come from any.
 */
#ifndef TOCSIN_CONTENT_AUDIT_LOG_H
#define TOCSIN_CONTENT_AUDIT_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "coordinator/engine/record.h"
#include "coordinator/ledger/ledger.h"

#define AUDIT_SUMMARY_MAX 400 /* bytes; what is longer is cut off */
#define AUDIT_OBJECT_MAX  300

struct audit_entry {
    uint64_t number; /* given by audit_log_add */
    uint64_t at_ms;
    uint64_t token; /* its number; 0: none */
    uint16_t status;
    struct slice kind;    /* how they signed in: "token" */
    struct slice role;    /* "operator"; empty: nobody signed in, as the name is then */
    struct slice name;    /* of who it was */
    struct slice address; /* where they came from: "192.0.2.7", "2001:db8::1" */
    struct slice method;
    struct slice route;  /* "/v1/campaigns/{id}/launch" */
    struct slice object; /* the path: of what was changed, or made */
    struct slice action; /* "campaigns.launch" */
    struct slice summary;
};

struct audit_log;

/* Finds the newest and the oldest entry. */
enum err audit_log_open(struct audit_log **out, struct ledger *ledger,
                        struct problem *problem) WARN_UNUSED;
void audit_log_free(struct audit_log *log); /* NULL is fine */

/* Into the record, under the next number, which it returns. Texts that are too long, or no UTF-8,
 * are cut off. */
uint64_t audit_log_add(struct audit_log *log, const struct audit_entry *entry,
                       struct record *record);
uint64_t audit_log_count(const struct audit_log *log);
uint64_t audit_log_oldest(const struct audit_log *log); /* its number */
/* From the entry `from` (UINT64_MAX: the newest) on to older ones, down to `to`, of those that are
 * durable. `to` is the oldest that is of use: below it a store may have to pass over the traces of
 * a million that were removed to find out that there is none. */
typedef bool (*audit_log_fn)(void *arg, const struct audit_entry *entry);
enum err audit_log_each(struct ledger *ledger, uint64_t from, uint64_t to, audit_log_fn each,
                        void *arg) WARN_UNUSED;
/* Looks at so many from `oldest` on, of which *keep_from becomes the first that was not written
 * before `before_ms`, or the one behind them. Any thread. */
enum err audit_log_find_kept(struct ledger *ledger, uint64_t oldest, unsigned looks,
                             uint64_t before_ms, uint64_t *keep_from) WARN_UNUSED;
/* Removes the oldest below `keep_from`, `most` of them at most, and never the newest of all, by
 * which the next is numbered. Reads nothing. Returns how many. */
unsigned audit_log_drop(struct audit_log *log, uint64_t keep_from, unsigned most,
                        struct record *record);

void audit_entry_encode(const struct audit_entry *entry, struct buf *value);
/* Texts point into `value`. ERR_CORRUPT, ERR_UNSUPPORTED. */
enum err audit_entry_decode(struct slice value, struct audit_entry *entry) WARN_UNUSED;

#endif
