/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/report_cache.h"

#include <stdbool.h>
#include <string.h>

#include "common/mem.h"
#include "proto/page.h"

#define REPORTS   8
#define BYTES_MAX ((size_t)512 * 1024) /* of one; larger ones are not kept */

struct entry {
    uint64_t campaign; /* 0: none */
    uint64_t events;
    char by[PAGE_NAME_MAX + 1];
    char *json;
};

struct report_cache {
    struct entry entries[REPORTS];
    unsigned next; /* the oldest */
};

void report_cache_free(struct report_cache *cache)
{
    if (cache == NULL) {
        return;
    }
    for (unsigned i = 0; i < REPORTS; i++) {
        mem_free(cache->entries[i].json);
    }
    mem_free(cache);
}

static bool is_of(const struct entry *entry, const struct report_cache_key *key)
{
    return entry->campaign == key->campaign && strcmp(entry->by, key->by) == 0;
}

const char *report_cache_find(const struct report_cache *cache, const struct report_cache_key *key)
{
    for (unsigned i = 0; cache != NULL && i < REPORTS; i++) {
        const struct entry *entry = &cache->entries[i];
        if (is_of(entry, key) && entry->events == key->events) {
            return entry->json;
        }
    }
    return NULL;
}

void report_cache_put(struct report_cache **cache, const struct report_cache_key *key,
                      const char *json)
{
    if (strlen(json) > BYTES_MAX || strlen(key->by) > PAGE_NAME_MAX) {
        return;
    }
    *cache = *cache == NULL ? mem_zalloc(1, sizeof(**cache)) : *cache;
    struct entry *entry = NULL;
    for (unsigned i = 0; entry == NULL && i < REPORTS; i++) {
        entry = is_of(&(*cache)->entries[i], key) ? &(*cache)->entries[i] : NULL;
    }
    if (entry == NULL) {
        entry = &(*cache)->entries[(*cache)->next];
        (*cache)->next = ((*cache)->next + 1) % REPORTS;
    }
    mem_free(entry->json);
    *entry = (struct entry){.campaign = key->campaign, .events = key->events};
    memcpy(entry->by, key->by, strlen(key->by));
    entry->json = mem_copy_str(json);
}
