/* SPDX-License-Identifier: Apache-2.0 */
#include "common/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "common/mem.h"

#define BUF_FIRST_BYTES 64
/* Seven bits a byte: 64 bits need ten. */
#define VARINT_BYTES_MAX 10

void buf_init(struct buf *buf)
{
    *buf = (struct buf){NULL, 0, 0};
}

void buf_release(struct buf *buf)
{
    mem_free(buf->data);
    buf_init(buf);
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
}

/* Doubling keeps the cost of appending flat however long the contents grow. */
static void buf_grow(struct buf *buf, size_t more)
{
    assert(more <= SIZE_MAX / 2 - buf->len);
    size_t cap = buf->cap == 0 ? BUF_FIRST_BYTES : buf->cap * 2;
    if (cap < buf->len + more) {
        cap = buf->len + more;
    }
    buf->data = mem_resize(buf->data, cap, 1);
    buf->cap = cap;
}

uint8_t *buf_reserve(struct buf *buf, size_t more)
{
    if (buf->data == NULL || more > buf->cap - buf->len) {
        buf_grow(buf, more);
    }
    return buf->data + buf->len;
}

void buf_append(struct buf *buf, const void *bytes, size_t len)
{
    if (len > 0) {
        memcpy(buf_reserve(buf, len), bytes, len);
        buf->len += len;
    }
}

void buf_slice(struct buf *buf, struct slice slice)
{
    buf_append(buf, slice.data, slice.len);
}

void buf_str(struct buf *buf, const char *str)
{
    buf_append(buf, str, strlen(str));
}

/* Compilers fold these loops to one store (and a byte swap). */
static void buf_little_endian(struct buf *buf, uint64_t value, unsigned bytes)
{
    uint8_t *at = buf_reserve(buf, bytes);
    for (unsigned i = 0; i < bytes; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
    buf->len += bytes;
}

static void buf_big_endian(struct buf *buf, uint64_t value, unsigned bytes)
{
    uint8_t *at = buf_reserve(buf, bytes);
    for (unsigned i = 0; i < bytes; i++) {
        at[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
    }
    buf->len += bytes;
}

void buf_u8(struct buf *buf, uint8_t value)
{
    *buf_reserve(buf, 1) = value;
    buf->len++;
}

void buf_u16(struct buf *buf, uint16_t value)
{
    buf_little_endian(buf, value, 2);
}

void buf_u32(struct buf *buf, uint32_t value)
{
    buf_little_endian(buf, value, 4);
}

void buf_u64(struct buf *buf, uint64_t value)
{
    buf_little_endian(buf, value, 8);
}

void buf_be16(struct buf *buf, uint16_t value)
{
    buf_big_endian(buf, value, 2);
}

void buf_be32(struct buf *buf, uint32_t value)
{
    buf_big_endian(buf, value, 4);
}

void buf_be64(struct buf *buf, uint64_t value)
{
    buf_big_endian(buf, value, 8);
}

void buf_varint(struct buf *buf, uint64_t value)
{
    uint8_t *at = buf_reserve(buf, VARINT_BYTES_MAX);
    size_t count = 0;
    while (value >= 0x80) {
        at[count++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    at[count++] = (uint8_t)value;
    buf->len += count;
}

void buf_blob(struct buf *buf, struct slice slice)
{
    buf_varint(buf, slice.len);
    buf_slice(buf, slice);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    /* Most texts fit into the room that is there; a longer one is told its length and done again.
     */
    char *at = (char *)buf_reserve(buf, BUF_FIRST_BYTES);
    size_t room = buf->cap - buf->len;
    int len = vsnprintf(at, room, format, args);
    assert(len >= 0);
    if ((size_t)len >= room) {
        at = (char *)buf_reserve(buf, (size_t)len + 1);
        vsnprintf(at, (size_t)len + 1, format, again);
    }
    buf->len += (size_t)len;
    va_end(again);
    va_end(args);
}

const char *buf_cstr(struct buf *buf)
{
    *buf_reserve(buf, 1) = '\0';
    return (const char *)buf->data;
}

struct reader reader_of(struct slice slice)
{
    /* No arithmetic on NULL, not even of 0. */
    static const uint8_t nothing[1];
    const uint8_t *data = slice.data == NULL ? nothing : slice.data;
    return (struct reader){data, data + slice.len, false};
}

/* The next len bytes, or NULL with the reader emptied, so that loops over reader_left end too. */
static const uint8_t *reader_take(struct reader *reader, size_t len)
{
    if (reader->bad || len > reader_left(reader)) {
        reader->bad = true;
        reader->at = reader->end;
        return NULL;
    }
    const uint8_t *at = reader->at;
    reader->at += len;
    return at;
}

static uint64_t reader_little_endian(struct reader *reader, unsigned bytes)
{
    const uint8_t *at = reader_take(reader, bytes);
    uint64_t value = 0;
    for (unsigned i = 0; at != NULL && i < bytes; i++) {
        value |= (uint64_t)at[i] << (8 * i);
    }
    return value;
}

static uint64_t reader_big_endian(struct reader *reader, unsigned bytes)
{
    const uint8_t *at = reader_take(reader, bytes);
    uint64_t value = 0;
    for (unsigned i = 0; at != NULL && i < bytes; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

uint8_t reader_u8(struct reader *reader)
{
    const uint8_t *at = reader_take(reader, 1);
    return at == NULL ? 0 : *at;
}

uint16_t reader_u16(struct reader *reader)
{
    return (uint16_t)reader_little_endian(reader, 2);
}

uint32_t reader_u32(struct reader *reader)
{
    return (uint32_t)reader_little_endian(reader, 4);
}

uint64_t reader_u64(struct reader *reader)
{
    return reader_little_endian(reader, 8);
}

uint16_t reader_be16(struct reader *reader)
{
    return (uint16_t)reader_big_endian(reader, 2);
}

uint32_t reader_be32(struct reader *reader)
{
    return (uint32_t)reader_big_endian(reader, 4);
}

uint64_t reader_be64(struct reader *reader)
{
    return reader_big_endian(reader, 8);
}

uint64_t reader_varint(struct reader *reader)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 7 * VARINT_BYTES_MAX; shift += 7) {
        uint8_t byte = reader_u8(reader);
        if (shift == 63 && byte > 1) {
            break; /* more than 64 bits */
        }
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return reader->bad ? 0 : value; /* past the end a byte reads as 0 */
        }
    }
    reader->bad = true;
    reader->at = reader->end;
    return 0;
}

struct slice reader_bytes(struct reader *reader, size_t len)
{
    const uint8_t *at = reader_take(reader, len);
    return at == NULL ? slice_of(NULL, 0) : slice_of(at, len);
}

struct slice reader_blob(struct reader *reader)
{
    uint64_t len = reader_varint(reader);
    /* A length beyond size_t is beyond the end as well. */
    return reader_bytes(reader, len > SIZE_MAX ? SIZE_MAX : (size_t)len);
}
