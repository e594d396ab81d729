/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lease: the right of one worker to dispatch some recipients of one page, and the table of all that
 * are open. A lease is made and shrunk by applying events, so a replay rebuilds it; when nobody is
 * left in it, it is gone.
 */
#ifndef TOCSIN_ENGINE_LEASE_H
#define TOCSIN_ENGINE_LEASE_H

#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

#include "common/bitmap.h"

struct campaign;

struct lease {
    uint64_t id;
    struct campaign *campaign;
    uint32_t page;
    uint8_t provider;
    uint8_t step;
    uint16_t left;        /* bits set in `places` */
    struct bitmap places; /* not yet reported */
    uint64_t instance;    /* of the worker that holds it */
    uint32_t spread_ms;
    uint64_t leased_ms; /* 0: in a former life */
    uint32_t sends;     /* how often its batch was handed to the link in this life */
    uint32_t withheld;  /* since then, how often it was not, for somebody of it was asleep */
    uint32_t recalls;   /* how often places of it were called back again */
    uint32_t resend_in_ms;
    uint64_t resend_at_ms; /* no progress until then: the batch may be lost, send it again */
    uint64_t progress_ms;
    struct lease *next_of_page;
    UT_hash_handle hh;
};

struct lease_table {
    struct lease *by_id;
    uint64_t count;
};

void lease_table_release(struct lease_table *table);
struct lease *lease_find(const struct lease_table *table, uint64_t id);
/* A new, empty lease with this id. */
struct lease *lease_new(struct lease_table *table, uint64_t id);
void lease_remove(struct lease_table *table, struct lease *lease);
/* Adds or removes places [offset, offset + span). */
void lease_add_places(struct lease *lease, unsigned offset, unsigned span);
void lease_remove_places(struct lease *lease, unsigned offset, unsigned span);
/* Those of its places that lie in [from, to). */
struct bitmap lease_places_between(const struct lease *lease, unsigned from, unsigned to);

#endif
