/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first byte chooses the check, the rest is the value. What passes must pass again unchanged;
 * what does not must be as it was.
 */
#include <assert.h>

#include "common/mem.h"
#include "coordinator/audience/endpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static enum endpoint_flaw (*const checks[])(struct cell *) = {
        endpoint_email,   endpoint_phone,  endpoint_push,
        endpoint_webhook, endpoint_locale, endpoint_timezone};
    if (size < 2) {
        return 0;
    }
    enum endpoint_flaw (*check)(struct cell *) = checks[data[0] % 6];
    uint8_t *text = mem_copy(data + 1, size - 1);
    struct cell cell = {text, size - 1};
    if (check(&cell) != ENDPOINT_FLAW_NONE) {
        assert(slice_equal(cell_view(cell), slice_of(data + 1, size - 1)));
    } else {
        assert(cell.len > 0 && cell.len < size);
        uint8_t *again = mem_copy(cell.text, cell.len);
        struct cell same = {again, cell.len};
        enum endpoint_flaw flaw = check(&same);
        assert(flaw == ENDPOINT_FLAW_NONE && slice_equal(cell_view(same), cell_view(cell)));
        mem_free(again);
    }
    mem_free(text);
    return 0;
}
