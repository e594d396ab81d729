/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole check, in the order in which a damage is best understood: the files' checksums, the
 * chain and its blocks, the catalogue against the chain, blocks that no record knows, then what
 * lies beside the chain: snapshots, pages, lookup indexes.
 */
#include <inttypes.h>

#include "common/mem.h"
#include "coordinator/ledger/catalogue_check.h"
#include "coordinator/ledger/head_check.h"
#include "coordinator/ledger/ledger_internal.h"
#include "coordinator/ledger/ledger_verify.h"
#include "coordinator/ledger/lookup_block.h"
#include "proto/page.h"

typedef void (*check_pair_fn)(void *arg, struct slice key, struct slice value);

static void check_each(struct ledger *ledger, enum store_family family, const char *family_name,
                       check_pair_fn each, void *arg, struct damages *damages)
{
    struct store *store = ledger->store;
    struct store_scan *scan = store->ops->scan(store, family, slice_of(NULL, 0), slice_of(NULL, 0));
    struct slice key;
    struct slice value;
    while (store->ops->scan_next(scan, &key, &value)) {
        each(arg, key, value);
    }
    enum err err = store->ops->scan_free(scan);
    if (err != ERR_OK) {
        damages_report(damages, "family %s cannot be read to its end: %s", family_name,
                       err_sentence(err));
    }
}

/* --- the chain --- */

struct chain_check {
    struct catalogue_check *catalogue;
    uint64_t listed; /* blocks that the headers know */
};

static void check_header(void *arg, const struct chain_header *header)
{
    struct chain_check *check = arg;
    catalogue_check_note(check->catalogue, header);
    check->listed += header->blocks;
}

struct orphan_check {
    struct ledger *ledger;
    struct damages *damages;
    uint64_t count;
    bool is_search; /* first the blocks are only counted */
};

static bool header_lists(struct slice bytes, const struct block_key *block)
{
    struct chain_header header;
    if (chain_open(&header, bytes) != ERR_OK) {
        return true; /* reported already */
    }
    struct chain_cursor cursor = chain_cursor_of(&header);
    struct chain_entry entry;
    while (chain_next(&cursor, &entry)) {
        if (entry.kind == RECORD_BLOCK && entry.campaign == block->campaign &&
            entry.page == block->page) {
            return true;
        }
    }
    return false;
}

static void check_orphan(void *arg, struct slice key, struct slice value)
{
    (void)value;
    struct orphan_check *check = arg;
    struct store *store = check->ledger->store;
    struct block_key block;
    check->count++;
    if (!key_parse_block(key, &block)) {
        damages_report(check->damages, "family journal holds a key that is none");
        return;
    }
    if (!check->is_search) {
        return;
    }
    struct key record = key_record(block.partition, block.recno);
    struct store_value header;
    enum err err = store->ops->get(store, STORE_RECORDS, key_view(&record), &header);
    if (err == ERR_NOT_FOUND || (err == ERR_OK && !header_lists(header.bytes, &block))) {
        damages_report(check->damages,
                       "the block of campaign %" PRIu64 ", page %" PRIu32 ", record %" PRIu64
                       " of partition %u is in no record's header",
                       block.campaign, block.page, block.recno, (unsigned)block.partition);
    }
    store_value_release(&header);
}

/* Blocks beyond those that the headers know are searched for only if there are any. */
static void check_orphans(struct ledger *ledger, uint64_t listed, struct damages *damages)
{
    struct orphan_check check = {ledger, damages, 0, false};
    check_each(ledger, STORE_JOURNAL, "journal", check_orphan, &check, damages);
    if (check.count > listed) {
        check.is_search = true;
        check_each(ledger, STORE_JOURNAL, "journal", check_orphan, &check, damages);
    }
}

static void check_chains(struct ledger *ledger, struct damages *damages, struct ledger_check *check)
{
    struct chain_check chain = {catalogue_check_new(), 0};
    struct verification verification = {damages, check_header, &chain, 0, 0};
    for (size_t i = 0; i < ledger_partitions(ledger); i++) {
        ledger_verify_chain(ledger, ledger_partition(ledger, i), 1, &verification);
    }
    catalogue_check_compare(chain.catalogue, ledger, damages);
    catalogue_check_free(chain.catalogue);
    check->heads = head_check(ledger, damages);
    check_orphans(ledger, chain.listed, damages);
    check->records = verification.records;
    check->blocks = verification.blocks;
}

/* --- beside the chain --- */

struct side_check {
    struct ledger *ledger;
    struct damages *damages;
    struct page_view view;
    uint64_t audience; /* of the pages that come now */
    uint64_t next;     /* the page that must come now */
    uint64_t pages;
};

static void check_snapshot(void *arg, struct slice key, struct slice value)
{
    struct side_check *check = arg;
    struct block_key snapshot;
    struct reader reader = reader_of(value);
    uint64_t recno = reader_u64(&reader);
    if (!key_parse_campaign_page(key, &snapshot) || reader.bad) {
        damages_report(check->damages, "family snapshots holds something that is none");
        return;
    }
    struct ledger_head head;
    ledger_head(check->ledger, snapshot.partition, &head);
    if (recno == 0 || recno > head.recno) {
        damages_report(check->damages,
                       "the snapshot of campaign %" PRIu64 ", page %" PRIu32
                       " covers record %" PRIu64 ", which there is not",
                       snapshot.campaign, snapshot.page, recno);
    }
}

/* They come behind the pages: a full block for each so many of these, and one for the rest. */
static void check_roots(struct side_check *check, uint64_t audience, struct reader *key,
                        struct slice value)
{
    uint32_t block = reader_be32(key);
    uint64_t before = (uint64_t)block * LEDGER_ROOTS;
    uint64_t pages = audience == check->audience ? check->next : 0;
    uint64_t left = pages > before ? pages - before : 0;
    uint64_t roots = left < LEDGER_ROOTS ? left : LEDGER_ROOTS;
    if (key->bad || reader_left(key) > 0 || roots == 0 || value.len != roots * HASH_DIGEST_BYTES) {
        damages_report(check->damages,
                       "the roots of audience %" PRIu64 ", block %" PRIu32 " are damaged", audience,
                       block);
    }
}

static void check_page(void *arg, struct slice key, struct slice value)
{
    struct side_check *check = arg;
    struct reader reader = reader_of(key);
    uint64_t audience = reader_be64(&reader);
    uint32_t page = reader_be32(&reader);
    if (page == KEY_ROOTS) {
        check_roots(check, audience, &reader, value);
        return;
    }
    if (page == KEY_HOLES) {
        uint32_t of = reader_be32(&reader);
        if (reader.bad || reader_left(&reader) > 0 || value.len != BITMAP_BYTES) {
            damages_report(check->damages,
                           "the holes of audience %" PRIu64 ", page %" PRIu32 " are damaged",
                           audience, of);
        }
        return;
    }
    if (audience != check->audience) {
        check->audience = audience;
        check->next = 0;
    }
    if (reader.bad || reader_left(&reader) > 0 || page != check->next) {
        damages_report(check->damages, "audience %" PRIu64 " has no page %" PRIu64, audience,
                       check->next);
    }
    check->next = (uint64_t)page + 1;
    check->pages++;
    if (page_open(&check->view, value, NULL) != ERR_OK) {
        damages_report(check->damages, "page %" PRIu32 " of audience %" PRIu64 " is damaged", page,
                       audience);
    }
}

static void check_lookup(void *arg, struct slice key, struct slice value)
{
    struct side_check *check = arg;
    struct reader reader = reader_of(key);
    uint64_t audience = reader_be64(&reader) & ~KEY_ENDPOINTS;
    uint64_t last_hash = reader_be64(&reader);
    uint32_t last_ordinal = reader_be32(&reader);
    struct lookup_block_view view;
    lookup_block_open(&view, value);
    while (lookup_block_next(&view)) {
    }
    if (reader.bad || view.bad || view.hash != last_hash || view.ordinal != last_ordinal) {
        damages_report(check->damages,
                       "a block of the lookup index of audience %" PRIu64 " is damaged", audience);
    }
}

enum err ledger_check(struct ledger *ledger, void (*report)(void *arg, const char *what), void *arg,
                      struct ledger_check *check)
{
    struct damages damages = {report, arg, 0};
    struct damages *to = &damages;
    *check = (struct ledger_check){0};
    uint64_t before = damages.count;
    enum err err = ledger->store->ops->verify(ledger->store, report, arg);
    damages.count = before + (err != ERR_OK);
    check_chains(ledger, to, check);
    struct side_check *side = mem_zalloc(1, sizeof(*side));
    side->ledger = ledger;
    side->damages = to;
    side->audience = UINT64_MAX;
    check_each(ledger, STORE_SNAPSHOTS, "snapshots", check_snapshot, side, to);
    check_each(ledger, STORE_PAGES, "pages", check_page, side, to);
    check_each(ledger, STORE_LOOKUP, "lookup", check_lookup, side, to);
    check->pages = side->pages;
    check->damages = damages.count;
    page_view_release(&side->view);
    mem_free(side);
    return damages.count == 0 ? ERR_OK : ERR_CORRUPT;
}
