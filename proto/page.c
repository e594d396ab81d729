/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening a page costs its decompression and little else: the lengths are checked in bulk and never
 * unpacked. The cursor keeps one offset a column and adds the lengths it passes, so that walking
 * all rows of a page costs about a nanosecond a value; values are slices of the body.
 *
 * A length is at most PAGE_VALUE_MAX, hence two bytes. That no *row* exceeds PAGE_VALUE_MAX needs
 * no look at rows when the largest lengths of the columns together do not exceed it, which is
 * nearly always.
 */
#include "proto/page.h"

#include <assert.h>
#include <lz4.h>
#include <zstd.h>

#include "common/mem.h"

enum { PAGE_HEADER_BYTES = 12, PAGE_COLUMN_HEADER_BYTES = 5, PAGE_ZSTD_LEVEL = 1 };

_Static_assert(PAGE_VALUE_MAX <= UINT16_MAX, "lengths are stored in two bytes at most");
_Static_assert(PAGE_RAW_MAX <= LZ4_MAX_INPUT_SIZE, "a body is one LZ4 block");

/* Building and sealing */

void page_builder_init(struct page_builder *builder, unsigned columns)
{
    assert(columns >= 1 && columns <= PAGE_COLUMNS_MAX);
    builder->columns = columns;
    builder->count = 0;
    builder->column = mem_zalloc(columns, sizeof(*builder->column));
}

void page_builder_release(struct page_builder *builder)
{
    for (unsigned c = 0; c < builder->columns; c++) {
        buf_release(&builder->column[c].blob);
    }
    mem_free(builder->column);
    memset(builder, 0, sizeof(*builder));
}

void page_builder_clear(struct page_builder *builder)
{
    for (unsigned c = 0; c < builder->columns; c++) {
        buf_clear(&builder->column[c].blob);
    }
    builder->count = 0;
}

bool page_builder_add(struct page_builder *builder, const struct slice *values)
{
    if (builder->count == PAGE_RECIPIENTS) {
        return false;
    }
    for (unsigned c = 0; c < builder->columns; c++) {
        struct page_builder_column *column = &builder->column[c];
        assert(values[c].len <= PAGE_VALUE_MAX);
        column->lengths[builder->count] = (uint16_t)values[c].len;
        if (values[c].len > 0) {
            buf_append(&column->blob, values[c].data, values[c].len);
        }
    }
    builder->count++;
    return true;
}

static unsigned width_of(const struct page_builder_column *column, unsigned count)
{
    if (column->blob.len == 0) {
        return 0;
    }
    unsigned all = 0;
    for (unsigned i = 0; i < count; i++) {
        all |= column->lengths[i];
    }
    return all <= UINT8_MAX ? 1 : 2;
}

static void put_column(const struct page_builder_column *column, unsigned count, struct buf *body)
{
    unsigned width = width_of(column, count);
    buf_u8(body, (uint8_t)width);
    buf_u32(body, (uint32_t)column->blob.len);
    uint8_t *lengths = buf_reserve(body, (size_t)count * width);
    if (width == 1) {
        for (unsigned i = 0; i < count; i++) {
            lengths[i] = (uint8_t)column->lengths[i];
        }
    } else if (width == 2) {
        for (size_t i = 0; i < count; i++) {
            lengths[2 * i] = (uint8_t)column->lengths[i];
            lengths[2 * i + 1] = (uint8_t)(column->lengths[i] >> 8);
        }
    }
    body->len += (size_t)count * width;
    if (width > 0) {
        buf_append(body, column->blob.data, column->blob.len);
    }
}

static void put_header(const struct page_builder *builder, enum page_codec codec, size_t raw_bytes,
                       struct buf *buf)
{
    buf_u8(buf, PAGE_VERSION);
    buf_u8(buf, (uint8_t)codec);
    buf_u16(buf, (uint16_t)builder->count);
    buf_u16(buf, (uint16_t)builder->columns);
    buf_u16(buf, 0);
    buf_u32(buf, (uint32_t)raw_bytes);
}

/* Bytes of the compressed body at `to`, or 0 if the codec could not make it smaller. */
static size_t compress(enum page_codec codec, void *zstd_context, struct slice raw, uint8_t *to)
{
    size_t room = raw.len - 1;
    size_t len = 0;
    switch (codec) {
    case PAGE_RAW:
        break;
    case PAGE_LZ4:
        len = (size_t)LZ4_compress_default((const char *)raw.data, (char *)to, (int)raw.len,
                                           (int)room);
        break;
    case PAGE_ZSTD:
        len = zstd_context == NULL ? ZSTD_compress(to, room, raw.data, raw.len, PAGE_ZSTD_LEVEL)
                                   : ZSTD_compressCCtx((ZSTD_CCtx *)zstd_context, to, room,
                                                       raw.data, raw.len, PAGE_ZSTD_LEVEL);
        if (ZSTD_isError(len)) {
            len = 0;
        }
        break;
    }
    return len;
}

void page_seal(const struct page_builder *builder, enum page_codec codec, void *zstd_context,
               struct buf *scratch, struct buf *buf)
{
    assert(builder->count >= 1);
    size_t most = 0;
    for (unsigned c = 0; c < builder->columns; c++) {
        most += PAGE_COLUMN_HEADER_BYTES + 2 * (size_t)builder->count + builder->column[c].blob.len;
    }
    buf_clear(scratch);
    (void)buf_reserve(scratch, most);
    for (unsigned c = 0; c < builder->columns; c++) {
        put_column(&builder->column[c], builder->count, scratch);
    }
    struct slice raw = buf_view(scratch);
    assert(raw.len <= PAGE_RAW_MAX);

    (void)buf_reserve(buf, PAGE_HEADER_BYTES + raw.len);
    size_t len = compress(codec, zstd_context, raw, buf->data + buf->len + PAGE_HEADER_BYTES);
    put_header(builder, len > 0 ? codec : PAGE_RAW, raw.len, buf);
    if (len > 0) {
        buf->len += len;
    } else {
        buf_slice(buf, raw);
    }
}

/* Reading */

static inline uint32_t length_at(const struct page_view_column *column, unsigned row)
{
    if (column->width == 1) {
        return column->lengths[row];
    }
    if (column->width == 2) {
        const uint8_t *at = column->lengths + 2 * (size_t)row;
        return (uint32_t)at[0] | (uint32_t)at[1] << 8;
    }
    return 0;
}

/* Eight lengths at a time: four sums of 16 bits, each of at most 128 * 2 * 255, so that none
 * overflows. */
static uint32_t sum_bytes(const uint8_t *bytes, unsigned count)
{
    _Static_assert(PAGE_RECIPIENTS / 8 * 2 * UINT8_MAX <= UINT16_MAX, "sums of 16 bits");
    const uint64_t even = UINT64_C(0x00ff00ff00ff00ff);
    uint64_t sums = 0;
    unsigned i = 0;
    for (; i + 8 <= count; i += 8) {
        uint64_t word;
        memcpy(&word, bytes + i, sizeof(word));
        sums += (word & even) + (word >> 8 & even);
    }
    uint32_t sum = 0;
    for (; i < count; i++) {
        sum += bytes[i];
    }
    for (; sums != 0; sums >>= 16) {
        sum += (uint32_t)(sums & 0xffff);
    }
    return sum;
}

/* The sum of the lengths of rows [from, to). */
static uint32_t sum_lengths(const struct page_view_column *column, unsigned from, unsigned to)
{
    if (column->width == 1) {
        return sum_bytes(column->lengths + from, to - from);
    }
    uint32_t sum = 0;
    if (column->width == 2) {
        for (unsigned row = from; row < to; row++) {
            sum += length_at(column, row);
        }
    }
    return sum;
}

static uint32_t longest(const struct page_view_column *column, unsigned count)
{
    if (column->width < 2) {
        return column->width == 0 ? 0 : UINT8_MAX;
    }
    uint32_t most = 0;
    for (unsigned row = 0; row < count; row++) {
        uint32_t length = length_at(column, row);
        most = length > most ? length : most;
    }
    return most;
}

static bool are_rows_within_limit(const struct page_view *view)
{
    uint32_t bound = 0;
    for (unsigned c = 0; c < view->columns; c++) {
        bound += longest(&view->column[c], view->count);
    }
    if (bound <= PAGE_VALUE_MAX) {
        return true;
    }
    for (unsigned row = 0; row < view->count; row++) {
        uint32_t sum = 0;
        for (unsigned c = 0; c < view->columns; c++) {
            sum += length_at(&view->column[c], row);
        }
        if (sum > PAGE_VALUE_MAX) {
            return false;
        }
    }
    return true;
}

static bool read_view_column(struct reader *reader, unsigned count, struct page_view_column *column)
{
    column->width = reader_u8(reader);
    column->blob_bytes = reader_u32(reader);
    if (reader->bad || column->width > 2) {
        return false;
    }
    column->lengths = reader_bytes(reader, (size_t)count * column->width).data;
    column->blob = reader_bytes(reader, column->blob_bytes).data;
    column->at = 0;
    return !reader->bad && sum_lengths(column, 0, count) == column->blob_bytes;
}

/* Makes `body` the decompressed body; it points into `packed` or into the view's buffer. */
static enum err decompress(struct page_view *view, unsigned codec, struct slice packed,
                           uint32_t raw_bytes, void *zstd_context, struct slice *body)
{
    if (codec == PAGE_RAW) {
        *body = packed;
        return packed.len == raw_bytes ? ERR_OK : ERR_CORRUPT;
    }
    if (codec != PAGE_LZ4 && codec != PAGE_ZSTD) {
        return ERR_UNSUPPORTED;
    }
    /* Before a byte is allocated. LZ4 never makes anything smaller than a 255th. */
    if (packed.len >= raw_bytes ||
        (codec == PAGE_LZ4 ? raw_bytes / 255 > packed.len
                           : ZSTD_getFrameContentSize(packed.data, packed.len) != raw_bytes)) {
        return ERR_CORRUPT;
    }
    buf_clear(&view->body);
    uint8_t *to = buf_reserve(&view->body, raw_bytes);
    size_t len;
    if (codec == PAGE_LZ4) {
        int got = LZ4_decompress_safe((const char *)packed.data, (char *)to, (int)packed.len,
                                      (int)raw_bytes);
        len = got < 0 ? 0 : (size_t)got;
    } else if (zstd_context == NULL) {
        len = ZSTD_decompress(to, raw_bytes, packed.data, packed.len);
    } else {
        len =
            ZSTD_decompressDCtx((ZSTD_DCtx *)zstd_context, to, raw_bytes, packed.data, packed.len);
    }
    if (len != raw_bytes) {
        return ERR_CORRUPT;
    }
    view->body.len = len;
    *body = buf_view(&view->body);
    return ERR_OK;
}

static bool read_columns(struct page_view *view, struct slice body)
{
    struct reader reader = reader_of(body);
    for (unsigned c = 0; c < view->columns; c++) {
        if (!read_view_column(&reader, view->count, &view->column[c])) {
            return false;
        }
    }
    return reader_left(&reader) == 0 && are_rows_within_limit(view);
}

static void make_empty(struct page_view *view)
{
    view->count = 0;
    view->columns = 0;
    view->row = 0;
}

void page_view_release(struct page_view *view)
{
    make_empty(view);
    buf_release(&view->body);
}

enum err page_open(struct page_view *view, struct slice bytes, void *zstd_context)
{
    make_empty(view);
    struct reader reader = reader_of(bytes);
    uint8_t version = reader_u8(&reader);
    uint8_t codec = reader_u8(&reader);
    unsigned count = reader_u16(&reader);
    unsigned columns = reader_u16(&reader);
    unsigned zero = reader_u16(&reader);
    uint32_t raw_bytes = reader_u32(&reader);
    if (reader.bad) {
        return ERR_CORRUPT;
    }
    if (version != PAGE_VERSION) {
        return ERR_UNSUPPORTED;
    }
    if (count == 0 || count > PAGE_RECIPIENTS || columns == 0 || columns > PAGE_COLUMNS_MAX ||
        zero != 0 || raw_bytes > PAGE_RAW_MAX || raw_bytes < columns * PAGE_COLUMN_HEADER_BYTES) {
        return ERR_CORRUPT;
    }
    struct slice body;
    enum err err = decompress(view, codec, slice_of(reader.at, reader_left(&reader)), raw_bytes,
                              zstd_context, &body);
    if (err != ERR_OK) {
        return err;
    }
    view->count = count;
    view->columns = columns;
    if (!read_columns(view, body)) {
        make_empty(view);
        return ERR_CORRUPT;
    }
    return ERR_OK;
}

void page_seek(struct page_view *view, unsigned row)
{
    row = row < view->count ? row : view->count;
    if (row == view->row + 1) {
        for (unsigned c = 0; c < view->columns; c++) {
            view->column[c].at += length_at(&view->column[c], view->row);
        }
        view->row = row;
        return;
    }
    unsigned from = view->row;
    if (row < from) {
        from = 0;
        for (unsigned c = 0; c < view->columns; c++) {
            view->column[c].at = 0;
        }
    }
    for (unsigned c = 0; c < view->columns; c++) {
        view->column[c].at += sum_lengths(&view->column[c], from, row);
    }
    view->row = row;
}

struct slice page_value(const struct page_view *view, unsigned column)
{
    if (column >= view->columns || view->row >= view->count) {
        return slice_of(NULL, 0);
    }
    const struct page_view_column *from = &view->column[column];
    uint32_t length = length_at(from, view->row);
    return length == 0 ? slice_of(NULL, 0) : slice_of(from->blob + from->at, length);
}

unsigned page_count(struct slice bytes)
{
    struct reader reader = reader_of(bytes);
    uint8_t version = reader_u8(&reader);
    (void)reader_u8(&reader);
    unsigned count = reader_u16(&reader);
    return bytes.len >= PAGE_HEADER_BYTES && version == PAGE_VERSION && count <= PAGE_RECIPIENTS
               ? count
               : 0;
}
