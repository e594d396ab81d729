/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf and reader: writing bytes into memory that grows, and reading them back with every bound
 * checked. All fixed-width integers are little-endian unless the name says `be` (keys, which must
 * sort). Varints are LEB128, at most 10 bytes.
 */
#ifndef TOCSIN_COMMON_BUF_H
#define TOCSIN_COMMON_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/slice.h"

struct buf {
    uint8_t *data;
    size_t len;
    size_t cap;
};

void buf_init(struct buf *buf); /* {NULL, 0, 0}; `struct buf b = {0}` does the same */
void buf_release(struct buf *buf);
void buf_clear(struct buf *buf); /* len = 0, memory kept */
/* Makes room for `more` bytes and returns where they go; the caller then adds to buf->len. */
uint8_t *buf_reserve(struct buf *buf, size_t more);
void buf_append(struct buf *buf, const void *bytes, size_t len);
void buf_slice(struct buf *buf, struct slice slice);
void buf_str(struct buf *buf, const char *str); /* without its zero */
void buf_u8(struct buf *buf, uint8_t value);
void buf_u16(struct buf *buf, uint16_t value);
void buf_u32(struct buf *buf, uint32_t value);
void buf_u64(struct buf *buf, uint64_t value);
void buf_be16(struct buf *buf, uint16_t value);
void buf_be32(struct buf *buf, uint32_t value);
void buf_be64(struct buf *buf, uint64_t value);
void buf_varint(struct buf *buf, uint64_t value);
/* A varint length, then the bytes. */
void buf_blob(struct buf *buf, struct slice slice);
void buf_printf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);
/* Adds a zero byte behind the contents (not counted in len) and returns the contents as a
 * string. */
const char *buf_cstr(struct buf *buf);
static inline struct slice buf_view(const struct buf *buf)
{
    return slice_of(buf->data, buf->len);
}

/* Reads from the front. The first read past the end sets `bad`; all later reads give 0 or empty. */
struct reader {
    const uint8_t *at;
    const uint8_t *end;
    bool bad;
};

struct reader reader_of(struct slice slice);
uint8_t reader_u8(struct reader *reader);
uint16_t reader_u16(struct reader *reader);
uint32_t reader_u32(struct reader *reader);
uint64_t reader_u64(struct reader *reader);
uint16_t reader_be16(struct reader *reader);
uint32_t reader_be32(struct reader *reader);
uint64_t reader_be64(struct reader *reader);
uint64_t reader_varint(struct reader *reader);
struct slice reader_bytes(struct reader *reader, size_t len);
struct slice reader_blob(struct reader *reader); /* as buf_blob wrote it */
static inline size_t reader_left(const struct reader *reader)
{
    return (size_t)(reader->end - reader->at);
}

#endif
