/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream of events as a coordinator, or whatever stands in its place, sends it. However it is cut
 * into pieces, the same events are read.
 */
#include <assert.h>

#include "cli/event_lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool gather(void *arg, struct slice data)
{
    struct buf *all = arg;
    buf_blob(all, data);
    return true;
}

static bool read_in_pieces(struct slice text, size_t piece, struct buf *all)
{
    struct event_lines lines = {0};
    bool goes_on = true;
    for (size_t at = 0; goes_on && at < text.len; at += piece) {
        size_t len = text.len - at < piece ? text.len - at : piece;
        goes_on = event_lines_take(&lines, slice_of(text.data + at, len), gather, all);
    }
    buf_blob(all, buf_view(&lines.id));
    event_lines_release(&lines);
    return goes_on;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf whole = {0};
    struct buf cut = {0};
    size_t piece = size == 0 ? 1 : 1 + data[0] % 7;
    bool is_good = read_in_pieces(slice_of(data, size), size + 1, &whole);
    bool is_good_cut = read_in_pieces(slice_of(data, size), piece, &cut);
    assert(is_good == is_good_cut && slice_equal(buf_view(&whole), buf_view(&cut)));
    buf_release(&whole);
    buf_release(&cut);
    return 0;
}
