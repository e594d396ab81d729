/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What SendGrid may say to a request that it refuses: a byte for how many recipients it had, the
 * body. Somebody is to blame if, and only if, it says that recipients are, or something worse.
 */
#include <assert.h>

#include "worker/channel/sendgrid_errors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    bool is_culprit[256];
    uint32_t count = data[0] + 1u;
    enum sendgrid_fault fault =
        sendgrid_errors_read(slice_of(data + 1, size - 1), count, is_culprit);
    unsigned culprits = 0;
    for (uint32_t i = 0; i < count; i++) {
        culprits += is_culprit[i];
    }
    assert(fault != SENDGRID_FAULT_RECIPIENTS || culprits > 0);
    assert(culprits == 0 || fault >= SENDGRID_FAULT_RECIPIENTS);
    return 0;
}
