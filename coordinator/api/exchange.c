/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/exchange.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/text.h"
#include "coordinator/api/exchange_internal.h"
#include "coordinator/content/audit_log.h"
#include "coordinator/content/object_id.h"

/* ---- answers ---- */

char *exchange_dump(json_t *take_json)
{
    char *text = json_dumps(take_json, JSON_COMPACT | JSON_REAL_PRECISION(15));
    assert(text != NULL);
    json_decref(take_json);
    return text;
}

void exchange_json(struct exchange *exchange, unsigned status, json_t *take_json)
{
    char *text = exchange_dump(take_json);
    http_reply(exchange->http, status, EXCHANGE_JSON_TYPE, slice_str(text));
    free(text);
}

void exchange_problem(struct exchange *exchange, const struct problem_reply *reply)
{
    exchange_release_claim(exchange);
    problem_reply_send(exchange->http, reply);
}

void exchange_refuse(struct exchange *exchange, unsigned status, const struct problem *problem)
{
    exchange_problem(
        exchange,
        &(struct problem_reply){
            .status = status != 0 ? status : problem_reply_status(problem->err),
            .detail = problem->text[0] != '\0' ? problem->text : err_sentence(problem->err),
        });
}

void exchange_refuse_document(struct exchange *exchange, const struct document_problem *problem)
{
    exchange_problem(exchange, &(struct problem_reply){
                                   .status = problem->line != 0 ? 400 : 422,
                                   .detail = problem->problem.text,
                                   .pointer = problem->pointer,
                                   .line = problem->line,
                                   .column = problem->column,
                               });
}

bool exchange_empty_body(struct exchange *exchange)
{
    struct slice body = http_body(exchange->http);
    struct document_problem problem;
    struct document_reader reader;
    json_t *json = NULL;
    if (body.len == 0) {
        return true;
    }
    enum err err = document_parse(body, &json, &problem);
    if (err == ERR_OK && json_object_size(json) > 0) {
        const char *member = json_object_iter_key(json_object_iter(json));
        document_reader_init(&reader, &problem, NULL);
        (void)document_enter(&reader, member);
        err = document_refuse(&reader, ERR_INVALID,
                              "this request takes no members, only {} or no body");
    }
    json_decref(json);
    if (err != ERR_OK) {
        exchange_refuse_document(exchange, &problem);
    }
    return err == ERR_OK;
}

void exchange_not_found(struct exchange *exchange, const char *what, const char *id)
{
    const char *detail = arena_printf(exchange->arena, "there is no %s \"%.200s\"", what, id);
    exchange_problem(exchange, &(struct problem_reply){.status = 404, .detail = detail});
}

void exchange_refuse_parameter(struct exchange *exchange, const char *parameter, const char *format,
                               ...)
{
    char detail[400];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(detail, sizeof(detail), format, args);
    va_end(args);
    exchange_problem(
        exchange, &(struct problem_reply){.status = 400, .detail = detail, .parameter = parameter});
}

void exchange_note(struct exchange *exchange, const char *format, ...)
{
    char text[AUDIT_SUMMARY_MAX + 1];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    exchange->note = arena_str(exchange->arena, slice_str(text));
}

void exchange_finish(struct exchange *exchange)
{
    exchange_release_claim(exchange);
    exchange_abandon(exchange);
    if (exchange->on_finished != NULL) {
        exchange->on_finished(exchange);
    }
}

/* ---- lists ---- */

bool exchange_page(struct exchange *exchange, enum cursor_list list, uint64_t scope,
                   struct exchange_page *page)
{
    const char *limit = query_string_get(&exchange->query, "limit");
    const char *cursor = query_string_get(&exchange->query, "cursor");
    uint64_t number = EXCHANGE_LIMIT;
    page->position = 0;
    if (limit != NULL && !text_number(slice_str(limit), 1, EXCHANGE_LIMIT_MAX, &number)) {
        exchange_refuse_parameter(exchange, "limit", "limit must be a number from 1 to %d",
                                  EXCHANGE_LIMIT_MAX);
        return false;
    }
    if (cursor != NULL && !cursor_read(slice_str(cursor), list, scope, &page->position)) {
        exchange_refuse_parameter(exchange, "cursor",
                                  "this is no cursor of this list; take the `next` of its last "
                                  "answer, unchanged, or none to begin anew");
        return false;
    }
    page->limit = (unsigned)number;
    return true;
}

json_t *exchange_list(json_t *take_items, enum cursor_list list, uint64_t scope, bool more,
                      uint64_t position)
{
    char cursor[CURSOR_CHARS + 1];
    cursor_write(cursor, list, scope, position);
    return json_pack("{s:o, s:s?}", "items", take_items, "next", more ? cursor : NULL);
}

/* ---- small things ---- */

bool exchange_audience(struct exchange *exchange, const struct audience_info **info)
{
    uint64_t id;
    *info = NULL;
    if (object_id_parse(slice_str(exchange->parts[0]), OBJECT_AUDIENCE, &id)) {
        *info = audience_registry_find(exchange->api->context.audiences, id);
    }
    if (*info == NULL) {
        exchange_not_found(exchange, "audience", exchange->parts[0]);
    }
    return *info != NULL;
}

bool exchange_campaign(struct exchange *exchange, struct campaign_view *view)
{
    uint64_t id;
    bool is_there = object_id_parse(slice_str(exchange->parts[0]), OBJECT_CAMPAIGN, &id) &&
                    engine_campaign(exchange->api->context.engine, id, view);
    if (!is_there) {
        exchange_not_found(exchange, "campaign", exchange->parts[0]);
    }
    return is_there;
}

const struct wire_provider *exchange_provider(const struct api *api, uint32_t number)
{
    for (unsigned i = 0; i < api->context.provider_count; i++) {
        if (api->context.providers[i].id == number) {
            return &api->context.providers[i];
        }
    }
    return NULL;
}

json_t *exchange_time(uint64_t unix_ms)
{
    if (unix_ms == 0) {
        return json_null();
    }
    char text[TEXT_TIME_BYTES + 1];
    text_time_str(text, unix_ms);
    return json_string(text);
}

json_t *exchange_text(const char *text)
{
    struct slice slice = slice_str(text);
    size_t bad_at;
    if (!text_is_utf8(slice, &bad_at)) {
        slice.len = bad_at;
    }
    return json_stringn((const char *)slice.data, slice.len);
}

json_t *exchange_share(double share)
{
    return json_real(round(share * 10000) / 10000);
}

json_t *exchange_rate(double per_s)
{
    return json_real(round(per_s * 10) / 10);
}

json_t *exchange_limit(double per_s)
{
    return json_real((per_s > 0 ? fmax(round(per_s * 1000), 1) : 0) / 1000);
}
