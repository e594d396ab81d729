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

/* ---- keys ---- */

#define CHECK_BYTES 4

static uint32_t check_of_key(enum cursor_list list, uint64_t scope, struct slice key)
{
    static const uint8_t secret[HASH_KEY_BYTES] = "tocsin's keys";
    struct buf bytes = {0};
    buf_u8(&bytes, (uint8_t)list);
    buf_u64(&bytes, scope);
    buf_slice(&bytes, key);
    uint32_t check = (uint32_t)hash_keyed64(secret, buf_view(&bytes));
    buf_release(&bytes);
    return check;
}

void cursor_write_key(struct buf *text, enum cursor_list list, uint64_t scope, struct slice key)
{
    struct buf bytes = {0};
    buf_slice(&bytes, key);
    buf_u32(&bytes, check_of_key(list, scope, key));
    text_base64url(text, buf_view(&bytes));
    buf_release(&bytes);
}

bool cursor_read_key(struct slice text, enum cursor_list list, uint64_t scope, uint8_t *key,
                     size_t cap, size_t *len)
{
    struct buf bytes = {0};
    size_t got = 0;
    size_t room = cap + CHECK_BYTES;
    bool is_good =
        text_base64url_decode(text, buf_reserve(&bytes, room), room, &got) && got >= CHECK_BYTES;
    if (is_good) {
        struct slice found = slice_of(bytes.data, got - CHECK_BYTES);
        struct reader check = reader_of(slice_of(bytes.data + found.len, CHECK_BYTES));
        is_good = reader_u32(&check) == check_of_key(list, scope, found);
        *len = found.len;
        memcpy(key, found.data, is_good ? found.len : 0);
    }
    buf_release(&bytes);
    return is_good;
}
