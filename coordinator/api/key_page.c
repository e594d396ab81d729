/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/key_page.h"

#include "common/text.h"

bool key_page_read(struct exchange *exchange, size_t key_min, size_t key_max, struct key_page *page)
{
    const char *cursor = query_string_get(&exchange->query, "cursor");
    const char *text = query_string_get(&exchange->query, "limit");
    uint64_t number = EXCHANGE_LIMIT;
    size_t len = 0;
    if (text != NULL && !text_number(slice_str(text), 1, EXCHANGE_LIMIT_MAX, &number)) {
        exchange_refuse_parameter(exchange, "limit", "limit must be a number from 1 to %d",
                                  EXCHANGE_LIMIT_MAX);
        return false;
    }
    page->from = slice_of(NULL, 0);
    page->limit = (unsigned)number;
    if (cursor == NULL) {
        return true;
    }
    uint8_t *key = arena_alloc(exchange->arena, key_max);
    if (!cursor_read_key(slice_str(cursor), page->list, page->scope, key, key_max, &len) ||
        len < key_min) {
        exchange_refuse_parameter(exchange, "cursor",
                                  "this is no cursor of this list; take the `next` of its last "
                                  "answer, unchanged, or none to begin anew");
        return false;
    }
    page->from = slice_of(key, len);
    return true;
}

json_t *key_page_list(const struct key_page *page, json_t *take_items, struct slice next)
{
    json_t *cursor = json_null();
    if (next.len > 0) {
        struct buf text = {0};
        cursor_write_key(&text, page->list, page->scope, next);
        cursor = json_string(buf_cstr(&text));
        buf_release(&text);
    }
    return json_pack("{s:o, s:o}", "items", take_items, "next", cursor);
}
