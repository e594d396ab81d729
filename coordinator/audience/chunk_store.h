/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chunk_store: pieces of CHUNK_BYTES that are put away and fetched by number. The first ones stay
 * in memory; when the memory they may have is used up, the rest goes into one temporary file that
 * never has a name, so that a crash leaves nothing behind. Any thread may fetch while nobody puts.
 */
#ifndef TOCSIN_AUDIENCE_CHUNK_STORE_H
#define TOCSIN_AUDIENCE_CHUNK_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

#define CHUNK_BYTES 8192

struct chunk_store;

/* dir: where the temporary file is to be; NULL: $TMPDIR, else /var/tmp. Copied. */
struct chunk_store *chunk_store_new(const char *dir, size_t memory_bytes);
void chunk_store_free(struct chunk_store *store); /* NULL is fine */
/* Copies CHUNK_BYTES. Chunks are numbered from 0. ERR_NO_SPACE, ERR_IO. */
enum err chunk_store_put(struct chunk_store *store, const void *chunk,
                         struct problem *problem) WARN_UNUSED;
enum err chunk_store_get(struct chunk_store *store, uint32_t number, void *chunk,
                         struct problem *problem) WARN_UNUSED;
/* How many were put. */
uint32_t chunk_store_count(const struct chunk_store *store);

#endif
