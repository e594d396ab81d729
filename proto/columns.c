/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Most columns are constant or count upwards, and both are found by a scan that stops at the first
 * value that differs. Only what is neither pays for measuring the two other forms. Values are all
 * of uint64_t: differences wrap modulo 2^64, so that they always fit.
 */
#include "proto/columns.h"

#include <assert.h>

enum column_form { COLUMN_CONSTANT, COLUMN_SEQUENCE, COLUMN_DELTAS, COLUMN_RUNS };

static uint64_t zigzag(uint64_t difference)
{
    return difference << 1 ^ (UINT64_C(0) - (difference >> 63));
}

static uint64_t unzigzag(uint64_t value)
{
    return value >> 1 ^ (UINT64_C(0) - (value & 1));
}

static size_t varint_size(uint64_t value)
{
    unsigned bits = 64 - (unsigned)__builtin_clzll(value | 1);
    return (bits + 6) / 7;
}

/* Most values of a column fit one byte; the call is for the rest. */
static inline void put_varint(struct buf *buf, uint64_t value)
{
    if (value < 0x80 && buf->len < buf->cap) {
        buf->data[buf->len++] = (uint8_t)value;
    } else {
        buf_varint(buf, value);
    }
}

static inline uint64_t get_varint(struct reader *reader)
{
    if (reader->at < reader->end && *reader->at < 0x80) {
        return *reader->at++;
    }
    return reader_varint(reader);
}

static bool is_constant(const uint64_t *values, unsigned count)
{
    for (unsigned i = 1; i < count; i++) {
        if (values[i] != values[0]) {
            return false;
        }
    }
    return true;
}

static bool is_sequence(const uint64_t *values, unsigned count)
{
    for (unsigned i = 1; i < count; i++) {
        if (values[i] != values[0] + i) {
            return false;
        }
    }
    return true;
}

static unsigned run_end(const uint64_t *values, unsigned from, unsigned count)
{
    unsigned end = from + 1;
    while (end < count && values[end] == values[from]) {
        end++;
    }
    return end;
}

static size_t deltas_size(const uint64_t *values, unsigned count)
{
    size_t size = 0;
    uint64_t before = 0;
    for (unsigned i = 0; i < count; i++) {
        size += varint_size(zigzag(values[i] - before));
        before = values[i];
    }
    return size;
}

/* Stops counting where `enough` is reached. */
static size_t runs_size(const uint64_t *values, unsigned count, size_t enough)
{
    size_t size = 0;
    for (unsigned i = 0, end; i < count && size < enough; i = end) {
        end = run_end(values, i, count);
        size += varint_size(values[i]) + varint_size(end - i);
    }
    return size;
}

static enum column_form shortest_form(const uint64_t *values, unsigned count)
{
    if (is_constant(values, count)) {
        return COLUMN_CONSTANT;
    }
    if (is_sequence(values, count)) {
        return COLUMN_SEQUENCE;
    }
    size_t deltas = deltas_size(values, count);
    return runs_size(values, count, deltas) < deltas ? COLUMN_RUNS : COLUMN_DELTAS;
}

static void put_deltas(struct buf *buf, const uint64_t *values, unsigned count)
{
    uint64_t before = 0;
    for (unsigned i = 0; i < count; i++) {
        put_varint(buf, zigzag(values[i] - before));
        before = values[i];
    }
}

static void put_runs(struct buf *buf, const uint64_t *values, unsigned count)
{
    for (unsigned i = 0, end; i < count; i = end) {
        end = run_end(values, i, count);
        put_varint(buf, values[i]);
        put_varint(buf, end - i);
    }
}

static void get_constant(struct reader *reader, uint64_t *values, unsigned count, uint64_t step)
{
    uint64_t value = get_varint(reader);
    for (unsigned i = 0; i < count; i++) {
        values[i] = value;
        value += step;
    }
}

static void get_deltas(struct reader *reader, uint64_t *values, unsigned count)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < count; i++) {
        value += unzigzag(get_varint(reader));
        values[i] = value;
    }
}

static void get_runs(struct reader *reader, uint64_t *values, unsigned count)
{
    unsigned filled = 0;
    while (filled < count && !reader->bad) {
        uint64_t value = get_varint(reader);
        uint64_t length = get_varint(reader);
        if (length == 0 || length > count - filled) {
            reader->bad = true;
            return;
        }
        for (unsigned end = filled + (unsigned)length; filled < end; filled++) {
            values[filled] = value;
        }
    }
}

void columns_put(struct buf *buf, const uint64_t *values, unsigned count)
{
    if (count == 0) {
        return;
    }
    enum column_form form = shortest_form(values, count);
    buf_u8(buf, (uint8_t)form);
    switch (form) {
    case COLUMN_CONSTANT:
    case COLUMN_SEQUENCE:
        buf_varint(buf, values[0]);
        break;
    case COLUMN_DELTAS:
        (void)buf_reserve(buf, count);
        put_deltas(buf, values, count);
        break;
    case COLUMN_RUNS:
        put_runs(buf, values, count);
        break;
    }
}

bool columns_get(struct reader *reader, uint64_t *values, unsigned count)
{
    if (count == 0) {
        return !reader->bad;
    }
    uint8_t form = reader_u8(reader);
    switch (form) {
    case COLUMN_CONSTANT:
        get_constant(reader, values, count, 0);
        break;
    case COLUMN_SEQUENCE:
        get_constant(reader, values, count, 1);
        break;
    case COLUMN_DELTAS:
        get_deltas(reader, values, count);
        break;
    case COLUMN_RUNS:
        get_runs(reader, values, count);
        break;
    default:
        reader->bad = true;
        break;
    }
    return !reader->bad;
}
