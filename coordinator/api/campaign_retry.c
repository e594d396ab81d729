/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /v1/campaigns/{id}/retry: another round of a campaign that has finished. Of such a campaign
 * only the counts are in memory. So all its pages are folded from the journal, some at a time on a
 * thread of the pool, and woken; then its audience is matched against the suppression list as at a
 * launch; then the engine begins the round, in one record. Until then nothing has changed: whatever
 * goes wrong before, or a client that leaves, leaves the campaign as it was.
 */
#include <stdio.h>

#include "common/log.h"
#include "common/mem.h"
#include "coordinator/api/code_ranges.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/page_sets.h"
#include "coordinator/api/page_wake.h"
#include "coordinator/api/resources.h"
#include "coordinator/api/suppressing.h"
#include "coordinator/content/document_reader.h"
#include "coordinator/report/page_fold.h"

#define PAGES_AT_ONCE 32 /* folded before the loop has its turn; half a mebibyte */
#define STATES_DEFAULT                                                                             \
    (1u << DELIVERY_FAILED | 1u << DELIVERY_UNCERTAIN | 1u << DELIVERY_UNREACHABLE)

struct folded_page {
    uint32_t page;
    unsigned count;
    struct recipient_state states[PAGE_RECIPIENTS];
    struct recipient_state side[PAGE_RECIPIENTS]; /* of a plan with a pair */
    struct page_rest rest;
};

struct retry {
    struct api *api;
    struct exchange *exchange; /* NULL: the client is gone, and nobody is retried */
    struct campaign_def def;   /* its copy: the thread reads it */
    uint32_t next_page;
    unsigned page_count; /* of these */
    struct folded_page *pages;
    enum err err;
    uv_work_t work;
};

/* ---- what is asked for ---- */

static enum err read_states(struct document_reader *reader, json_t *value)
{
    const char *words[DELIVERY_STATES + 1] = {NULL};
    enum delivery_state of[DELIVERY_STATES];
    unsigned *states = reader->arg;
    unsigned known = 0;
    for (enum delivery_state state = 0; state < DELIVERY_STATES; state++) {
        if ((ENGINE_RETRY_STATES >> state & 1) != 0) {
            of[known] = state;
            words[known++] = delivery_state_name(state);
        }
    }
    if (!json_is_array(value) || json_array_size(value) == 0) {
        return document_refuse(reader, ERR_INVALID,
                               "must be a list of states such as [\"failed\",\"uncertain\"]");
    }
    size_t i;
    json_t *word;
    *states = 0;
    json_array_foreach(value, i, word)
    {
        char index[24];
        unsigned which;
        snprintf(index, sizeof(index), "%zu", i);
        size_t mark = document_enter(reader, index);
        enum err err = document_word(reader, word, "state that can be retried", words, &which);
        if (err != ERR_OK) {
            return err;
        }
        document_leave(reader, mark);
        *states |= 1u << of[which];
    }
    return ERR_OK;
}

/* {"states":[...]}, or no body. */
static enum err read_request(struct slice body, unsigned *states, struct document_problem *problem)
{
    static const struct document_field fields[] = {{"states", false, read_states},
                                                   {NULL, false, NULL}};
    struct document_reader reader;
    json_t *json = NULL;
    *states = STATES_DEFAULT;
    enum err err = body.len == 0 ? ERR_OK : document_parse(body, &json, problem);
    if (err == ERR_OK && json != NULL) {
        document_reader_init(&reader, problem, states);
        err = document_object(&reader, json, fields);
    }
    json_decref(json);
    return err;
}

/* ---- the round ---- */

static void retry_free(struct retry *retry)
{
    for (unsigned i = 0; i < retry->page_count; i++) {
        page_rest_release(&retry->pages[i].rest);
    }
    mem_free(retry->pages);
    mem_free(retry);
}

static bool has_codes(const struct api *api, uint64_t campaign, struct problem *problem)
{
    if (!code_ranges_is_lost(api, campaign)) {
        return true;
    }
    problem_set(problem, ERR_CONFLICT,
                "campaign c%llu was archived for a while, and its reply codes were given to "
                "another one: make a new one, or start the coordinator anew, which gives it others",
                (unsigned long long)campaign);
    return false;
}

static void on_client_gone(struct exchange *exchange)
{
    struct retry *retry = exchange->resource;
    retry->exchange = NULL;
}

/* Nobody is retried; the problem is NULL if there is nobody to be told. */
static void give_up(struct retry *retry, unsigned status, const struct problem *problem)
{
    engine_reopen_give_up(retry->api->context.engine, retry->def.id);
    if (retry->exchange != NULL) {
        retry->exchange->on_finished = NULL;
    }
    if (retry->exchange != NULL && problem != NULL) {
        exchange_refuse(retry->exchange, status, problem);
    }
    retry_free(retry);
}

static void on_matched(void *arg, enum err err)
{
    struct retry *retry = arg;
    struct api *api = retry->api;
    struct problem problem = {0};
    if (retry->exchange == NULL || api->is_closing) {
        give_up(retry, 0, NULL);
        return;
    }
    if (err != ERR_OK) {
        problem_set(&problem, err,
                    "the audience cannot be matched against the suppression list, so nobody is "
                    "retried: %s",
                    err_sentence(err));
        give_up(retry, 503, &problem);
        return;
    }
    if (!has_codes(api, retry->def.id, &problem)) { /* archived meanwhile */
        give_up(retry, 409, &problem);
        return;
    }
    struct exchange *exchange = retry->exchange;
    exchange->on_finished = NULL;
    uint64_t id = retry->def.id;
    err = engine_retry(api->context.engine, id, api_now_ms(api), &problem);
    retry_free(retry);
    if (err != ERR_OK) {
        exchange_refuse_view(exchange, &problem);
    } else {
        campaigns_tell_changed(exchange, id, "retried");
    }
}

/* On a thread of the pool. */
static void fold_pages(uv_work_t *work)
{
    struct retry *retry = work->data;
    for (unsigned i = 0; i < retry->page_count && retry->err == ERR_OK; i++) {
        struct folded_page *page = &retry->pages[i];
        retry->err =
            page_fold_tracks(retry->api->context.ledger, &retry->def, DELIVERY_EVENTS, page->page,
                             page->states, page->side, &page->count, &page->rest);
    }
}

static void go_on(struct retry *retry);

static void on_folded(uv_work_t *work, int status)
{
    struct retry *retry = work->data;
    struct api *api = retry->api;
    (void)status;
    api->retries--;
    if (retry->exchange == NULL || api->is_closing) {
        give_up(retry, 0, NULL);
        return;
    }
    if (retry->err != ERR_OK) {
        struct problem problem;
        LOG_E("campaign", "unreadable", "campaign=c%llu err=%s", (unsigned long long)retry->def.id,
              err_name(retry->err));
        problem_set(&problem, retry->err,
                    "the journal of campaign c%llu cannot be read, so nobody is retried: %s",
                    (unsigned long long)retry->def.id, err_sentence(retry->err));
        give_up(retry, 503, &problem);
        return;
    }
    for (unsigned i = 0; i < retry->page_count; i++) {
        struct folded_page *page = &retry->pages[i];
        if (!engine_page_is_awake(api->context.engine, retry->def.id, page->page)) {
            page_sets_touch(api->page_sets, retry->def.id, page->page);
            engine_wake_page(api->context.engine, retry->def.id, page->page, page->states,
                             plan_has_pair(&retry->def.plan) ? page->side : NULL, page->count,
                             &page->rest, api_now_ms(api));
        }
        page_rest_release(&page->rest);
    }
    go_on(retry);
}

/* The next pages that are not in memory; after the last one the suppression list. */
static void go_on(struct retry *retry)
{
    struct api *api = retry->api;
    uint32_t pages = (retry->def.slots + PAGE_RECIPIENTS - 1) / PAGE_RECIPIENTS;
    retry->page_count = 0;
    for (; retry->next_page < pages && retry->page_count < PAGES_AT_ONCE; retry->next_page++) {
        if (!engine_page_is_awake(api->context.engine, retry->def.id, retry->next_page)) {
            retry->pages[retry->page_count++].page = retry->next_page;
        }
    }
    if (retry->page_count == 0) {
        suppressing_match(api, retry->def.id, on_matched, retry);
        return;
    }
    retry->work.data = retry;
    api->retries++;
    uv_queue_work(api->context.loop, &retry->work, fold_pages, on_folded);
}

/* All that was decided so far is in the journal. */
static void begin(struct exchange *exchange)
{
    struct api *api = exchange->api;
    struct campaign_view view;
    struct document_problem place = {0};
    struct problem problem = {0};
    unsigned states;
    if (!exchange_campaign(exchange, &view)) {
        return;
    }
    if (read_request(http_body(exchange->http), &states, &place) != ERR_OK) {
        exchange_refuse_document(exchange, &place);
        return;
    }
    if (engine_reopen(api->context.engine, view.def->id, states, api_now_ms(api), &problem) !=
        ERR_OK) {
        exchange_refuse_view(exchange, &problem);
        return;
    }
    struct retry *retry = mem_zalloc(1, sizeof(*retry));
    retry->api = api;
    retry->exchange = exchange;
    retry->def = *view.def;
    retry->pages = mem_zalloc(PAGES_AT_ONCE, sizeof(*retry->pages));
    exchange->resource = retry;
    exchange->on_finished = on_client_gone;
    go_on(retry);
}

void campaigns_retry(struct exchange *exchange)
{
    struct campaign_view view;
    if (!exchange_campaign(exchange, &view)) {
        return;
    }
    if (page_is_archived(exchange->api, view.def->id)) {
        struct problem problem;
        problem_set(&problem, ERR_CONFLICT,
                    "campaign c%llu is archived (archive_after) and is not retried: make a new one",
                    (unsigned long long)view.def->id);
        exchange_refuse_view(exchange, &problem);
        return;
    }
    struct problem problem = {0};
    if (!has_codes(exchange->api, view.def->id, &problem)) {
        exchange_refuse_view(exchange, &problem);
        return;
    }
    exchange_read_durable(exchange, begin);
}
