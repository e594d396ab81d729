/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/replies.h"

#include <assert.h>
#include <string.h>
#include <uv.h>

#include "common/mem.h"
#include "common/text.h"
#include "common/text_fold.h"
#include "coordinator/api/evidence_jobs.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/feed_sender.h"
#include "coordinator/api/feed_streams.h"
#include "coordinator/api/feed_watch.h"
#include "coordinator/api/page_wake.h"
#include "coordinator/api/reply_effect.h"
#include "coordinator/api/reply_forward.h"
#include "coordinator/content/reply_rules.h"

#define AT_ONCE   16   /* replies before the loop has its turn, */
#define ASKED_MAX 4096 /* or campaigns that are looked at for them */
#define SWEEP_MS  60000

struct replies {
    struct exchange *exchange;
    uv_timer_t timer; /* between two portions */
    unsigned count;
    unsigned next; /* to be decided */
    struct reply_entry *entries;
    replies_done_fn done;
    void *arg;
    void *resource; /* the exchange's, of whoever called */
    void (*on_finished)(struct exchange *exchange);
};

static void settle(struct reply_entry *entry, enum reply_result result, const char *detail)
{
    entry->is_settled = true;
    entry->result = result;
    entry->detail = detail;
}

/* ---- what came ---- */

/* At most so many characters, each of them well-formed. */
static struct slice clean(struct slice text, unsigned chars_max, size_t bytes_max,
                          struct arena *arena)
{
    struct buf buf = {0};
    for (unsigned chars = 0; text.len > 0 && chars < chars_max && buf.len + 4 <= bytes_max;
         chars++) {
        size_t good = 1;
        while (good < 4 && good < text.len && !text_is_utf8(slice_of(text.data, good), NULL)) {
            good++;
        }
        if (text_is_utf8(slice_of(text.data, good), NULL)) {
            buf_append(&buf, text.data, good);
        } else {
            text_put_char(&buf, 0xfffd);
            good = 1;
        }
        text = slice_of(text.data + good, text.len - good);
    }
    struct slice copy = slice_of(arena_copy(arena, buf.data, buf.len), buf.len);
    buf_release(&buf);
    return copy;
}

static void clean_all(struct reply_entry *entry, struct arena *arena)
{
    entry->text = clean(entry->text, REPLY_TEXT_MAX, (size_t)4 * REPLY_TEXT_MAX + 4, arena);
    entry->from = clean(entry->from, REPLY_ADDRESS_MAX, REPLY_ADDRESS_MAX, arena);
    entry->to = clean(entry->to, REPLY_ADDRESS_MAX, REPLY_ADDRESS_MAX, arena);
    entry->id = clean(entry->id, REPLY_ID_MAX, REPLY_ID_MAX, arena);
    entry->provider = clean(entry->provider, WIRE_NAME_MAX, WIRE_NAME_MAX + 4, arena);
}

/* What the suppression list knows of endpoints holds for replies, too. */
static void read_endpoint(struct reply_entry *entry, struct arena *arena)
{
    struct suppression *endpoint = arena_zalloc(arena, 1, sizeof(*endpoint));
    struct problem problem;
    if (suppression_set(endpoint, false, slice_str(channel_kind_name(entry->channel)), entry->from,
                        &problem) == ERR_OK) {
        entry->endpoint = endpoint;
        entry->from = slice_str(endpoint->value);
        return;
    }
    entry->detail = arena_str(arena, slice_str(problem.text));
    if (entry->is_strict) {
        settle(entry, REPLY_INVALID, entry->detail);
    }
}

static enum reply_found first_way(const struct reply_entry *entry)
{
    if (entry->meaning.class == REPLY_ACK && entry->endpoint != NULL) {
        return REPLY_FOUND_BY_CODE;
    }
    return entry->token.len > 0 ? REPLY_FOUND_BY_TOKEN : REPLY_FOUND_BY_ENDPOINT;
}

static void read_entry(const struct api *api, struct reply_entry *entry, struct arena *arena)
{
    if (entry->is_refused) {
        settle(entry, REPLY_INVALID, entry->detail);
        return;
    }
    entry->at_ms = api_now_ms(api);
    clean_all(entry, arena);
    read_endpoint(entry, arena);
    reply_keywords_read(api->context.reply_rules->keywords, entry->text, &entry->meaning);
    if (entry->hint != REPLY_OTHER) {
        entry->meaning = (struct reply_meaning){.class = entry->hint};
    }
    entry->way = first_way(entry);
}

/* ---- looking, before anything is decided ---- */

/* Was it here before? */
static void identify(struct api *api, struct reply_entry *entry)
{
    struct reply_record reply;
    if (entry->id.len == 0) {
        return;
    }
    enum err err = reply_store_find(api->context.reply_store, api->context.turn, entry->provider,
                                    entry->id, &reply);
    if (err == ERR_OK) {
        entry->is_repeated = true;
        entry->number = reply.number;
        entry->meaning.class = reply.class;
        entry->match.campaign = reply.campaign;
        entry->match.ordinal = reply.ordinal;
        settle(entry, reply.result, NULL);
    } else if (err != ERR_NOT_FOUND) {
        settle(entry, REPLY_FAILED, "what came before cannot be read just now");
    }
}

static enum err look_by(struct exchange *exchange, struct reply_entry *entry, unsigned *budget)
{
    struct api *api = exchange->api;
    const struct reply of = {entry->channel, entry->endpoint == NULL ? "" : entry->endpoint->value,
                             entry->meaning.code};
    switch (entry->way) {
    case REPLY_FOUND_BY_CODE:
        return reply_match_find(api, &of, exchange->arena, budget, &entry->after_campaign,
                                &entry->match);
    case REPLY_FOUND_BY_TOKEN:
        return reply_match_token(api, entry->token, exchange->arena, &entry->match);
    case REPLY_FOUND_BY_ENDPOINT:
        return entry->endpoint == NULL
                   ? ERR_NOT_FOUND
                   : reply_match_endpoint(api, &of, api->context.reply_rules->match_within_ms,
                                          exchange->arena, budget, &entry->search, &entry->match);
    case REPLY_FOUND_NOT:
    case REPLY_FOUNDS:
        break;
    }
    return ERR_NOT_FOUND;
}

static void try_next_way(struct reply_entry *entry)
{
    entry->match = (struct reply_match){0};
    if (entry->way == REPLY_FOUND_BY_CODE && entry->meaning.is_weak) {
        entry->meaning = (struct reply_meaning){.class = REPLY_OTHER};
    }
    if (entry->way == REPLY_FOUND_BY_CODE && entry->token.len > 0) {
        entry->way = REPLY_FOUND_BY_TOKEN;
    } else {
        entry->way =
            entry->way == REPLY_FOUND_BY_ENDPOINT ? REPLY_FOUND_NOT : REPLY_FOUND_BY_ENDPOINT;
    }
}

/* Whose it is. False: there are more campaigns to be looked at. */
static bool look(struct exchange *exchange, struct reply_entry *entry, unsigned *budget)
{
    while (entry->way != REPLY_FOUND_NOT) {
        enum err err = look_by(exchange, entry, budget);
        if (err == ERR_BUSY) {
            return false;
        }
        if (err == ERR_OK) {
            entry->found_by = entry->way;
            return true;
        }
        if (err != ERR_NOT_FOUND && entry->meaning.class == REPLY_ACK) {
            settle(entry, REPLY_FAILED, "an audience cannot be read just now");
            return true;
        }
        try_next_way(entry); /* others need nobody to be found */
    }
    return true;
}

/* False: the loop is to have its turn first. */
static bool prepare_entry(struct exchange *exchange, struct reply_entry *entry, unsigned *budget)
{
    const struct reply_match *found = &entry->match;
    if (!entry->is_prepared) {
        identify(exchange->api, entry);
        if (!entry->is_settled && !look(exchange, entry, budget)) {
            return false;
        }
        entry->is_prepared = true;
    }
    if (!entry->is_settled && entry->found_by == REPLY_FOUND_BY_CODE &&
        page_wake(exchange->api, found->campaign, found->ordinal) != ERR_OK) {
        settle(entry, REPLY_FAILED, "the journal of this campaign cannot be read just now");
    }
    return true;
}

/* A page that is folded must have all that was decided of it. Returns up to where all are ready. */
static unsigned prepare(struct exchange *exchange, struct replies *replies)
{
    unsigned budget = ASKED_MAX;
    unsigned end = replies->next;
    while (end < replies->count && end < replies->next + AT_ONCE) {
        struct reply_entry *entry = &replies->entries[end];
        if (!entry->is_settled && !prepare_entry(exchange, entry, &budget)) {
            break;
        }
        end++;
    }
    return end;
}

/* ---- deciding ---- */

static void keep(struct api *api, struct reply_entry *entry)
{
    struct reply_record reply = {
        .class = entry->meaning.class,
        .result = entry->result,
        .channel = (uint8_t)entry->channel,
        .found_by = entry->found_by,
        .at_ms = entry->at_ms,
        .campaign = entry->match.campaign,
        .ordinal = entry->match.ordinal,
        .key = slice_str(entry->match.key),
        .provider = entry->provider,
        .from = entry->from,
        .to = entry->to,
        .text = entry->text,
        .id = entry->id,
    };
    reply_store_add(api->context.reply_store, &reply, api->context.turn);
    api->replied_recno = turn_open(api->context.turn);
    reply_forward_add(api->forward, &reply);
    entry->number = reply.number;
}

/* False: when all that was decided is durable, once more. */
static bool decide_entry(struct exchange *exchange, struct reply_entry *entry)
{
    struct api *api = exchange->api;
    identify(api, entry); /* the one before it may have been the same */
    if (entry->is_settled) {
        return true;
    }
    if (!reply_effect(exchange, entry)) {
        return false;
    }
    entry->is_settled = true;
    if (entry->result != REPLY_FAILED) {
        keep(api, entry);
    }
    return true;
}

static void count(struct api *api, const struct replies *replies)
{
    for (unsigned i = 0; i < replies->count; i++) {
        const struct reply_entry *entry = &replies->entries[i];
        if (entry->is_repeated) {
            api->replies_repeated++;
        } else {
            api->replies[entry->result]++;
            api->replies_of_class[entry->meaning.class] += entry->number != 0;
        }
    }
}

static void on_timer_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

/* The exchange is its owner's again. */
static void give_back(struct exchange *exchange, struct replies *replies)
{
    exchange->resource = replies->resource;
    exchange->on_finished = replies->on_finished;
    uv_close((uv_handle_t *)&replies->timer, on_timer_closed);
}

static void on_turn(uv_timer_t *timer);

/* All that was decided before is in the journal by now. */
static void decide(struct exchange *exchange)
{
    struct replies *replies = exchange->resource;
    unsigned end = prepare(exchange, replies);
    for (; replies->next < end; replies->next++) {
        struct reply_entry *entry = &replies->entries[replies->next];
        if (!entry->is_settled && !decide_entry(exchange, entry)) {
            break;
        }
    }
    if (replies->next < replies->count) {
        uv_timer_start(&replies->timer, on_turn, 0, 0);
        return;
    }
    count(exchange->api, replies);
    give_back(exchange, replies);
    replies->done(exchange, replies->entries, replies->count, replies->arg);
}

static void on_turn(uv_timer_t *timer)
{
    struct replies *replies = timer->data;
    exchange_read_durable(replies->exchange, decide);
}

/* The client is gone: what was decided stays so, and he sends it all again. */
static void on_finished(struct exchange *exchange)
{
    give_back(exchange, exchange->resource);
    if (exchange->on_finished != NULL) {
        exchange->on_finished(exchange);
    }
}

void replies_run(struct exchange *exchange, struct reply_entry *entries, unsigned count_of,
                 replies_done_fn done, void *arg)
{
    struct replies *replies = mem_zalloc(1, sizeof(*replies));
    *replies = (struct replies){
        .exchange = exchange,
        .count = count_of,
        .entries = entries,
        .done = done,
        .arg = arg,
        .resource = exchange->resource,
        .on_finished = exchange->on_finished,
    };
    for (unsigned i = 0; i < count_of; i++) {
        read_entry(exchange->api, &entries[i], exchange->arena);
    }
    uv_timer_init(exchange->api->context.loop, &replies->timer);
    replies->timer.data = replies;
    exchange->resource = replies;
    exchange->on_finished = on_finished;
    exchange_read_durable(exchange, decide);
}

/* ---- beside it all ---- */

uint32_t api_turn(struct api *api)
{
    const struct api_context *context = &api->context;
    uint64_t now_ms = api_now_ms(api);
    uint64_t keep_ms = context->reply_rules->keep_ms;
    bool is_more = now_ms > keep_ms &&
                   reply_store_sweep(context->reply_store, now_ms - keep_ms, context->turn);
    reply_store_note(context->reply_store, turn_record(context->turn));
    evidence_jobs_turn(api);
    uint32_t wait_ms = reply_forward_turn(api->forward);
    uint32_t watch_ms = feed_watch_turn(api->watch);
    uint32_t sender_ms = feed_sender_turn(api->sender);
    feed_streams_turn(api->streams);
    wait_ms = sender_ms < wait_ms ? sender_ms : wait_ms;
    wait_ms = watch_ms < wait_ms ? watch_ms : wait_ms;
    return is_more ? 0 : wait_ms < SWEEP_MS ? wait_ms : SWEEP_MS;
}
