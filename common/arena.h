/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena: memory for one request or one message, released at once. Not thread-safe.
 */
#ifndef TOCSIN_COMMON_ARENA_H
#define TOCSIN_COMMON_ARENA_H

#include <stddef.h>

#include "common/err.h"
#include "common/slice.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks;
    size_t chunk_bytes; /* size of the next chunk */
    size_t used_bytes;  /* given out since init or the last reset */
};

void arena_init(struct arena *arena, size_t chunk_bytes);
void arena_release(struct arena *arena);
/* Gives everything back but keeps the newest chunk for reuse. */
void arena_reset(struct arena *arena);
/* 16-byte aligned, not zeroed, never NULL. */
void *arena_alloc(struct arena *arena, size_t size);
void *arena_zalloc(struct arena *arena, size_t count, size_t size);
void *arena_copy(struct arena *arena, const void *bytes, size_t len);
char *arena_str(struct arena *arena, struct slice slice); /* zero-terminated copy */
char *arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
