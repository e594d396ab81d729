/* SPDX-License-Identifier: Apache-2.0 */
/* A record's header: whatever opens has as many entries as it says, each inside its bytes. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "coordinator/ledger/chain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t read_all(struct slice slice)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < slice.len; i++) {
        sum += slice.data[i];
    }
    return sum;
}

static uint64_t read_entry(const struct chain_entry *entry)
{
    if (entry->kind == RECORD_BLOCK) {
        return read_all(slice_of(entry->check, CHAIN_CHECK_BYTES)) + entry->campaign + entry->page;
    }
    size_t digest_bytes = entry->kind == RECORD_PUT ? HASH_DIGEST_BYTES : 0;
    return read_all(entry->key) + read_all(slice_of(entry->digest, digest_bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct chain_header header;
    if (chain_open(&header, slice_of(data, size)) != ERR_OK) {
        return 0;
    }
    volatile uint64_t sum = read_all(slice_of(header.prev, HASH_DIGEST_BYTES)) +
                            read_all(slice_of(header.root, HASH_DIGEST_BYTES));
    uint64_t count = 0;
    struct chain_cursor cursor = chain_cursor_of(&header);
    struct chain_entry entry;
    while (chain_next(&cursor, &entry)) {
        sum = sum + read_entry(&entry);
        count++;
    }
    assert(count == header.blocks + header.changes);
    return 0;
}
