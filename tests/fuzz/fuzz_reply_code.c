/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message that somebody sent back. What is read as a code must be read the same when it is
 * written plainly, and a message with one more character is another one.
 */
#include <assert.h>
#include <string.h>

#include "common/buf.h"
#include "proto/reply_code.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char code[REPLY_CODE_CHARS];
    char again[REPLY_CODE_CHARS];
    if (!reply_code_read(slice_of(data, size), code)) {
        return 0;
    }
    struct buf plain = {0};
    buf_str(&plain, "ACK ");
    buf_append(&plain, code, sizeof(code));
    bool is_read = reply_code_read(buf_view(&plain), again);
    assert(is_read && memcmp(code, again, sizeof(code)) == 0);
    buf_clear(&plain);
    buf_slice(&plain, slice_of(data, size));
    buf_str(&plain, "7");
    is_read = reply_code_read(buf_view(&plain), again);
    assert(!is_read);
    buf_release(&plain);
    return 0;
}
