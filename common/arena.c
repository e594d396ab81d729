/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory is cut off the front of the newest chunk. Chunks double up to ARENA_CHUNK_MAX, so that an
 * arena that is reset and used again settles on one chunk; a single allocation larger than the next
 * chunk gets a chunk of its own *behind* the newest one, which goes on being filled.
 */
#include "common/arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "common/mem.h"

#define ARENA_ALIGN     ((size_t)16)
#define ARENA_CHUNK_MIN ((size_t)256)
#define ARENA_CHUNK_MAX ((size_t)256 * 1024)

struct arena_chunk {
    struct arena_chunk *next;
    size_t cap;
    size_t used;
    _Alignas(16) uint8_t bytes[];
};

void arena_init(struct arena *arena, size_t chunk_bytes)
{
    size_t size = chunk_bytes < ARENA_CHUNK_MIN ? ARENA_CHUNK_MIN : chunk_bytes;
    *arena = (struct arena){NULL, size, 0};
}

static void arena_free_chunks(struct arena_chunk *chunk)
{
    while (chunk != NULL) {
        struct arena_chunk *next = chunk->next;
        mem_free(chunk);
        chunk = next;
    }
}

void arena_release(struct arena *arena)
{
    arena_free_chunks(arena->chunks);
    arena->chunks = NULL;
    arena->used_bytes = 0;
}

void arena_reset(struct arena *arena)
{
    struct arena_chunk *kept = arena->chunks;
    arena->used_bytes = 0;
    if (kept == NULL) {
        return;
    }
    if (kept->cap > arena->chunk_bytes) {
        arena_release(arena); /* one unusual request must not be paid for ever after */
        return;
    }
    arena_free_chunks(kept->next);
    kept->next = NULL;
    kept->used = 0;
}

static struct arena_chunk *arena_chunk_new(size_t cap)
{
    struct arena_chunk *chunk = mem_alloc(sizeof(*chunk) + cap);
    chunk->next = NULL;
    chunk->cap = cap;
    chunk->used = 0;
    return chunk;
}

/* A chunk with room for size bytes (a multiple of ARENA_ALIGN). */
static struct arena_chunk *arena_add_chunk(struct arena *arena, size_t size)
{
    struct arena_chunk *newest = arena->chunks;
    if (size > arena->chunk_bytes && newest != NULL) {
        struct arena_chunk *own = arena_chunk_new(size);
        own->next = newest->next;
        newest->next = own;
        return own;
    }
    struct arena_chunk *chunk =
        arena_chunk_new(size > arena->chunk_bytes ? size : arena->chunk_bytes);
    chunk->next = newest;
    arena->chunks = chunk;
    if (arena->chunk_bytes < ARENA_CHUNK_MAX) {
        arena->chunk_bytes *= 2;
    }
    return chunk;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    assert(size <= SIZE_MAX / 2);
    size_t rounded = (size + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
    struct arena_chunk *chunk = arena->chunks;
    if (chunk == NULL || rounded > chunk->cap - chunk->used) {
        chunk = arena_add_chunk(arena, rounded);
    }
    void *at = chunk->bytes + chunk->used;
    chunk->used += rounded;
    arena->used_bytes += rounded;
    return at;
}

void *arena_zalloc(struct arena *arena, size_t count, size_t size)
{
    size_t total;
    bool overflows = __builtin_mul_overflow(count, size, &total);
    assert(!overflows);
    void *at = arena_alloc(arena, total);
    memset(at, 0, total);
    return at;
}

void *arena_copy(struct arena *arena, const void *bytes, size_t len)
{
    void *at = arena_alloc(arena, len);
    if (len > 0) {
        memcpy(at, bytes, len);
    }
    return at;
}

char *arena_str(struct arena *arena, struct slice slice)
{
    char *str = arena_alloc(arena, slice.len + 1);
    if (slice.len > 0) {
        memcpy(str, slice.data, slice.len);
    }
    str[slice.len] = '\0';
    return str;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    assert(len >= 0);
    char *str = arena_alloc(arena, (size_t)len + 1);
    vsnprintf(str, (size_t)len + 1, format, again);
    va_end(again);
    va_end(args);
    return str;
}
