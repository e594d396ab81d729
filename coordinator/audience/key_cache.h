/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_cache: the key columns of pages that were looked at lately, so that who is asked for by key
 * does not have a page of 1,024 people read and decompressed each time. Pages never change, so
 * nothing in it gets old. Bounded; one thread.
 */
#ifndef TOCSIN_AUDIENCE_KEY_CACHE_H
#define TOCSIN_AUDIENCE_KEY_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/slice.h"
#include "proto/page.h"

struct key_cache;

/* Holds at most so many bytes; a page with 9-digit keys takes 11 kB. */
struct key_cache *key_cache_new(size_t bytes_max);
void key_cache_free(struct key_cache *cache);
/* The key at a place of a page. False: the page is not there. A place that the page does not have
 * holds an empty key. Valid until the next put. */
bool key_cache_get(const struct key_cache *cache, uint64_t audience, uint32_t page, unsigned place,
                   struct slice *key);
/* Copies the keys of a page, and moves the view's cursor. Keys of more than 63 bytes on average are
 * not kept. */
void key_cache_put(struct key_cache *cache, uint64_t audience, uint32_t page,
                   struct page_view *view);
/* What it holds now. */
size_t key_cache_bytes(const struct key_cache *cache);

#endif
