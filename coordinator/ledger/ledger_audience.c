/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An audience on its way into the store: one bulk for each kind of what it holds, opened when the
 * first of it comes. The bulks become visible one after the other, and none of it counts before the
 * caller has made the catalogue entry durable: what a crash leaves behind belongs to an audience
 * that nobody knows, and ledger_sweep removes it.
 */
#include <assert.h>

#include "common/mem.h"
#include "coordinator/ledger/ledger_internal.h"
#include "coordinator/ledger/lookup_block.h"

enum load_part {
    LOAD_PAGES,
    LOAD_ROOTS,
    LOAD_HOLES,
    LOAD_LOOKUP,
    LOAD_ENDPOINTS,
    LOAD_REFUSALS,
    LOAD_PARTS
};

static const enum store_family load_families[LOAD_PARTS] = {
    [LOAD_PAGES] = STORE_PAGES,   [LOAD_ROOTS] = STORE_PAGES,      [LOAD_HOLES] = STORE_PAGES,
    [LOAD_LOOKUP] = STORE_LOOKUP, [LOAD_ENDPOINTS] = STORE_LOOKUP, [LOAD_REFUSALS] = STORE_REFUSALS,
};

/* What is removed of an audience that nobody knows. */
static const enum store_family audience_families[] = {STORE_PAGES, STORE_LOOKUP, STORE_REFUSALS};
#define AUDIENCE_FAMILIES (sizeof(audience_families) / sizeof(audience_families[0]))

struct ledger_audience {
    struct ledger *ledger;
    uint64_t audience;
    struct store_bulk *bulks[LOAD_PARTS];
    struct lookup_block block;
    struct lookup_block endpoints;
    struct buf value;
    struct buf roots; /* that were not put yet */
    uint32_t roots_block;
};

struct ledger_audience *ledger_audience_new(struct ledger *ledger, uint64_t audience)
{
    struct ledger_audience *load = mem_zalloc(1, sizeof(*load));
    load->ledger = ledger;
    load->audience = audience;
    return load;
}

static enum err load_put(struct ledger_audience *load, enum load_part part, const struct key *key,
                         struct slice value)
{
    struct store *store = load->ledger->store;
    if (load->bulks[part] == NULL) {
        load->bulks[part] = store->ops->bulk_new(store, load_families[part]);
    }
    return store->ops->bulk_put(load->bulks[part], key_view(key), value);
}

enum err ledger_audience_page(struct ledger_audience *load, uint32_t page, struct slice sealed)
{
    struct key key = key_page(load->audience, page);
    return load_put(load, LOAD_PAGES, &key, sealed);
}

static enum err load_flush_roots(struct ledger_audience *load)
{
    struct key key = key_roots(load->audience, load->roots_block);
    if (load->roots.len == 0) {
        return ERR_OK;
    }
    enum err err = load_put(load, LOAD_ROOTS, &key, buf_view(&load->roots));
    buf_clear(&load->roots);
    load->roots_block++;
    return err;
}

enum err ledger_audience_root(struct ledger_audience *load, const uint8_t root[HASH_DIGEST_BYTES])
{
    buf_append(&load->roots, root, HASH_DIGEST_BYTES);
    return load->roots.len == LEDGER_ROOTS * HASH_DIGEST_BYTES ? load_flush_roots(load) : ERR_OK;
}

enum err ledger_audience_holes(struct ledger_audience *load, uint32_t page,
                               const struct bitmap *holes)
{
    struct key key = key_holes_of_page(load->audience, page);
    buf_clear(&load->value);
    for (unsigned w = 0; w < BITMAP_WORDS; w++) {
        buf_u64(&load->value, holes->words[w]);
    }
    return load_put(load, LOAD_HOLES, &key, buf_view(&load->value));
}

static enum err load_flush(struct ledger_audience *load, enum load_part part)
{
    bool is_endpoints = part == LOAD_ENDPOINTS;
    struct lookup_block *block = is_endpoints ? &load->endpoints : &load->block;
    uint64_t audience = is_endpoints ? load->audience | KEY_ENDPOINTS : load->audience;
    struct key key = key_lookup(audience, block->last_hash, block->last_ordinal);
    if (block->count == 0) {
        return ERR_OK;
    }
    buf_clear(&load->value);
    lookup_block_seal(block, &load->value);
    lookup_block_clear(block);
    return load_put(load, part, &key, buf_view(&load->value));
}

enum err ledger_audience_lookup(struct ledger_audience *load, uint64_t hash, uint32_t ordinal)
{
    lookup_block_add(&load->block, hash, ordinal);
    return lookup_block_is_full(&load->block) ? load_flush(load, LOAD_LOOKUP) : ERR_OK;
}

enum err ledger_audience_endpoint(struct ledger_audience *load, uint64_t hash, uint32_t ordinal)
{
    lookup_block_add(&load->endpoints, hash, ordinal);
    return lookup_block_is_full(&load->endpoints) ? load_flush(load, LOAD_ENDPOINTS) : ERR_OK;
}

enum err ledger_audience_refusal(struct ledger_audience *load, uint64_t line, struct slice json)
{
    struct key key = key_refusal(load->audience, line);
    return load_put(load, LOAD_REFUSALS, &key, json);
}

static enum err remove_number(struct ledger *ledger, enum store_family family, uint64_t number)
{
    struct key from = key_audience(number);
    struct key to = key_after(&from);
    return ledger->store->ops->remove_range(ledger->store, family, key_view(&from), key_view(&to));
}

enum err ledger_remove_audience(struct ledger *ledger, uint64_t audience)
{
    enum err err = remove_number(ledger, STORE_LOOKUP, audience | KEY_ENDPOINTS);
    for (size_t i = 0; i < AUDIENCE_FAMILIES; i++) {
        enum err removed = remove_number(ledger, audience_families[i], audience);
        err = err == ERR_OK ? removed : err;
    }
    return err;
}

static enum err load_finish_part(struct ledger_audience *load, enum load_part part,
                                 struct problem *problem)
{
    struct store_bulk *bulk = load->bulks[part];
    load->bulks[part] = NULL; /* freed by finish, also when it fails */
    return bulk == NULL ? ERR_OK : load->ledger->store->ops->bulk_finish(bulk, problem);
}

enum err ledger_audience_finish(struct ledger_audience *load, struct problem *problem)
{
    enum err err = ERR_OK;
    err = load_flush(load, LOAD_LOOKUP);
    err = err == ERR_OK ? load_flush(load, LOAD_ENDPOINTS) : err;
    err = err == ERR_OK ? load_flush_roots(load) : err;
    if (err != ERR_OK) {
        problem_set(problem, err, "Writing the lookup index of the audience failed: %s.",
                    err_sentence(err));
    }
    bool is_partly_there = false;
    for (unsigned part = 0; err == ERR_OK && part < LOAD_PARTS; part++) {
        err = load_finish_part(load, (enum load_part)part, problem);
        is_partly_there = is_partly_there || err == ERR_OK;
    }
    if (err != ERR_OK && is_partly_there) {
        /* If this fails too, it is invisible all the same, and swept at the next start. */
        (void)!ledger_remove_audience(load->ledger, load->audience);
    }
    ledger_audience_abort(load);
    return err;
}

void ledger_audience_abort(struct ledger_audience *load)
{
    for (unsigned part = 0; part < LOAD_PARTS; part++) {
        if (load->bulks[part] != NULL) {
            load->ledger->store->ops->bulk_abort(load->bulks[part]);
        }
    }
    lookup_block_release(&load->block);
    lookup_block_release(&load->endpoints);
    buf_release(&load->value);
    buf_release(&load->roots);
    mem_free(load);
}

static bool ledger_knows_audience(struct ledger *ledger, uint64_t audience, enum err *err)
{
    struct buf id = {0};
    struct store_value value;
    buf_be64(&id, audience);
    *err = ledger_catalogue_get(ledger, CATALOGUE_AUDIENCE, buf_view(&id), &value);
    store_value_release(&value);
    buf_release(&id);
    bool is_known = *err == ERR_OK;
    if (*err == ERR_NOT_FOUND) {
        *err = ERR_OK;
    }
    return is_known;
}

/* The first audience at `from` or behind it that a family holds anything of. ERR_NOT_FOUND. */
static enum err ledger_next_audience(struct ledger *ledger, enum store_family family,
                                     const struct key *from, uint64_t *audience)
{
    struct store *store = ledger->store;
    struct store_scan *scan = store->ops->scan(store, family, key_view(from), slice_of(NULL, 0));
    struct slice key;
    struct slice value;
    bool has_any = store->ops->scan_next(scan, &key, &value);
    if (has_any) {
        struct reader reader = reader_of(key);
        *audience = reader_be64(&reader);
        has_any = !reader.bad;
    }
    enum err err = store->ops->scan_free(scan);
    return err != ERR_OK ? err : has_any ? ERR_OK : ERR_NOT_FOUND;
}

static enum err ledger_sweep_family(struct ledger *ledger, enum store_family family)
{
    struct key from = key_audience(0);
    while (from.len > 0) {
        uint64_t audience;
        enum err err = ledger_next_audience(ledger, family, &from, &audience);
        if (err != ERR_OK) {
            return err == ERR_NOT_FOUND ? ERR_OK : err;
        }
        if (!ledger_knows_audience(ledger, audience & ~KEY_ENDPOINTS, &err) && err == ERR_OK) {
            err = remove_number(ledger, family, audience);
        }
        if (err != ERR_OK) {
            return err;
        }
        struct key seen = key_audience(audience);
        from = key_after(&seen);
    }
    return ERR_OK;
}

enum err ledger_sweep(struct ledger *ledger)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < AUDIENCE_FAMILIES; i++) {
        err = ledger_sweep_family(ledger, audience_families[i]);
    }
    return err;
}
