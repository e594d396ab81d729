/* SPDX-License-Identifier: Apache-2.0 */
/* A record from a changelog: whatever decodes comes back from its encoding as the same bytes. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "coordinator/engine/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void encode_again(const struct record *record, struct buf *bytes)
{
    struct record *again;
    record_encode(record, bytes);
    enum err err = record_decode(buf_view(bytes), &again);
    assert(err == ERR_OK);
    assert(again->recno == record->recno && again->entry_count == record->entry_count);
    struct buf twice = {0};
    record_encode(again, &twice);
    assert(slice_equal(buf_view(bytes), buf_view(&twice)));
    buf_release(&twice);
    record_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct record *record;
    if (record_decode(slice_of(data, size), &record) == ERR_OK) {
        struct buf bytes = {0};
        encode_again(record, &bytes);
        buf_release(&bytes);
    }
    record_free(record);
    return 0;
}
