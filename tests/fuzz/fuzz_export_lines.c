/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer of an export as the command takes it, in the form that the first byte says. What is
 * kept and counted must not depend on the pieces in which it comes.
 */
#include <assert.h>

#include "cli/export_lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool keep(void *arg, struct slice bytes)
{
    buf_slice(arg, bytes);
    return true;
}

static enum err take(struct export_lines *lines, struct slice text, size_t piece, struct buf *kept)
{
    struct problem problem = {0};
    enum err err = ERR_OK;
    for (size_t at = 0; at < text.len && err == ERR_OK; at += piece) {
        size_t len = text.len - at < piece ? text.len - at : piece;
        err = export_lines_take(lines, slice_of(text.data + at, len), keep, kept, &problem);
    }
    assert(err == ERR_OK || problem.text[0] != '\0');
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct export_lines whole = {.is_csv = data[0] & 1, .is_zstd = data[0] >> 1 & 1};
    struct export_lines pieces = whole;
    struct buf kept = {0};
    struct buf kept_of_pieces = {0};
    struct slice text = slice_of(data + 1, size - 1);
    enum err err = take(&whole, text, size, &kept);
    enum err err_of_pieces = take(&pieces, text, 1 + data[0] / 4, &kept_of_pieces);
    assert((err == ERR_OK) == (err_of_pieces == ERR_OK));
    if (err == ERR_OK) {
        assert(slice_equal(buf_view(&kept), buf_view(&kept_of_pieces)));
        assert(whole.rows == pieces.rows && whole.last == pieces.last);
        assert(whole.is_whole == pieces.is_whole && whole.answered == pieces.answered);
        assert(whole.is_zstd || kept.len <= text.len);
    }
    export_lines_release(&whole);
    export_lines_release(&pieces);
    buf_release(&kept);
    buf_release(&kept_of_pieces);
    return 0;
}
