/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/packer.h"

#include <assert.h>
#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

enum { GZIP_WINDOW = 15 + 16, GZIP_MEMORY = 8, STEP = 65536 };

static void gzip_begin(z_stream *gzip)
{
    *gzip = (z_stream){0};
    int status = deflateInit2(gzip, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
                              Z_DEFAULT_STRATEGY);
    assert(status == Z_OK);
}

static void gzip_put(z_stream *gzip, struct slice text, int flush, struct buf *out)
{
    gzip->next_in = text.data;
    gzip->avail_in = (uInt)text.len;
    do {
        gzip->next_out = buf_reserve(out, STEP);
        gzip->avail_out = STEP;
        int status = deflate(gzip, flush);
        assert(status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR);
        out->len += STEP - gzip->avail_out;
    } while (gzip->avail_out == 0);
}

void pack_gzip(struct slice text, struct buf *out)
{
    z_stream gzip;
    gzip_begin(&gzip);
    gzip_put(&gzip, text, Z_FINISH, out);
    (void)deflateEnd(&gzip);
}

void pack_gzip_zeros(uint64_t count, struct buf *out)
{
    static const uint8_t zeros[STEP];
    z_stream gzip;
    gzip_begin(&gzip);
    for (; count > STEP; count -= STEP) {
        gzip_put(&gzip, slice_of(zeros, STEP), Z_NO_FLUSH, out);
    }
    gzip_put(&gzip, slice_of(zeros, count), Z_FINISH, out);
    (void)deflateEnd(&gzip);
}

void pack_zstd(struct slice text, struct buf *out)
{
    size_t room = ZSTD_compressBound(text.len);
    size_t len = ZSTD_compress(buf_reserve(out, room), room, text.data, text.len, 3);
    assert(!ZSTD_isError(len));
    out->len += len;
}
