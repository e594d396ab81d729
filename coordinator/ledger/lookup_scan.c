/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/ledger/lookup_scan.h"

#include "common/mem.h"
#include "coordinator/ledger/ledger_internal.h"
#include "coordinator/ledger/lookup_block.h"

struct lookup_scan {
    struct store *store;
    struct store_scan *blocks;
    struct lookup_block_view view; /* of a block that is valid until the next one is asked for */
    bool is_corrupt;
};

struct lookup_scan *lookup_scan_new(struct ledger *ledger, uint64_t audience)
{
    struct lookup_scan *scan = mem_zalloc(1, sizeof(*scan));
    struct key from = key_audience(audience);
    struct key to = key_after(&from);
    scan->store = ledger->store;
    scan->blocks =
        scan->store->ops->scan(scan->store, STORE_LOOKUP, key_view(&from), key_view(&to));
    return scan;
}

bool lookup_scan_next(struct lookup_scan *scan, uint64_t *hash, uint32_t *ordinal)
{
    struct slice key;
    struct slice value;
    while (!scan->is_corrupt && !lookup_block_next(&scan->view)) {
        if (scan->view.bad) {
            scan->is_corrupt = true;
            return false;
        }
        if (!scan->store->ops->scan_next(scan->blocks, &key, &value)) {
            return false;
        }
        scan->is_corrupt = !lookup_block_open(&scan->view, value);
    }
    *hash = scan->view.hash;
    *ordinal = scan->view.ordinal;
    return !scan->is_corrupt;
}

enum err lookup_scan_free(struct lookup_scan *scan)
{
    if (scan == NULL) {
        return ERR_OK;
    }
    enum err err = scan->store->ops->scan_free(scan->blocks);
    bool is_corrupt = scan->is_corrupt;
    mem_free(scan);
    return err == ERR_OK && is_corrupt ? ERR_CORRUPT : err;
}
