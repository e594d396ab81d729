/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cursor: where a list goes on, as text that clients hand back and do not look into: base64url of
 *     u8 version = 1 · u8 list · u64 scope · u64 position · u32 check
 * The check (SipHash, public key) tells damage and cursors of other lists from good ones; it keeps
 * nobody from making one, and needs not: a cursor says nothing but where to go on.
 */
#ifndef TOCSIN_API_CURSOR_H
#define TOCSIN_API_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/slice.h"

#define CURSOR_CHARS 30

enum cursor_list {
    CURSOR_AUDIENCES,
    CURSOR_REFUSALS,
    CURSOR_TOKENS,
    CURSOR_CAMPAIGNS,
    CURSOR_RECIPIENTS,
    CURSOR_PROVIDERS,
    CURSOR_WORKERS,
    CURSOR_KEYS,
    CURSOR_SUBSCRIPTIONS,
    CURSOR_DEAD_LETTERS,
    CURSOR_EXPORT,       /* position: the record that it is as of */
    CURSOR_LOOKUP,       /* scope: a hash of what is looked for */
    CURSOR_MEMBERS,      /* scope: the audience */
    CURSOR_SUPPRESSIONS, /* these three: of keys */
    CURSOR_PLANS,
    CURSOR_REPLIES,
    CURSOR_HEADS,
    CURSOR_AUDIT /* scope: a hash of the filter */
};

/* scope: the audience or campaign whose list it is, 0 for a list of its own. position: where the
 * next item is looked for. */
void cursor_write(char text[CURSOR_CHARS + 1], enum cursor_list list, uint64_t scope,
                  uint64_t position);
/* False for anything that cursor_write did not write for this list. */
bool cursor_read(struct slice text, enum cursor_list list, uint64_t scope, uint64_t *position);

/* The same for lists in the order of keys, whose cursor is a key: base64url of
 *     the key's bytes · u32 check, over the list and the scope as well */
void cursor_write_key(struct buf *text, enum cursor_list list, uint64_t scope, struct slice key);
/* Writes the key, at most `cap` bytes, to `key`. */
bool cursor_read_key(struct slice text, enum cursor_list list, uint64_t scope, uint8_t *key,
                     size_t cap, size_t *len);

#endif
