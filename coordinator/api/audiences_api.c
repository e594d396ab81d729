/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "common/mem.h"
#include "coordinator/api/audience_json.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/resources.h"
#include "coordinator/http/pulled_text.h"
#include "coordinator/report/page_reader.h"

#define MEMBER_PAGES_MAX 16 /* opened in one request */

void audiences_list(struct exchange *exchange)
{
    struct exchange_page page;
    if (!exchange_page(exchange, CURSOR_AUDIENCES, 0, &page)) {
        return;
    }
    const struct audience_registry *audiences = exchange->api->context.audiences;
    const struct audience_info *info = audience_registry_next(audiences, page.position);
    json_t *items = json_array();
    for (unsigned i = 0; i < page.limit && info != NULL; i++) {
        page.position = info->id;
        json_array_append_new(items, audience_json(info));
        info = audience_registry_next(audiences, page.position);
    }
    exchange_json(exchange, 200,
                  exchange_list(items, CURSOR_AUDIENCES, 0, info != NULL, page.position));
}

void audiences_get(struct exchange *exchange)
{
    const struct audience_info *info;
    if (exchange_audience(exchange, &info)) {
        exchange_json(exchange, 200, audience_json(info));
    }
}

/* ---- refusals ---- */

struct refusals {
    json_t *items;
    unsigned limit;
    uint64_t next_line; /* of the first that did not fit; 0: all did */
};

static bool take_refusal(void *arg, uint64_t line, struct slice json)
{
    struct refusals *refusals = arg;
    if (json_array_size(refusals->items) == refusals->limit) {
        refusals->next_line = line;
        return false;
    }
    json_array_append_new(refusals->items, json_loadb((const char *)json.data, json.len, 0, NULL));
    return true;
}

static void refusals_as_json(struct exchange *exchange, const struct audience_info *info)
{
    struct exchange_page page;
    if (!exchange_page(exchange, CURSOR_REFUSALS, info->id, &page)) {
        return;
    }
    struct refusals refusals = {.items = json_array(), .limit = page.limit};
    enum err err = ledger_each_refusal(exchange->api->context.ledger, info->id, page.position,
                                       take_refusal, &refusals);
    if (err != ERR_OK) {
        json_decref(refusals.items);
        exchange_refuse(exchange, 0, &(struct problem){.err = err});
        return;
    }
    exchange_json(exchange, 200,
                  exchange_list(refusals.items, CURSOR_REFUSALS, info->id, refusals.next_line != 0,
                                refusals.next_line));
}

/* The whole list as CSV, as much at a time as the client takes. */
struct refusals_csv {
    struct ledger *ledger;
    uint64_t audience;
    uint64_t line; /* where to go on */
    struct pulled_text pulled;
    size_t enough; /* bytes to gather at a time */
    bool is_over;
};

static void put_field(struct buf *text, const char *value)
{
    buf_u8(text, '"');
    for (; value != NULL && *value != '\0'; value++) {
        if (*value == '"') {
            buf_u8(text, '"');
        }
        buf_u8(text, (uint8_t)*value);
    }
    buf_u8(text, '"');
}

static bool put_row(void *arg, uint64_t line, struct slice json)
{
    struct refusals_csv *csv = arg;
    json_t *row = json_loadb((const char *)json.data, json.len, 0, NULL);
    buf_printf(&csv->pulled.text, "%llu,", (unsigned long long)line);
    put_field(&csv->pulled.text, json_string_value(json_object_get(row, "column")));
    buf_u8(&csv->pulled.text, ',');
    put_field(&csv->pulled.text, json_string_value(json_object_get(row, "reason")));
    buf_str(&csv->pulled.text, "\r\n");
    json_decref(row);
    csv->line = line + 1;
    return csv->pulled.text.len < csv->enough;
}

static long pull_csv(void *arg, uint8_t *into, size_t room)
{
    struct refusals_csv *csv = arg;
    if (pulled_text_is_sent(&csv->pulled) && !csv->is_over) {
        pulled_text_begin(&csv->pulled);
        csv->enough = room;
        if (ledger_each_refusal(csv->ledger, csv->audience, csv->line, put_row, csv) != ERR_OK) {
            return -1;
        }
        csv->is_over = csv->pulled.text.len < csv->enough;
    }
    return pulled_text_take(&csv->pulled, into, room);
}

static void csv_free(void *arg)
{
    struct refusals_csv *csv = arg;
    pulled_text_release(&csv->pulled);
    mem_free(csv);
}

void audiences_refusals(struct exchange *exchange)
{
    const struct audience_info *info;
    const char *accept = http_header(exchange->http, "Accept");
    if (!exchange_audience(exchange, &info)) {
        return;
    }
    if (accept == NULL || strstr(accept, "text/csv") == NULL) {
        refusals_as_json(exchange, info);
        return;
    }
    struct refusals_csv *csv = mem_zalloc(1, sizeof(*csv));
    csv->ledger = exchange->api->context.ledger;
    csv->audience = info->id;
    buf_str(&csv->pulled.text, "line,column,reason\r\n");
    http_reply_stream(exchange->http, 200, "text/csv; charset=utf-8", pull_csv, csv_free, csv);
}

/* ---- recipients ---- */

static json_t *values_json(const struct page_view *view, const struct page_schema *schema)
{
    json_t *values = json_object();
    for (unsigned i = 1; i < schema->count; i++) {
        struct slice value = page_value(view, i);
        if (value.len > 0) {
            json_object_set_new(values, schema->columns[i].name,
                                json_stringn((const char *)value.data, value.len));
        }
    }
    return values;
}

static json_t *member_json(const struct page_view *view, const struct page_schema *schema,
                           uint32_t ordinal)
{
    struct slice key = page_value(view, 0);
    return json_pack("{s:o, s:I, s:o}", "key", json_stringn((const char *)key.data, key.len),
                     "ordinal", (json_int_t)ordinal, "values", values_json(view, schema));
}

/* From *ordinal on, which is then where to go on; rows whose key was there before are holes. */
static enum err read_members(struct page_reader *reader, const struct audience_info *info,
                             unsigned limit, json_t *items, uint64_t *ordinal)
{
    struct bitmap holes;
    unsigned opened = 0;
    for (; *ordinal < info->slots && json_array_size(items) < limit; (*ordinal)++) {
        uint32_t place = (uint32_t)*ordinal;
        enum err err = page_reader_seek(reader, place);
        if (err == ERR_OK && reader->opened != opened) {
            if (opened == MEMBER_PAGES_MAX) {
                return ERR_OK;
            }
            opened = reader->opened;
            err = ledger_holes(reader->ledger, info->id, place / PAGE_RECIPIENTS, &holes);
        }
        if (err != ERR_OK) {
            return err;
        }
        if (!bitmap_has(&holes, place % PAGE_RECIPIENTS)) {
            json_array_append_new(items, member_json(&reader->view, &info->schema, place));
        }
    }
    return ERR_OK;
}

void audiences_recipients(struct exchange *exchange)
{
    const struct audience_info *info;
    struct exchange_page page;
    struct page_reader reader;
    if (!exchange_audience(exchange, &info) ||
        !exchange_page(exchange, CURSOR_MEMBERS, info->id, &page)) {
        return;
    }
    json_t *items = json_array();
    uint64_t ordinal = page.position;
    page_reader_init(&reader, exchange->api->context.ledger, info->id);
    enum err err = read_members(&reader, info, page.limit, items, &ordinal);
    page_reader_release(&reader);
    if (err != ERR_OK) {
        json_decref(items);
        exchange_refuse(exchange, 0, &(struct problem){.err = err});
        return;
    }
    exchange_json(exchange, 200,
                  exchange_list(items, CURSOR_MEMBERS, info->id, ordinal < info->slots, ordinal));
}

void audiences_recipient(struct exchange *exchange)
{
    const struct audience_info *info;
    uint32_t ordinal;
    if (!exchange_audience(exchange, &info)) {
        return;
    }
    struct ledger *ledger = exchange->api->context.ledger;
    struct page_reader reader;
    page_reader_init(&reader, ledger, info->id);
    enum err err =
        audience_find(exchange->api->finder, info, slice_str(exchange->parts[1]), &ordinal);
    if (err == ERR_NOT_FOUND) {
        exchange_not_found(exchange, "recipient", exchange->parts[1]);
        return;
    }
    if (err == ERR_OK) {
        err = page_reader_seek(&reader, ordinal);
    }
    if (err == ERR_OK) {
        exchange_json(exchange, 200,
                      json_pack("{s:s, s:I, s:o}", "key", exchange->parts[1], "ordinal",
                                (json_int_t)ordinal, "values",
                                values_json(&reader.view, &info->schema)));
    } else {
        exchange_refuse(exchange, 0, &(struct problem){.err = err});
    }
    page_reader_release(&reader);
}
