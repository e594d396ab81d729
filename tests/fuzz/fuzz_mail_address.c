/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever is taken for an address can end neither a command nor a header field. */
#include <assert.h>

#include "worker/channel/mail_address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf out = {0};
    bool needs_utf8 = false;
    if (mail_address_write(&out, slice_of(data, size), &needs_utf8)) {
        bool is_quoted = out.data[0] == '"';
        assert(out.len <= 254);
        assert(needs_utf8 == !mail_address_is_ascii(buf_view(&out)));
        for (size_t i = 0; i < out.len; i++) {
            assert(out.data[i] >= ' ' && out.data[i] != 0x7f);
            assert(is_quoted || (out.data[i] != ' ' && out.data[i] != '>' && out.data[i] != '<'));
        }
        /* What was written is an address, and the same. */
        struct buf again = {0};
        assert(mail_address_write(&again, buf_view(&out), &needs_utf8));
        assert(slice_equal(buf_view(&out), buf_view(&again)));
        buf_release(&again);
    }
    buf_release(&out);
    return 0;
}
