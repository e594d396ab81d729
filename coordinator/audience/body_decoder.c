/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/audience/body_decoder.h"

#include <assert.h>
#include <inttypes.h>
#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

#include "common/mem.h"

enum { PIECE_BYTES = 256 * 1024, GZIP_WINDOW = 15 + 16, ZSTD_WINDOW_LOG_MAX = 23 };

struct body_decoder {
    enum audience_encoding encoding;
    struct slice left;   /* of what was pushed */
    uint64_t taken;      /* bytes of the body used up */
    bool is_inside;      /* a member or frame has begun and not ended */
    bool has_begun;      /* at least one has */
    bool is_output_full; /* there may be more to come without more input */
    bool is_bad;
    uint8_t *piece;
    z_stream gzip;
    ZSTD_DCtx *zstd;
};

static const char *const encoding_names[] = {
    [AUDIENCE_IDENTITY] = "plain", [AUDIENCE_GZIP] = "gzip", [AUDIENCE_ZSTD] = "zstd"};

static enum err damaged(struct body_decoder *decoder, const char *why, struct problem *problem)
{
    decoder->is_bad = true;
    return problem_set(problem, ERR_INVALID,
                       "the %s stream is damaged near its byte %" PRIu64 ": %s",
                       encoding_names[decoder->encoding], decoder->taken, why);
}

static void take(struct body_decoder *decoder, size_t len)
{
    decoder->left = slice_of(decoder->left.data + len, decoder->left.len - len);
    decoder->taken += len;
}

static enum err next_plain(struct body_decoder *decoder, struct slice *piece)
{
    *piece = decoder->left;
    take(decoder, decoder->left.len);
    return ERR_OK;
}

/* gzip */

static const char *gzip_fault(const struct body_decoder *decoder)
{
    if (!decoder->is_inside && decoder->has_begun) {
        return "something follows its end";
    }
    return decoder->gzip.msg == NULL ? "it needs a dictionary" : decoder->gzip.msg;
}

/* One call of inflate, over at most what an unsigned int counts. */
static enum err inflate_some(struct body_decoder *decoder, size_t *filled, struct problem *problem)
{
    z_stream *gzip = &decoder->gzip;
    size_t len = decoder->left.len < UINT32_MAX ? decoder->left.len : UINT32_MAX;
    gzip->next_in = decoder->left.data;
    gzip->avail_in = (uInt)len;
    gzip->next_out = decoder->piece + *filled;
    gzip->avail_out = (uInt)(PIECE_BYTES - *filled);
    int status = inflate(gzip, Z_NO_FLUSH);
    take(decoder, len - gzip->avail_in);
    *filled = PIECE_BYTES - gzip->avail_out;
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
        return damaged(decoder, gzip_fault(decoder), problem);
    }
    decoder->is_inside = status != Z_STREAM_END;
    decoder->is_output_full = decoder->is_inside && gzip->avail_out == 0;
    decoder->has_begun = true;
    if (status == Z_STREAM_END) {
        (void)inflateReset(gzip);
    }
    return ERR_OK;
}

/* zstd */

/* The first byte of a frame of RFC 8878, or of a skippable one. The library may also know formats
 * from before the RFC, which keep no limits. */
static bool begins_frame(uint8_t first)
{
    return first == 0x28 || (first & 0xf0) == 0x50;
}

static enum err unpack_some(struct body_decoder *decoder, size_t *filled, struct problem *problem)
{
    if (!decoder->is_inside && !begins_frame(decoder->left.data[0])) {
        return damaged(decoder, decoder->has_begun ? "something follows its end" : "it is no zstd",
                       problem);
    }
    ZSTD_inBuffer input = {decoder->left.data, decoder->left.len, 0};
    ZSTD_outBuffer output = {decoder->piece, PIECE_BYTES, *filled};
    size_t hint = ZSTD_decompressStream(decoder->zstd, &output, &input);
    take(decoder, input.pos);
    *filled = output.pos;
    if (ZSTD_isError(hint)) {
        bool is_behind = !decoder->is_inside && decoder->has_begun;
        return damaged(decoder, is_behind ? "something follows its end" : ZSTD_getErrorName(hint),
                       problem);
    }
    decoder->is_inside = hint != 0;
    decoder->is_output_full = decoder->is_inside && output.pos == output.size;
    decoder->has_begun = true;
    return ERR_OK;
}

struct body_decoder *body_decoder_new(enum audience_encoding encoding)
{
    struct body_decoder *decoder = mem_zalloc(1, sizeof(*decoder));
    decoder->encoding = encoding;
    if (encoding == AUDIENCE_IDENTITY) {
        return decoder;
    }
    decoder->piece = mem_alloc(PIECE_BYTES);
    if (encoding == AUDIENCE_GZIP) {
        int status = inflateInit2(&decoder->gzip, GZIP_WINDOW);
        assert(status == Z_OK);
    } else {
        decoder->zstd = ZSTD_createDCtx();
        assert(decoder->zstd != NULL);
        size_t status =
            ZSTD_DCtx_setParameter(decoder->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX);
        assert(!ZSTD_isError(status));
    }
    return decoder;
}

void body_decoder_free(struct body_decoder *decoder)
{
    if (decoder == NULL) {
        return;
    }
    if (decoder->encoding == AUDIENCE_GZIP) {
        (void)inflateEnd(&decoder->gzip);
    }
    ZSTD_freeDCtx(decoder->zstd);
    mem_free(decoder->piece);
    mem_free(decoder);
}

void body_decoder_push(struct body_decoder *decoder, struct slice bytes)
{
    assert(decoder->left.len == 0);
    decoder->left = bytes;
}

enum err body_decoder_next(struct body_decoder *decoder, struct slice *piece,
                           struct problem *problem)
{
    *piece = slice_of(NULL, 0);
    if (decoder->is_bad) {
        return problem_set(problem, ERR_INVALID, "the stream is damaged");
    }
    if (decoder->encoding == AUDIENCE_IDENTITY) {
        return next_plain(decoder, piece);
    }
    size_t filled = 0;
    while (filled < PIECE_BYTES && (decoder->left.len > 0 || decoder->is_output_full)) {
        enum err err = decoder->encoding == AUDIENCE_GZIP ? inflate_some(decoder, &filled, problem)
                                                          : unpack_some(decoder, &filled, problem);
        if (err != ERR_OK) {
            return err;
        }
    }
    *piece = slice_of(decoder->piece, filled);
    return ERR_OK;
}

enum err body_decoder_end(struct body_decoder *decoder, struct problem *problem)
{
    if (decoder->encoding == AUDIENCE_IDENTITY) {
        return ERR_OK;
    }
    if (!decoder->has_begun) {
        return damaged(decoder, "it is empty", problem);
    }
    return decoder->is_inside ? damaged(decoder, "it ends too early", problem) : ERR_OK;
}
