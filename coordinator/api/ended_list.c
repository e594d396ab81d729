/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/ended_list.h"

#include <assert.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/mem.h"
#include "coordinator/api/delivery_json.h"
#include "coordinator/api/ended_pages.h"
#include "coordinator/api/page_sets.h"
#include "coordinator/report/page_fold.h"
#include "coordinator/report/page_reader.h"

#define LOOK_US 100000 /* an answer that took so long ends where it is, with a `next` */

struct found {
    uint32_t ordinal;
    struct recipient_state state;
    size_t key_len; /* the keys stand one after the other */
};

struct listing {
    struct api *api;
    struct exchange *exchange; /* NULL: the client is gone */
    struct campaign_def def;   /* its copy: the thread reads it */
    enum delivery_event over;
    struct ended_query query;
    bool is_at_rest; /* then its answer may be kept: */
    struct ended_page_key key;
    uint16_t *pages; /* page_sets.h */
    bool is_known;
    bool is_built;
    struct found *found;
    unsigned count;
    struct buf keys;
    uint32_t next; /* ordinal */
    enum err err;
    uv_work_t work;
};

/* ---- the thread ---- */

static enum err take(struct listing *listing, struct page_reader *reader, uint32_t ordinal,
                     const struct recipient_state *state)
{
    enum err err = page_reader_seek(reader, ordinal);
    if (err == ERR_OK) {
        struct slice key = page_value(&reader->view, 0);
        listing->found[listing->count++] = (struct found){ordinal, *state, key.len};
        buf_slice(&listing->keys, key);
    }
    return err;
}

/* From listing->next on, which lies in the page; it is then where to go on. */
static enum err list_page(struct listing *listing, struct page_reader *reader)
{
    struct recipient_state states[PAGE_RECIPIENTS];
    uint32_t page = listing->next / PAGE_RECIPIENTS;
    uint32_t first = page * PAGE_RECIPIENTS;
    unsigned count = 0;
    enum err err = page_fold(listing->api->context.ledger, &listing->def, listing->over, page,
                             states, &count, NULL);
    while (err == ERR_OK && listing->next < first + count &&
           listing->count < listing->query.limit) {
        const struct recipient_state *state = &states[listing->next - first];
        if ((listing->query.states >> state->state & 1) != 0) {
            err = take(listing, reader, listing->next, state);
        }
        listing->next++;
    }
    return err;
}

static enum err list_pages(struct listing *listing)
{
    struct page_reader reader;
    uint64_t until_us = clock_monotonic_us() + LOOK_US;
    enum err err = ERR_OK;
    page_reader_init(&reader, listing->api->context.ledger, listing->def.audience);
    while (err == ERR_OK && listing->next < listing->def.slots &&
           listing->count < listing->query.limit) {
        uint32_t page = listing->next / PAGE_RECIPIENTS;
        if ((listing->pages[page] & listing->query.states) == 0) {
            listing->next = (page + 1) * PAGE_RECIPIENTS;
            continue;
        }
        err = list_page(listing, &reader);
        if (clock_monotonic_us() >= until_us) {
            break;
        }
    }
    if (listing->next > listing->def.slots) {
        listing->next = listing->def.slots;
    }
    page_reader_release(&reader);
    return err;
}

static void look(uv_work_t *work)
{
    struct listing *listing = work->data;
    if (!listing->is_known) {
        listing->err = page_set_build(listing->api->context.ledger, &listing->def, listing->over,
                                      listing->pages);
        listing->is_built = listing->err == ERR_OK;
    }
    if (listing->err == ERR_OK) {
        listing->err = list_pages(listing);
    }
}

/* ---- the loop's thread ---- */

static void on_client_gone(struct exchange *exchange)
{
    struct listing *listing = exchange->resource;
    listing->exchange = NULL;
}

/* Nothing was added to the campaign's journal while it was read. */
static bool may_be_kept(const struct listing *listing)
{
    return listing->is_at_rest && exchange_is_at_rest(listing->exchange, listing->def.id) &&
           engine_rest(listing->api->context.engine, listing->def.id) == listing->key.rest;
}

static void answer(const struct listing *listing)
{
    json_t *items = json_array();
    size_t at = 0;
    for (unsigned i = 0; i < listing->count; i++) {
        const struct found *found = &listing->found[i];
        struct slice key = slice_of(listing->keys.data + at, found->key_len);
        json_array_append_new(
            items, delivery_json(&listing->def.plan, key, found->ordinal, &found->state));
        at += found->key_len;
    }
    json_t *json = exchange_list(items, CURSOR_RECIPIENTS, listing->def.id,
                                 listing->next < listing->def.slots, listing->next);
    char *text = json_dumps(json, JSON_COMPACT);
    assert(text != NULL);
    json_decref(json);
    if (may_be_kept(listing)) {
        ended_pages_keep(listing->api->ended_pages, &listing->key, slice_str(text));
    }
    http_reply(listing->exchange->http, 200, "application/json", slice_str(text));
    free(text);
}

static void on_looked(uv_work_t *work, int status)
{
    struct listing *listing = work->data;
    (void)status;
    listing->api->listings--;
    if (listing->is_built) {
        page_sets_keep(listing->api->page_sets, listing->def.id, listing->pages);
    }
    if (listing->exchange != NULL) {
        listing->exchange->on_finished = NULL;
    }
    if (listing->exchange != NULL && listing->err == ERR_OK) {
        answer(listing);
    } else if (listing->exchange != NULL) {
        exchange_refuse(listing->exchange, 0, &(struct problem){.err = listing->err});
    }
    mem_free(listing->pages);
    mem_free(listing->found);
    buf_release(&listing->keys);
    mem_free(listing);
}

void ended_list(struct exchange *exchange, const struct campaign_view *view,
                const struct ended_query *query)
{
    struct api *api = exchange->api;
    bool is_at_rest = exchange_is_at_rest(exchange, view->def->id);
    const struct ended_page_key key = {view->def->id,
                                       engine_rest(api->context.engine, view->def->id),
                                       query->states, query->limit, query->from};
    struct slice kept = is_at_rest ? ended_pages_find(api->ended_pages, &key) : slice_of(NULL, 0);
    if (kept.len > 0) {
        http_reply(exchange->http, 200, "application/json", kept);
        return;
    }
    struct listing *listing = mem_zalloc(1, sizeof(*listing));
    listing->api = api;
    listing->exchange = exchange;
    listing->def = *view->def;
    listing->over = campaign_over(view);
    listing->query = *query;
    listing->is_at_rest = is_at_rest;
    listing->key = key;
    listing->next = query->from;
    listing->found = mem_zalloc(query->limit, sizeof(*listing->found));
    listing->pages = page_sets_take(api->page_sets, api->context.engine, view, &listing->is_known);
    listing->work.data = listing;
    exchange->resource = listing;
    exchange->on_finished = on_client_gone;
    api->listings++;
    uv_queue_work(api->context.loop, &listing->work, look, on_looked);
}
