/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first byte chooses gzip or zstd and the pieces, the rest is the body. Whether it is whole and
 * what it stands for must not depend on the pieces.
 */
#include <assert.h>

#include "common/buf.h"
#include "coordinator/audience/body_decoder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OUT_MAX (4 << 20) /* a bomb is cut off here */

static bool decode(enum audience_encoding encoding, struct slice body, size_t step, struct buf *out)
{
    struct body_decoder *decoder = body_decoder_new(encoding);
    struct problem problem;
    enum err err = ERR_OK;
    for (size_t at = 0; err == ERR_OK && at < body.len; at += step) {
        size_t len = body.len - at < step ? body.len - at : step;
        body_decoder_push(decoder, slice_of(body.data + at, len));
        struct slice text;
        do {
            err = body_decoder_next(decoder, &text, &problem);
            if (out->len < OUT_MAX) {
                buf_slice(out, text);
            }
        } while (err == ERR_OK && text.len > 0);
    }
    if (err == ERR_OK) {
        err = body_decoder_end(decoder, &problem);
    }
    assert(err == ERR_OK || (err == ERR_INVALID && problem.text[0] != '\0'));
    body_decoder_free(decoder);
    return err == ERR_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    enum audience_encoding encoding = (data[0] & 1) != 0 ? AUDIENCE_GZIP : AUDIENCE_ZSTD;
    struct slice body = slice_of(data + 1, size - 1);
    struct buf whole = {0};
    struct buf cut = {0};
    bool is_whole = decode(encoding, body, SIZE_MAX / 2, &whole);
    bool is_whole_cut = decode(encoding, body, 1 + (data[0] >> 1) % 40, &cut);
    assert(is_whole == is_whole_cut);
    assert(!is_whole || slice_equal(buf_view(&whole), buf_view(&cut)));
    buf_release(&whole);
    buf_release(&cut);
    return 0;
}
