/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message that somebody sent back. What is read as a code must be read the same when it is
 * written plainly; with one more character it is another code, or none; and whoever owns it in a
 * range that has it must be written just that.
 */
#include <assert.h>
#include <string.h>

#include "common/buf.h"
#include "proto/reply_code.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_same(const struct reply_code *a, const struct reply_code *b)
{
    return a->count == b->count && memcmp(a->chars, b->chars, a->count) == 0;
}

static void check_owner(const struct reply_code *code)
{
    static const uint8_t key[HASH_KEY_BYTES] = {7};
    const struct reply_range range = {code->count, 1000, 1000003};
    struct reply_codes codes;
    struct reply_code again;
    uint32_t owner;
    reply_codes_init(&codes, &range, 7, key);
    if (reply_code_owner(&codes, code, &owner)) {
        assert(owner < range.count);
        reply_code_write(&codes, owner, &again);
        assert(is_same(code, &again));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reply_code code;
    struct reply_code again;
    if (!reply_code_read(slice_of(data, size), &code)) {
        return 0;
    }
    assert(code.count >= REPLY_CODE_CHARS_MIN && code.count <= REPLY_CODE_CHARS_MAX);
    struct buf plain = {0};
    buf_str(&plain, "ACK ");
    buf_append(&plain, code.chars, code.count);
    bool is_read = reply_code_read(buf_view(&plain), &again);
    assert(is_read && is_same(&code, &again));
    buf_clear(&plain);
    buf_slice(&plain, slice_of(data, size));
    buf_str(&plain, "7");
    is_read = reply_code_read(buf_view(&plain), &again);
    assert(is_read == (code.count < REPLY_CODE_CHARS_MAX));
    assert(!is_read || again.count == code.count + 1);
    buf_release(&plain);
    check_owner(&code);
    return 0;
}
