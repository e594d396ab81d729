/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/reason_list.h"

#include "common/clock.h"
#include "common/mem.h"
#include "coordinator/api/delivery_json.h"
#include "coordinator/api/page_sets.h"
#include "coordinator/content/channel_column.h"
#include "coordinator/engine/pair.h"
#include "coordinator/report/delivery_page.h"
#include "coordinator/report/page_reader.h"

#define LOOK_US 100000 /* an answer that took so long ends where it is, with a `next` */

struct found {
    uint32_t ordinal;
    struct recipient_state state;
    uint8_t provider;
    uint64_t at_ms;
    size_t key_len; /* keys and addresses stand one after the other */
    size_t address_len;
};

struct listing {
    struct api *api;
    struct exchange *exchange; /* NULL: the client is gone */
    struct campaign_def def;   /* its copy: the thread reads it */
    struct reason_query query;
    int columns[CHANNEL_KINDS][CHANNEL_COLUMNS_MAX]; /* of endpoints, by rank; -1: none */
    uint64_t recno;
    enum delivery_event over;
    uint16_t *pages; /* bit s of a page: somebody there may be in state s */
    bool is_known;
    bool is_built;
    struct delivery_moment moment;
    struct delivery_page page;
    struct page_reader sealed;
    struct found *found;
    unsigned count;
    struct buf texts;
    uint32_t next; /* ordinal */
    enum err err;
    uv_work_t work;
};

/* ---- the thread ---- */

static struct slice address_of(const struct listing *listing, const struct recipient_state *state)
{
    int column = listing->columns[listing->def.plan.steps[state->step].channel][state->endpoint];
    return column < 0 ? slice_of(NULL, 0) : page_value(&listing->sealed.view, (unsigned)column);
}

static enum err take(struct listing *listing, unsigned place, unsigned track)
{
    const struct recipient_state *state = &listing->page.states[place];
    enum err err = page_reader_seek(&listing->sealed, listing->next);
    if (err != ERR_OK) {
        return err;
    }
    struct slice key = page_value(&listing->sealed.view, 0);
    struct slice address = address_of(listing, state);
    listing->found[listing->count++] = (struct found){
        .ordinal = listing->next,
        .state = *state,
        .provider = listing->page.provider[track][place],
        .at_ms = listing->page.last_ms[place],
        .key_len = key.len,
        .address_len = address.len,
    };
    buf_slice(&listing->texts, key);
    buf_slice(&listing->texts, address);
    return ERR_OK;
}

/* From listing->next on, which lies in the page; it is then where to go on. */
static enum err list_page(struct listing *listing)
{
    const struct delivery_page *page = &listing->page;
    uint32_t number = listing->next / PAGE_RECIPIENTS;
    bool has_pair = plan_has_pair(&listing->def.plan);
    enum err err = delivery_page_read(&listing->page, listing->api->context.ledger, &listing->def,
                                      &listing->moment, number);
    while (err == ERR_OK && listing->next < number * PAGE_RECIPIENTS + page->count &&
           listing->count < listing->query.limit) {
        unsigned place = listing->next % PAGE_RECIPIENTS;
        const struct recipient_state *state = &page->states[place];
        unsigned track = has_pair && plan_is_beside(&listing->def.plan, state->step);
        if ((listing->query.states >> state->state & 1) != 0 &&
            page->reason[track][place] == listing->query.reason) {
            err = take(listing, place, track);
        }
        listing->next++;
    }
    return err;
}

static enum err list_pages(struct listing *listing)
{
    uint64_t until_us = clock_monotonic_us() + LOOK_US;
    enum err err = ERR_OK;
    while (err == ERR_OK && listing->next < listing->def.slots &&
           listing->count < listing->query.limit && clock_monotonic_us() < until_us) {
        uint32_t page = listing->next / PAGE_RECIPIENTS;
        if ((listing->pages[page] & listing->query.states) == 0) {
            listing->next = (page + 1) * PAGE_RECIPIENTS;
        } else {
            err = list_page(listing);
        }
    }
    if (listing->next > listing->def.slots) {
        listing->next = listing->def.slots;
    }
    return err;
}

static void look(uv_work_t *work)
{
    struct listing *listing = work->data;
    struct ledger *ledger = listing->api->context.ledger;
    if (!listing->is_known) {
        listing->err = page_set_build(ledger, &listing->def, listing->over, listing->pages);
        listing->is_built = listing->err == ERR_OK;
    }
    if (listing->err == ERR_OK) {
        listing->err =
            delivery_moment_read(&listing->moment, ledger, listing->def.id, listing->recno);
    }
    if (listing->err == ERR_OK) {
        page_reader_init(&listing->sealed, ledger, listing->def.audience);
        listing->err = list_pages(listing);
        page_reader_release(&listing->sealed);
    }
}

/* ---- the loop's thread ---- */

static void on_client_gone(struct exchange *exchange)
{
    struct listing *listing = exchange->resource;
    listing->exchange = NULL;
}

static json_t *text_or_null(struct slice text)
{
    return text.len == 0 ? json_null() : json_stringn((const char *)text.data, text.len);
}

static void answer(const struct listing *listing)
{
    json_t *items = json_array();
    const uint8_t *at = listing->texts.data;
    for (unsigned i = 0; i < listing->count; i++) {
        const struct found *found = &listing->found[i];
        json_t *json = delivery_json(&listing->def.plan, slice_of(at, found->key_len),
                                     found->ordinal, &found->state);
        const char *provider = delivery_provider_name(listing->api, found->provider);
        at += found->key_len;
        json_object_set_new(json, "address", text_or_null(slice_of(at, found->address_len)));
        json_object_set_new(json, "provider", text_or_null(slice_str(provider)));
        json_object_set_new(json, "reason", json_integer(listing->query.reason));
        json_object_set_new(json, "detail", json_string(reason_sentence(listing->query.reason)));
        json_object_set_new(json, "at", exchange_time(found->at_ms));
        json_array_append_new(items, json);
        at += found->address_len;
    }
    exchange_json(listing->exchange, 200,
                  exchange_list(items, CURSOR_RECIPIENTS, listing->def.id,
                                listing->next < listing->def.slots, listing->next));
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
    delivery_page_release(&listing->page);
    mem_free(listing->pages);
    mem_free(listing->found);
    buf_release(&listing->texts);
    mem_free(listing);
}

/* Of a campaign in memory the engine has the states of each page at hand. */
static uint16_t *pages_of(struct api *api, const struct campaign_view *view, bool *is_known)
{
    struct engine *engine = api->context.engine;
    if (!engine_has_pages(engine, view->def->id)) {
        return page_sets_take(api->page_sets, engine, view, is_known);
    }
    uint32_t count = (view->def->slots + PAGE_RECIPIENTS - 1) / PAGE_RECIPIENTS;
    uint16_t *pages = mem_zalloc(count + 1U, sizeof(*pages));
    for (uint32_t page = 0; page < count; page++) {
        pages[page] = (uint16_t)engine_page_states(engine, view->def->id, page);
    }
    *is_known = true;
    return pages;
}

static void know_columns(struct listing *listing)
{
    const struct audience_info *audience =
        audience_registry_find(listing->api->context.audiences, listing->def.audience);
    for (enum channel_kind channel = 0; channel < CHANNEL_KINDS; channel++) {
        for (unsigned rank = 0; rank < CHANNEL_COLUMNS_MAX; rank++) {
            listing->columns[channel][rank] =
                page_schema_endpoint(&audience->schema, channel_kind_field(channel), rank);
        }
    }
}

void reason_list(struct exchange *exchange, const struct campaign_view *view,
                 const struct reason_query *query)
{
    struct api *api = exchange->api;
    struct listing *listing = mem_zalloc(1, sizeof(*listing));
    listing->api = api;
    listing->exchange = exchange;
    listing->def = *view->def;
    listing->query = *query;
    listing->recno = turn_durable(api->context.turn);
    listing->over = campaign_over(view);
    listing->next = query->from;
    listing->found = mem_zalloc(query->limit, sizeof(*listing->found));
    listing->pages = pages_of(api, view, &listing->is_known);
    know_columns(listing);
    event_list_init(&listing->page.events);
    listing->work.data = listing;
    exchange->resource = listing;
    exchange->on_finished = on_client_gone;
    api->listings++;
    uv_queue_work(api->context.loop, &listing->work, look, on_looked);
}
