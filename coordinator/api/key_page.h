/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_page: lists in the order of keys. Their cursor is the key of the next item as base64url, so
 * that it holds whatever is added and removed meanwhile. (cursor.h is for lists with numbers.)
 */
#ifndef TOCSIN_API_KEY_PAGE_H
#define TOCSIN_API_KEY_PAGE_H

#include <jansson.h>
#include <stdbool.h>

#include "common/slice.h"
#include "coordinator/api/exchange.h"

struct key_page {
    struct slice from; /* where to go on, in the exchange's arena; empty at first */
    unsigned limit;
};

/* Of `limit` and `cursor`; keys have key_min to key_max bytes. False: the request was answered. */
bool key_page_read(struct exchange *exchange, size_t key_min, size_t key_max,
                   struct key_page *page);
/* {"items":[...],"next":...}; `next` is the key of the first item that found no room, or empty. */
json_t *key_page_list(json_t *take_items, struct slice next);

#endif
