/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_page: lists in the order of keys. Their cursor is the key of the next item (cursor.h), so
 * that it holds whatever is added and removed meanwhile.
 */
#ifndef TOCSIN_API_KEY_PAGE_H
#define TOCSIN_API_KEY_PAGE_H

#include <jansson.h>
#include <stdbool.h>

#include "common/slice.h"
#include "coordinator/api/exchange.h"

/* scope: as in cursor.h. */
struct key_page {
    enum cursor_list list;
    uint64_t scope;
    struct slice from; /* where to go on, in the exchange's arena; empty at first */
    unsigned limit;
};

/* Of `limit` and `cursor`, into a page that says which list it is of; keys have key_min to key_max
 * bytes. False: the request was answered. */
bool key_page_read(struct exchange *exchange, size_t key_min, size_t key_max,
                   struct key_page *page);
/* {"items":[...],"next":...}; `next` is the key of the first item that found no room, or empty. */
json_t *key_page_list(const struct key_page *page, json_t *take_items, struct slice next);

#endif
