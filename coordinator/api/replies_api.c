/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /v1/replies: what recipients sent back, from a gateway, a call centre, a mailbox: one, or an
 * array of them. Each is taken or not by itself, and the answer says what was made of it when all
 * that was taken is on disk; repeating the whole request acknowledges and opts out nobody twice,
 * and keeps nothing twice that has an `id`.
 */
#include <string.h>

#include "common/text.h"
#include "common/text_fold.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/replies.h"
#include "coordinator/api/resources.h"
#include "coordinator/content/object_id.h"

#define REPLIES_MAX 1000
#define TOKEN_MAX   128

/* ---- reading ---- */

struct fields {
    const char *channel;
    const char *provider;
    const char *from;
    const char *to;
    const char *text;
    const char *id;
    const char *token;
};

#define LINE_FIELD(field, max)                                                                     \
    static enum err read_##field(struct document_reader *reader, json_t *value)                    \
    {                                                                                              \
        struct fields *fields = reader->arg;                                                       \
        return document_line(reader, value, 1, max, &fields->field);                               \
    }
LINE_FIELD(channel, WIRE_NAME_MAX)
LINE_FIELD(provider, WIRE_NAME_MAX)
LINE_FIELD(from, SUPPRESSION_VALUE_MAX)
LINE_FIELD(to, SUPPRESSION_VALUE_MAX)
LINE_FIELD(id, REPLY_ID_MAX)
LINE_FIELD(token, TOKEN_MAX)
#undef LINE_FIELD

static enum err read_text(struct document_reader *reader, json_t *value)
{
    struct fields *fields = reader->arg;
    enum err err = document_string(reader, value, 0, (size_t)4 * REPLY_TEXT_MAX, &fields->text);
    unsigned chars = 0;
    for (struct slice rest = slice_str(fields->text); err == ERR_OK && rest.len > 0; chars++) {
        (void)text_take_char(&rest);
    }
    return err == ERR_OK && chars > REPLY_TEXT_MAX
               ? document_refuse(reader, ERR_LIMIT, "has %u characters; at most %d are kept", chars,
                                 REPLY_TEXT_MAX)
               : err;
}

static enum err read_fields(json_t *json, struct fields *fields, struct document_problem *problem)
{
    static const struct document_field known[] = {
        {"channel", true, read_channel},    {"from", true, read_from},
        {"text", true, read_text},          {"to", false, read_to},
        {"provider", false, read_provider}, {"id", false, read_id},
        {"token", false, read_token},       {NULL, false, NULL},
    };
    struct document_reader reader;
    document_reader_init(&reader, problem, fields);
    return document_object(&reader, json, known);
}

static struct slice copy(struct arena *arena, const char *text)
{
    return text == NULL ? slice_of(NULL, 0) : slice_str(arena_str(arena, slice_str(text)));
}

static void refuse(struct reply_entry *entry, const char *detail)
{
    entry->is_refused = true;
    entry->detail = detail;
}

static void read_entry(struct reply_entry *entry, json_t *json, struct arena *arena)
{
    struct fields fields = {0};
    struct document_problem problem = {0};
    entry->is_strict = true;
    if (read_fields(json, &fields, &problem) != ERR_OK) {
        refuse(entry, arena_str(arena, slice_str(problem.problem.text)));
        return;
    }
    entry->from = copy(arena, fields.from);
    entry->to = copy(arena, fields.to);
    entry->text = copy(arena, fields.text);
    entry->id = copy(arena, fields.id);
    entry->token = copy(arena, fields.token);
    entry->provider = copy(arena, fields.provider);
    if (!channel_kind_parse(slice_str(fields.channel), &entry->channel)) {
        refuse(entry, arena_printf(arena, "there is no channel \"%.64s\"", fields.channel));
    } else if (fields.provider != NULL && !text_is_name(entry->provider, WIRE_NAME_MAX)) {
        refuse(entry, arena_printf(arena, "\"%.64s\" is no provider's name", fields.provider));
    }
}

/* ---- answering ---- */

static void put_id(json_t *json, const char *member, enum object_kind kind, uint64_t number)
{
    char id[OBJECT_ID_CHARS + 1];
    object_id_write(id, kind, number);
    json_object_set_new(json, member, json_string(id));
}

static json_t *entry_json(const struct reply_entry *entry)
{
    json_t *json = json_pack("{s:s}", "result", reply_result_name(entry->result));
    if (entry->number != 0) {
        json_object_set_new(json, "class", json_string(reply_class_name(entry->meaning.class)));
        put_id(json, "reply", OBJECT_REPLY, entry->number);
    }
    if (entry->result == REPLY_ACKNOWLEDGED && entry->meaning.code.count > 0) {
        json_object_set_new(json, "code",
                            json_stringn(entry->meaning.code.chars, entry->meaning.code.count));
    }
    if (entry->match.campaign != 0) {
        put_id(json, "campaign", OBJECT_CAMPAIGN, entry->match.campaign);
        if (entry->match.key != NULL) {
            json_object_set_new(json, "recipient", exchange_text(entry->match.key));
        }
        json_object_set_new(json, "ordinal", json_integer(entry->match.ordinal));
    }
    if (entry->detail != NULL) {
        json_object_set_new(json, "detail", exchange_text(entry->detail));
    }
    if (entry->is_repeated) {
        json_object_set_new(json, "repeated", json_true());
    }
    return json;
}

static void answer_one(struct exchange *exchange, struct reply_entry *entries, unsigned count,
                       void *arg)
{
    (void)arg;
    (void)count;
    if (entries->number != 0) {
        exchange_commit(exchange, 200, NULL, entry_json(entries), NULL, NULL);
        return;
    }
    exchange_problem(exchange, &(struct problem_reply){
                                   .status = entries->result == REPLY_FAILED ? 503 : 422,
                                   .detail = entries->detail,
                               });
}

static void answer_all(struct exchange *exchange, struct reply_entry *entries, unsigned count,
                       void *arg)
{
    json_t *results = json_array();
    json_int_t acknowledged = 0;
    (void)arg;
    for (unsigned i = 0; i < count; i++) {
        acknowledged += entries[i].result == REPLY_ACKNOWLEDGED;
        json_array_append_new(results, entry_json(&entries[i]));
    }
    exchange_commit(exchange, 200, NULL,
                    json_pack("{s:I, s:I, s:o}", "replies", (json_int_t)count, "acknowledged",
                              acknowledged, "results", results),
                    NULL, NULL);
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
    struct reply_entry *entries = arena_zalloc(exchange->arena, count + 1, sizeof(*entries));
    for (size_t i = 0; i < count; i++) {
        read_entry(&entries[i], is_single ? json : json_array_get(json, i), exchange->arena);
    }
    replies_run(exchange, entries, (unsigned)count, is_single ? answer_one : answer_all, NULL);
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
