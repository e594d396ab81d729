/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first byte says in which pieces the rest, a CSV file, is pushed. The rows must be the same as
 * in one piece; and what the row reader makes of them must be counted and explained.
 */
#include <assert.h>
#include <stdlib.h>

#include "coordinator/audience/csv.h"
#include "tests/fuzz/row_drain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Everything that came out, so that it can be compared. */
static void parse(struct slice text, size_t step, struct buf *out)
{
    struct csv csv;
    struct csv_row row;
    enum csv_status status = CSV_MORE;
    csv_init(&csv, CSV_DETECT);
    for (size_t at = 0; status != CSV_DONE;) {
        size_t len = text.len - at < step ? text.len - at : step;
        if (len > 0) {
            csv_push(&csv, slice_of(text.data + at, len));
            at += len;
        } else {
            csv_end(&csv);
        }
        while ((status = csv_next(&csv, &row)) == CSV_ROW || status == CSV_BROKEN) {
            buf_u64(out, row.line);
            buf_u8(out, (uint8_t)row.flaw);
            buf_u32(out, row.count);
            for (unsigned i = 0; status == CSV_ROW && i < row.count && i < CSV_FIELDS_MAX; i++) {
                buf_blob(out, cell_view(row.fields[i]));
            }
        }
    }
    csv_release(&csv);
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
    row_drain(AUDIENCE_CSV, text, 1 + data[0] % 40);
    return 0;
}
