/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /v1/replies: what recipients sent back, from a gateway or a call centre: one, or an array of
 * them. A reply is `ACK` and the code of the message, and counts for whoever has that code and the
 * endpoint that it came from. Each is taken or not by itself, and the answer says what was made of
 * it when all that was taken is on disk; repeating the whole request does no harm.
 *
 * Of a campaign that has ended the page comes from the journal. So a few replies at a time are
 * matched and their pages woken before any of them is decided, and the rest goes on when that is
 * durable, as in receipts_batch.c. The loop has its turn between two portions.
 */
#include <string.h>
#include <uv.h>

#include "common/mem.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/page_wake.h"
#include "coordinator/api/replies.h"
#include "coordinator/api/reply_match.h"
#include "coordinator/api/resources.h"
#include "coordinator/content/object_id.h"
#include "coordinator/content/suppression.h"

#define REPLIES_MAX 1000
#define AT_ONCE     16   /* replies before the loop has its turn, */
#define ASKED_MAX   4096 /* or campaigns that are looked at for them */
#define TEXT_MAX    1600

static const char *const result_names[REPLY_RESULTS] = {
#define RESULT_NAME(name, word) [REPLY_##name] = (word),
    REPLY_RESULT_MAP(RESULT_NAME)
#undef RESULT_NAME
};
static const unsigned result_statuses[REPLY_RESULTS] = {
    [REPLY_ACKNOWLEDGED] = 200, [REPLY_UNKNOWN] = 404, [REPLY_NOT_UNDERSTOOD] = 422,
    [REPLY_INVALID] = 422,      [REPLY_FAILED] = 503,
};

const char *reply_result_name(enum reply_result result)
{
    return result_names[result];
}

struct entry {
    struct reply reply;
    uint64_t after; /* the campaign that was looked at last */
    struct reply_match match;
    bool is_settled; /* there is a result */
    bool is_matched;
    enum reply_result result;
    const char *detail; /* why it was not taken; in the arena */
};

struct replies {
    struct exchange *exchange;
    uv_timer_t timer; /* between two portions */
    bool is_single;
    unsigned count;
    unsigned next; /* to be decided */
    struct entry *entries;
};

static void settle(struct entry *entry, enum reply_result result, const char *detail)
{
    entry->is_settled = true;
    entry->result = result;
    entry->detail = detail;
}

/* ---- reading ---- */

struct fields {
    const char *channel;
    const char *from;
    const char *text;
};

static enum err read_channel(struct document_reader *reader, json_t *value)
{
    struct fields *fields = reader->arg;
    return document_line(reader, value, 1, WIRE_NAME_MAX, &fields->channel);
}

static enum err read_from(struct document_reader *reader, json_t *value)
{
    struct fields *fields = reader->arg;
    return document_line(reader, value, 1, SUPPRESSION_VALUE_MAX, &fields->from);
}

static enum err read_text(struct document_reader *reader, json_t *value)
{
    struct fields *fields = reader->arg;
    return document_string(reader, value, 0, TEXT_MAX, &fields->text);
}

static enum err read_fields(json_t *json, struct fields *fields, struct document_problem *problem)
{
    static const struct document_field known[] = {
        {"channel", true, read_channel},
        {"from", true, read_from},
        {"text", true, read_text},
        {NULL, false, NULL},
    };
    struct document_reader reader;
    document_reader_init(&reader, problem, fields);
    return document_object(&reader, json, known);
}

/* What the suppression list knows of endpoints holds for replies, too. */
static bool read_endpoint(struct entry *entry, const struct fields *fields, struct arena *arena)
{
    struct suppression *endpoint = arena_zalloc(arena, 1, sizeof(*endpoint));
    struct problem problem;
    if (suppression_set(endpoint, false, slice_str(fields->channel), slice_str(fields->from),
                        &problem) != ERR_OK) {
        settle(entry, REPLY_INVALID, arena_str(arena, slice_str(problem.text)));
        return false;
    }
    entry->reply.channel = (enum channel_kind)endpoint->channel;
    entry->reply.endpoint = endpoint->value;
    return true;
}

static void read_entry(struct entry *entry, json_t *json, struct arena *arena)
{
    struct fields fields = {0};
    struct document_problem problem = {0};
    if (read_fields(json, &fields, &problem) != ERR_OK) {
        settle(entry, REPLY_INVALID, arena_str(arena, slice_str(problem.problem.text)));
        return;
    }
    if (read_endpoint(entry, &fields, arena) &&
        !reply_code_read(slice_str(fields.text), &entry->reply.code)) {
        settle(entry, REPLY_NOT_UNDERSTOOD,
               "the text must be \"ACK\" and the four to eight characters of the message's code, "
               "as in "
               "\"ACK 7KQ2\", and nothing else");
    }
}

/* ---- deciding ---- */

/* False: there are more campaigns to be looked at. */
static bool match(const struct api *api, struct entry *entry, struct arena *arena, unsigned *budget)
{
    const struct reply *reply = &entry->reply;
    switch (reply_match_find(api, reply, arena, budget, &entry->after, &entry->match)) {
    case ERR_OK:
        entry->is_matched = true;
        return true;
    case ERR_BUSY:
        return false;
    case ERR_NOT_FOUND:
        settle(entry, REPLY_UNKNOWN,
               arena_printf(arena,
                            "no campaign that is open for replies went to \"%.64s\" with the code "
                            "%.*s",
                            reply->endpoint, (int)reply->code.count, reply->code.chars));
        return true;
    default:
        settle(entry, REPLY_FAILED, "an audience cannot be read just now");
        return true;
    }
}

/* Before anything is decided: a page that is folded must have all that was decided of it. Returns
 * up to where all are ready. */
static unsigned prepare(struct exchange *exchange, struct replies *replies)
{
    const struct api *api = exchange->api;
    unsigned budget = ASKED_MAX;
    unsigned end = replies->next;
    for (; end < replies->count && end < replies->next + AT_ONCE; end++) {
        struct entry *entry = &replies->entries[end];
        if (entry->is_settled) {
            continue;
        }
        if (!entry->is_matched && !match(api, entry, exchange->arena, &budget)) {
            break;
        }
        const struct reply_match *found = &entry->match;
        if (entry->is_matched && page_wake(api, found->campaign, found->ordinal) != ERR_OK) {
            settle(entry, REPLY_FAILED, "the journal of this campaign cannot be read just now");
        }
    }
    return end;
}

/* False: the campaign ended just now, and the journal must be complete before its page is folded.
 */
static bool acknowledge(struct api *api, struct entry *entry)
{
    switch (engine_acknowledge(api->context.engine, entry->match.campaign, entry->match.ordinal,
                               api_now_ms(api))) {
    case ERR_OK:
        settle(entry, REPLY_ACKNOWLEDGED, NULL);
        return true;
    case ERR_CLOSED:
        return false;
    default: /* a hole of the audience: his key came before */
        settle(entry, REPLY_UNKNOWN, "who has this code is no recipient of the campaign");
        return true;
    }
}

/* ---- answering ---- */

static json_t *entry_json(const struct entry *entry)
{
    json_t *json = json_pack("{s:s}", "result", reply_result_name(entry->result));
    if (entry->result == REPLY_ACKNOWLEDGED) {
        char id[OBJECT_ID_CHARS + 1];
        object_id_write(id, OBJECT_CAMPAIGN, entry->match.campaign);
        json_object_set_new(json, "code",
                            json_stringn(entry->reply.code.chars, entry->reply.code.count));
        json_object_set_new(json, "campaign", json_string(id));
        json_object_set_new(json, "recipient", exchange_text(entry->match.key));
        json_object_set_new(json, "ordinal", json_integer(entry->match.ordinal));
    } else {
        json_object_set_new(json, "detail", exchange_text(entry->detail));
    }
    return json;
}

static void answer(struct exchange *exchange, const struct replies *replies)
{
    const struct entry *first = &replies->entries[0];
    json_int_t acknowledged = 0;
    for (unsigned i = 0; i < replies->count; i++) {
        exchange->api->replies[replies->entries[i].result]++;
        acknowledged += replies->entries[i].result == REPLY_ACKNOWLEDGED;
    }
    if (replies->is_single && first->result != REPLY_ACKNOWLEDGED) {
        exchange_problem(exchange, &(struct problem_reply){
                                       .status = result_statuses[first->result],
                                       .detail = first->detail,
                                   });
        return;
    }
    if (replies->is_single) {
        exchange_commit(exchange, 200, NULL, entry_json(first), NULL, NULL);
        return;
    }
    json_t *results = json_array();
    for (unsigned i = 0; i < replies->count; i++) {
        json_array_append_new(results, entry_json(&replies->entries[i]));
    }
    exchange_commit(exchange, 200, NULL,
                    json_pack("{s:I, s:I, s:o}", "replies", (json_int_t)replies->count,
                              "acknowledged", acknowledged, "results", results),
                    NULL, NULL);
}

static void on_turn(uv_timer_t *timer);

/* All that was decided before is in the journal by now. */
static void decide(struct exchange *exchange)
{
    struct replies *replies = exchange->resource;
    unsigned end = prepare(exchange, replies);
    for (; replies->next < end; replies->next++) {
        struct entry *entry = &replies->entries[replies->next];
        if (!entry->is_settled && !acknowledge(exchange->api, entry)) {
            break;
        }
    }
    if (replies->next < replies->count) {
        uv_timer_start(&replies->timer, on_turn, 0, 0);
    } else {
        answer(exchange, replies);
    }
}

static void on_turn(uv_timer_t *timer)
{
    struct replies *replies = timer->data;
    exchange_read_durable(replies->exchange, decide);
}

static void on_timer_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

static void on_finished(struct exchange *exchange)
{
    struct replies *replies = exchange->resource;
    uv_close((uv_handle_t *)&replies->timer, on_timer_closed);
}

static void begin(struct exchange *exchange, json_t *json)
{
    bool is_single = !json_is_array(json);
    size_t count = is_single ? 1 : json_array_size(json);
    if (count > REPLIES_MAX) {
        exchange_problem(exchange, &(struct problem_reply){
                                       .status = 413,
                                       .detail = "more than 1000 replies: send the rest in another "
                                                 "request"});
        return;
    }
    struct replies *replies = mem_zalloc(1, sizeof(*replies));
    *replies =
        (struct replies){.exchange = exchange, .is_single = is_single, .count = (unsigned)count};
    replies->entries = arena_zalloc(exchange->arena, count + 1, sizeof(*replies->entries));
    for (unsigned i = 0; i < replies->count; i++) {
        read_entry(&replies->entries[i], is_single ? json : json_array_get(json, i),
                   exchange->arena);
    }
    uv_timer_init(exchange->api->context.loop, &replies->timer);
    replies->timer.data = replies;
    exchange->resource = replies;
    exchange->on_finished = on_finished;
    exchange_read_durable(exchange, decide);
}

void replies_post(struct exchange *exchange)
{
    struct document_problem problem;
    json_t *json = NULL;
    if (document_parse_any(http_body(exchange->http), &json, &problem) != ERR_OK) {
        exchange_refuse_document(exchange, &problem);
        return;
    }
    begin(exchange, json);
    json_decref(json);
}
