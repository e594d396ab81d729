/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first byte chooses what is read: words as people write them (channel, a zero, value), or a
 * stored entry (id, a zero, value). What is understood is written and read back to the same.
 */
#include <assert.h>
#include <string.h>

#include "common/mem.h"
#include "coordinator/content/suppression.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct suppression *entry, struct suppression *back)
{
    struct buf id = {0};
    struct buf value = {0};
    suppression_id(entry, &id);
    suppression_encode(entry, &value);
    enum err err = suppression_decode(buf_view(&id), buf_view(&value), back);
    assert(err == ERR_OK);
    assert(strcmp(entry->value, back->value) == 0 && strcmp(entry->source, back->source) == 0);
    assert(entry->kind == back->kind && entry->channel == back->channel);
    assert(entry->reason == back->reason && entry->at_ms == back->at_ms);
    buf_release(&id);
    buf_release(&value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    struct suppression *entries = mem_zalloc(2, sizeof(*entries));
    struct slice rest = slice_of(data + 1, size - 1);
    struct slice first = slice_take_until(&rest, 0);
    struct problem problem;
    bool is_stored = (data[0] & 1) != 0;
    enum err err = is_stored
                       ? suppression_decode(first, rest, &entries[0])
                       : suppression_set(&entries[0], (data[0] & 2) != 0, first, rest, &problem);
    if (err == ERR_OK) {
        if (!is_stored) {
            entries[0].reason = REASON_MANUAL;
            (void)!suppression_set_source(&entries[0], rest, &problem);
        }
        check_again(&entries[0], &entries[1]);
    }
    mem_free(entries);
    return 0;
}
