/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The index gives the ordinals whose keys have the hash of the one that is asked for, hardly ever
 * more than one; the page has the last word. To read a page costs ten times what all the rest does,
 * so its keys are kept for a while.
 */
#include <assert.h>
#include <string.h>
#include <zstd.h>

#include "common/mem.h"
#include "coordinator/audience/audience.h"
#include "coordinator/audience/key_cache.h"

#define KEPT_BYTES ((size_t)8 * 1024 * 1024)

struct audience_finder {
    struct ledger *ledger;
    struct key_cache *keys; /* NULL: none are kept */
    ZSTD_DCtx *zstd;
    struct page_view view;
    unsigned opened;
};

struct lookup {
    struct audience_finder *finder;
    const struct audience_info *info;
    struct slice key;
    uint32_t ordinal;
    enum err err; /* ERR_NOT_FOUND until it is found */
};

static void finder_init(struct audience_finder *finder, struct ledger *ledger)
{
    *finder = (struct audience_finder){.ledger = ledger, .zstd = ZSTD_createDCtx()};
    assert(finder->zstd != NULL); /* out of memory */
}

static void finder_release(struct audience_finder *finder)
{
    key_cache_free(finder->keys);
    ZSTD_freeDCtx(finder->zstd);
    page_view_release(&finder->view);
}

struct audience_finder *audience_finder_new(struct ledger *ledger)
{
    struct audience_finder *finder = mem_zalloc(1, sizeof(*finder));
    finder_init(finder, ledger);
    finder->keys = key_cache_new(KEPT_BYTES);
    return finder;
}

void audience_finder_free(struct audience_finder *finder)
{
    if (finder != NULL) {
        finder_release(finder);
        mem_free(finder);
    }
}

unsigned audience_finder_opened(const struct audience_finder *finder)
{
    return finder->opened;
}

/* Whether the page has the key at a place. ERR_NOT_FOUND: another one. */
static enum err compare_stored(struct lookup *lookup, uint32_t page, unsigned place)
{
    struct audience_finder *finder = lookup->finder;
    struct store_value value = {0};
    enum err err = ledger_page(finder->ledger, lookup->info->id, page, &value);
    if (err == ERR_OK) {
        finder->opened++;
        err = page_open(&finder->view, value.bytes, finder->zstd);
    } else if (err == ERR_NOT_FOUND) {
        err = ERR_CORRUPT; /* the index has it, the page is gone */
    }
    if (err == ERR_OK) {
        page_seek(&finder->view, place);
        bool is_it = slice_equal(page_value(&finder->view, 0), lookup->key);
        err = is_it ? ERR_OK : ERR_NOT_FOUND;
        if (finder->keys != NULL) {
            key_cache_put(finder->keys, lookup->info->id, page, &finder->view);
        }
    }
    store_value_release(&value);
    return err;
}

/* Whether the recipient of that ordinal has the key; going on is the answer to a no. */
static bool on_candidate(void *arg, uint32_t ordinal)
{
    struct lookup *lookup = arg;
    const struct audience_finder *finder = lookup->finder;
    uint32_t page = ordinal / PAGE_RECIPIENTS;
    unsigned place = ordinal % PAGE_RECIPIENTS;
    struct slice kept;
    if (ordinal >= lookup->info->slots) {
        lookup->err = ERR_CORRUPT;
    } else if (finder->keys != NULL &&
               key_cache_get(finder->keys, lookup->info->id, page, place, &kept)) {
        lookup->err = slice_equal(kept, lookup->key) ? ERR_OK : ERR_NOT_FOUND;
    } else {
        lookup->err = compare_stored(lookup, page, place);
    }
    lookup->ordinal = ordinal;
    return lookup->err == ERR_NOT_FOUND;
}

enum err audience_find(struct audience_finder *finder, const struct audience_info *info,
                       struct slice key, uint32_t *ordinal)
{
    struct lookup lookup = {.finder = finder, .info = info, .key = key, .err = ERR_NOT_FOUND};
    struct hash128 hash = hash_keyed128(ledger_lookup_key(finder->ledger), key);
    enum err err = ledger_lookup(finder->ledger, info->id, hash.low, on_candidate, &lookup);
    if (err == ERR_OK && lookup.err == ERR_OK) {
        *ordinal = lookup.ordinal;
    }
    return err != ERR_OK ? err : lookup.err;
}

enum err audience_lookup(struct ledger *ledger, const struct audience_info *info, struct slice key,
                         uint32_t *ordinal)
{
    struct audience_finder finder;
    finder_init(&finder, ledger);
    enum err err = audience_find(&finder, info, key, ordinal);
    finder_release(&finder);
    return err;
}
