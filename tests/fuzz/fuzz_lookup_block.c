/* SPDX-License-Identifier: Apache-2.0 */
/* A block of the lookup index: whatever reads to its end ascends, and comes back when it is sealed.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "coordinator/ledger/lookup_block.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lookup_block block = {0};
    struct lookup_block_view view;
    lookup_block_open(&view, slice_of(data, size));
    while (lookup_block_next(&view)) {
        lookup_block_add(&block, view.hash, view.ordinal); /* asserts that they ascend */
    }
    if (!view.bad) {
        struct buf sealed = {0};
        lookup_block_seal(&block, &sealed);
        struct lookup_block_view again;
        lookup_block_open(&again, buf_view(&sealed));
        while (lookup_block_next(&again)) {
        }
        assert(!again.bad && again.hash == view.hash && again.ordinal == view.ordinal);
        buf_release(&sealed);
    }
    lookup_block_release(&block);
    return 0;
}
