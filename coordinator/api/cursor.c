/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/cursor.h"

#include "common/buf.h"
#include "common/hash.h"
#include "common/text.h"

#define CURSOR_VERSION 1
#define CURSOR_BYTES   22
#define CHECKED_BYTES  18

static uint32_t check_of(const uint8_t *bytes)
{
    static const uint8_t key[HASH_KEY_BYTES] = "tocsin's cursor";
    return (uint32_t)hash_keyed64(key, slice_of(bytes, CHECKED_BYTES));
}

void cursor_write(char text[CURSOR_CHARS + 1], enum cursor_list list, uint64_t scope,
                  uint64_t position)
{
    struct buf bytes = {0};
    struct buf encoded = {0};
    buf_u8(&bytes, CURSOR_VERSION);
    buf_u8(&bytes, (uint8_t)list);
    buf_u64(&bytes, scope);
    buf_u64(&bytes, position);
    buf_u32(&bytes, check_of(bytes.data));
    text_base64url(&encoded, buf_view(&bytes));
    memcpy(text, buf_cstr(&encoded), CURSOR_CHARS + 1);
    buf_release(&encoded);
    buf_release(&bytes);
}

bool cursor_read(struct slice text, enum cursor_list list, uint64_t scope, uint64_t *position)
{
    uint8_t bytes[CURSOR_BYTES];
    size_t len;
    if (!text_base64url_decode(text, bytes, sizeof(bytes), &len) || len != CURSOR_BYTES) {
        return false;
    }
    struct reader reader = reader_of(slice_of(bytes, len));
    bool is_mine = reader_u8(&reader) == CURSOR_VERSION && reader_u8(&reader) == (uint8_t)list &&
                   reader_u64(&reader) == scope;
    uint64_t at = reader_u64(&reader);
    if (!is_mine || reader_u32(&reader) != check_of(bytes)) {
        return false;
    }
    *position = at;
    return true;
}
