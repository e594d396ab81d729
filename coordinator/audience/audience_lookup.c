/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "coordinator/audience/audience.h"

struct lookup {
    struct ledger *ledger;
    const struct audience_info *info;
    struct slice key;
    struct page_view view;
    uint32_t ordinal;
    enum err err; /* ERR_NOT_FOUND until it is found */
};

/* Whether the recipient of that ordinal has the key; going on is the answer to a no. */
static bool on_candidate(void *arg, uint32_t ordinal)
{
    struct lookup *lookup = arg;
    struct store_value value = {0};
    if (ordinal >= lookup->info->slots) {
        lookup->err = ERR_CORRUPT;
        return false;
    }
    enum err err = ledger_page(lookup->ledger, lookup->info->id, ordinal / PAGE_RECIPIENTS, &value);
    if (err == ERR_OK) {
        err = page_open(&lookup->view, value.bytes, NULL);
    }
    if (err == ERR_OK) {
        page_seek(&lookup->view, ordinal % PAGE_RECIPIENTS);
        bool is_it = slice_equal(page_value(&lookup->view, 0), lookup->key);
        err = is_it ? ERR_OK : ERR_NOT_FOUND;
    } else if (err == ERR_NOT_FOUND) {
        err = ERR_CORRUPT; /* the index has it, the page is gone */
    }
    store_value_release(&value);
    lookup->err = err;
    lookup->ordinal = ordinal;
    return err == ERR_NOT_FOUND;
}

enum err audience_lookup(struct ledger *ledger, const struct audience_info *info, struct slice key,
                         uint32_t *ordinal)
{
    struct lookup lookup = {.ledger = ledger, .info = info, .key = key, .err = ERR_NOT_FOUND};
    struct hash128 hash = hash_keyed128(ledger_lookup_key(ledger), key);
    enum err err = ledger_lookup(ledger, info->id, hash.low, on_candidate, &lookup);
    page_view_release(&lookup.view);
    if (err == ERR_OK && lookup.err == ERR_OK) {
        *ordinal = lookup.ordinal;
    }
    return err != ERR_OK ? err : lookup.err;
}
