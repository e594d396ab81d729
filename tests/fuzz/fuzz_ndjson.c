/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first byte says in which pieces the rest, an NDJSON file, is pushed. The rows must be the
 * same as in one piece, their text UTF-8, and what the row reader makes of them explained.
 */
#include <assert.h>
#include <stdlib.h>

#include "common/text.h"
#include "coordinator/audience/ndjson.h"
#include "tests/fuzz/row_drain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(struct slice text, size_t step, struct buf *out)
{
    static struct ndjson_row row;
    struct ndjson ndjson;
    enum ndjson_status status = NDJSON_MORE;
    ndjson_init(&ndjson);
    for (size_t at = 0; status != NDJSON_DONE;) {
        size_t len = text.len - at < step ? text.len - at : step;
        if (len > 0) {
            ndjson_push(&ndjson, slice_of(text.data + at, len));
            at += len;
        } else {
            ndjson_end(&ndjson);
        }
        while ((status = ndjson_next(&ndjson, &row)) == NDJSON_ROW || status == NDJSON_BROKEN) {
            buf_u64(out, row.line);
            buf_u8(out, (uint8_t)row.flaw);
            for (unsigned i = 0; status == NDJSON_ROW && i < row.count; i++) {
                assert(text_is_utf8(row.members[i].name, NULL));
                assert(text_is_utf8(cell_view(row.members[i].value), NULL));
                buf_blob(out, row.members[i].name);
                buf_u32(out, row.members[i].rank);
                buf_blob(out, cell_view(row.members[i].value));
            }
        }
    }
    ndjson_release(&ndjson);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct slice text = slice_of(data + 1, size - 1);
    struct buf whole = {0};
    struct buf cut = {0};
    parse(text, SIZE_MAX, &whole);
    parse(text, 1 + data[0] % 40, &cut);
    assert(slice_equal(buf_view(&whole), buf_view(&cut)));
    buf_release(&whole);
    buf_release(&cut);
    row_drain(AUDIENCE_NDJSON, text, 1 + data[0] % 40);
    return 0;
}
