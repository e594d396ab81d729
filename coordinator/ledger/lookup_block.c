/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/ledger/lookup_block.h"

#include <assert.h>

void lookup_block_release(struct lookup_block *block)
{
    buf_release(&block->entries);
    *block = (struct lookup_block){0};
}

void lookup_block_clear(struct lookup_block *block)
{
    block->count = 0;
    buf_clear(&block->entries);
}

void lookup_block_add(struct lookup_block *block, uint64_t hash, uint32_t ordinal)
{
    assert(!lookup_block_is_full(block));
    if (block->count == 0) {
        block->first_hash = hash;
        block->last_hash = hash;
    } else {
        assert(hash > block->last_hash ||
               (hash == block->last_hash && ordinal > block->last_ordinal));
    }
    buf_varint(&block->entries, hash - block->last_hash);
    buf_varint(&block->entries, ordinal);
    block->last_hash = hash;
    block->last_ordinal = ordinal;
    block->count++;
}

void lookup_block_seal(const struct lookup_block *block, struct buf *buf)
{
    assert(block->count > 0);
    buf_u8(buf, LOOKUP_BLOCK_VERSION);
    buf_varint(buf, block->count);
    buf_u64(buf, block->first_hash);
    buf_slice(buf, buf_view(&block->entries));
}

static bool lookup_block_fail(struct lookup_block_view *view)
{
    view->bad = true;
    view->left = 0;
    return false;
}

bool lookup_block_open(struct lookup_block_view *view, struct slice bytes)
{
    *view = (struct lookup_block_view){.reader = reader_of(bytes), .is_first = true};
    uint8_t version = reader_u8(&view->reader);
    uint64_t count = reader_varint(&view->reader);
    view->hash = reader_u64(&view->reader);
    if (view->reader.bad || version != LOOKUP_BLOCK_VERSION || count == 0 ||
        count > LOOKUP_BLOCK_ENTRIES) {
        return lookup_block_fail(view);
    }
    view->left = (unsigned)count;
    return true;
}

bool lookup_block_next(struct lookup_block_view *view)
{
    if (view->left == 0) {
        return false;
    }
    uint64_t delta = reader_varint(&view->reader);
    uint64_t ordinal = reader_varint(&view->reader);
    view->left--;
    bool is_first = view->is_first;
    bool ascends = is_first ? delta == 0 : delta > 0 || ordinal > view->ordinal;
    bool ends_right = view->left > 0 || reader_left(&view->reader) == 0;
    if (view->reader.bad || ordinal > UINT32_MAX || delta > UINT64_MAX - view->hash || !ascends ||
        !ends_right) {
        return lookup_block_fail(view);
    }
    view->hash += delta;
    view->ordinal = (uint32_t)ordinal;
    view->is_first = false;
    return true;
}
