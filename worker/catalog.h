/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalog: what is known of the campaigns whose batches came: content is asked for once, parsed
 * once, and kept for the batches to come. One thread.
 */
#ifndef TOCSIN_WORKER_CATALOG_H
#define TOCSIN_WORKER_CATALOG_H

#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

#include "proto/wire.h"
#include "worker/render.h"

#define CATALOG_ASK_AGAIN_MS 1000
#define CATALOG_UNUSED_MAX   32 /* campaigns kept without a batch that needs them */

enum catalog_state {
    CATALOG_WANTED, /* asked for, or to be asked for */
    CATALOG_READY,
    CATALOG_FAILED /* came, but cannot be used */
};

struct catalog_entry {
    uint64_t campaign;
    enum catalog_state state;
    struct render *render; /* when READY */
    uint8_t token_key[HASH_KEY_BYTES];
    struct trace_context trace; /* that it belongs to; all 0: none */
    unsigned users;             /* batches that need it */
    uint64_t asked_ms;          /* 0: not yet */
    UT_hash_handle hh;
};

struct catalog {
    struct catalog_entry *entries; /* hash table, in the order of making */
    unsigned wanted;
};

void catalog_release(struct catalog *catalog);
/* Finds or makes the entry and counts a user. */
struct catalog_entry *catalog_use(struct catalog *catalog, uint64_t campaign);
void catalog_unuse(struct catalog *catalog, struct catalog_entry *entry);
/* Content came. The entry, if it was wanted and now is ready or failed; else NULL. On failure
 * *problem says why. */
struct catalog_entry *catalog_take(struct catalog *catalog, const struct wire_content *content,
                                   struct problem *problem);
/* An entry whose content is to be asked for now (again), or NULL. */
struct catalog_entry *catalog_next_wanted(struct catalog *catalog, uint64_t now_ms);
/* All wanted content is asked for again at once. */
void catalog_ask_again(struct catalog *catalog);
/* Forgets everything. Nothing is in use. */
void catalog_clear(struct catalog *catalog);

#endif
