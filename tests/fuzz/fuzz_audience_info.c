/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The input is a catalogue entry. What is accepted adds up, and is the same when written and read
 * again.
 */
#include <assert.h>

#include "coordinator/audience/audience.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct audience_info info;
    static struct audience_info back;
    if (audience_info_decode(slice_of(data, size), &info) != ERR_OK) {
        return 0;
    }
    assert(info.accepted + info.duplicates + info.refused == info.rows);
    struct buf first = {0};
    struct buf second = {0};
    audience_info_encode(&info, &first);
    enum err err = audience_info_decode(buf_view(&first), &back);
    assert(err == ERR_OK);
    audience_info_encode(&back, &second);
    assert(slice_equal(buf_view(&first), buf_view(&second)));
    buf_release(&first);
    buf_release(&second);
    return 0;
}
