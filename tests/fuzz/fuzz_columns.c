/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first two bytes are a count, the rest is a column. What is read must survive being written,
 * in no more bytes than an encoder that takes a constant, runs or differences without thinking.
 */
#include <assert.h>
#include <stdlib.h>

#include "proto/columns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { MANY = 1024 };
    if (size < 2) {
        return 0;
    }
    unsigned count = (data[0] | (unsigned)data[1] << 8) % (MANY + 1);
    uint64_t values[MANY];
    struct reader reader = reader_of(slice_of(data + 2, size - 2));
    bool is_good = columns_get(&reader, values, count);
    assert(is_good == !reader.bad);
    if (!is_good) {
        return 0;
    }
    uint64_t again[MANY];
    struct buf buf = {0};
    columns_put(&buf, values, count);
    assert(buf.len <= 1 + 10 * (size_t)count);
    reader = reader_of(buf_view(&buf));
    is_good = columns_get(&reader, again, count);
    assert(is_good && reader_left(&reader) == 0);
    for (unsigned i = 0; i < count; i++) {
        assert(again[i] == values[i]);
    }
    buf_release(&buf);
    return 0;
}
