/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit log, the newest first: page by page, and all of it as a file. A filter may pass over
 * many, so so many are looked at before the loop has its turn.
 */
#include <string.h>

#include "common/mem.h"
#include "coordinator/api/api_state.h"
#include "coordinator/api/audit_filter.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/resources.h"
#include "coordinator/http/pulled_text.h"

#define LOOKED_AT_MAX 2048
#define BETWEEN_MS    1

struct looking {
    const struct audit_filter *filter;
    unsigned looked_at;
    unsigned taken;
    unsigned limit;
    uint64_t next; /* the first that was not looked at, or found no room; 0: there is none */
    void (*take)(void *arg, const struct audit_entry *entry);
    void *arg;
};

static bool look_at(void *arg, const struct audit_entry *entry)
{
    struct looking *looking = arg;
    bool is_wanted = audit_filter_passes(looking->filter, entry);
    if (looking->looked_at == LOOKED_AT_MAX || (is_wanted && looking->taken == looking->limit)) {
        looking->next = entry->number;
        return false;
    }
    looking->looked_at++;
    if (is_wanted) {
        looking->taken++;
        looking->take(looking->arg, entry);
    }
    return true;
}

/* ---- a page ---- */

static void take_item(void *arg, const struct audit_entry *entry)
{
    json_array_append_new(arg, audit_entry_json(entry));
}

static void list_page(struct exchange *exchange, const struct audit_filter *filter)
{
    struct exchange_page page;
    uint64_t scope = audit_filter_scope(filter);
    if (!exchange_page(exchange, CURSOR_AUDIT, scope, &page)) {
        return;
    }
    json_t *items = json_array();
    struct looking looking = {
        .filter = filter, .limit = page.limit, .take = take_item, .arg = items};
    enum err err = audit_log_each(exchange->api->context.ledger,
                                  page.position == 0 ? UINT64_MAX : page.position,
                                  audit_log_oldest(exchange->api->audit), look_at, &looking);
    if (err != ERR_OK) {
        json_decref(items);
        exchange_refuse(exchange, 0, &(struct problem){.err = err});
        return;
    }
    exchange_json(exchange, 200,
                  exchange_list(items, CURSOR_AUDIT, scope, looking.next != 0, looking.next));
}

static void list(struct exchange *exchange)
{
    struct audit_filter filter;
    if (audit_filter_read(exchange, &filter)) {
        list_page(exchange, &filter);
    }
    audit_filter_release(&filter);
}

void audit_list(struct exchange *exchange)
{
    exchange_read_durable(exchange, list);
}

/* ---- a file ---- */

struct audit_export {
    struct http_request *request; /* NULL: it has ended */
    const struct api *api;
    uv_timer_t timer; /* between two portions that found nothing */
    struct audit_filter filter;
    bool is_csv;
    uint64_t next; /* 0: that was all */
    struct pulled_text pulled;
};

static void take_line(void *arg, const struct audit_entry *entry)
{
    struct audit_export *export = arg;
    if (export->is_csv) {
        audit_entry_csv(entry, &export->pulled.text);
        return;
    }
    json_t *json = audit_entry_json(entry);
    char *line = json_dumps(json, JSON_COMPACT);
    buf_str(&export->pulled.text, line);
    buf_u8(&export->pulled.text, '\n');
    free(line);
    json_decref(json);
}

static void on_timer(uv_timer_t *timer)
{
    const struct audit_export *export = timer->data;
    if (export->request != NULL) {
        http_pull_resume(export->request);
    }
}

static enum err fill(struct audit_export *export, size_t room)
{
    struct looking looking = {.filter = &export->filter,
                              .limit = (unsigned)(room / 256) + 1,
                              .take = take_line,
                              .arg = export};
    pulled_text_begin(&export->pulled);
    enum err err = audit_log_each(export->api->context.ledger, export->next,
                                  audit_log_oldest(export->api->audit), look_at, &looking);
    export->next = looking.next;
    return err;
}

static long pull(void *arg, uint8_t *into, size_t room)
{
    struct audit_export *export = arg;
    if (pulled_text_is_sent(&export->pulled) && export->next != 0 && fill(export, room) != ERR_OK) {
        return -1;
    }
    if (pulled_text_is_sent(&export->pulled) && export->next != 0) {
        uv_timer_start(&export->timer, on_timer, BETWEEN_MS, 0);
        return HTTP_PULL_LATER;
    }
    return pulled_text_take(&export->pulled, into, room);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct audit_export *export = handle->data;
    audit_filter_release(&export->filter);
    pulled_text_release(&export->pulled);
    mem_free(export);
}

static void on_done(void *arg)
{
    struct audit_export *export = arg;
    export->request = NULL;
    uv_close((uv_handle_t *)&export->timer, on_timer_closed);
}

/* False: the request was answered. */
static bool read_format(struct exchange *exchange, bool *is_csv)
{
    const char *format = query_string_get(&exchange->query, "format");
    *is_csv = format != NULL && strcmp(format, "csv") == 0;
    if (format != NULL && !*is_csv && strcmp(format, "ndjson") != 0) {
        exchange_refuse_parameter(exchange, "format", "format is csv or ndjson, not \"%.64s\"",
                                  format);
        return false;
    }
    return true;
}

static void start_export(struct exchange *exchange)
{
    struct audit_filter filter;
    bool is_csv = false;
    if (!audit_filter_read(exchange, &filter) || !read_format(exchange, &is_csv)) {
        audit_filter_release(&filter);
        return;
    }
    struct audit_export *export = mem_zalloc(1, sizeof(*export));
    export->request = exchange->http;
    export->api = exchange->api;
    export->filter = filter;
    export->is_csv = is_csv;
    export->next = UINT64_MAX;
    if (is_csv) {
        buf_str(&export->pulled.text, audit_csv_head);
    }
    (void)uv_timer_init(exchange->api->context.loop, &export->timer);
    export->timer.data = export;
    http_reply_header(exchange->http, "Content-Disposition",
                      is_csv ? "attachment; filename=\"audit.csv\""
                             : "attachment; filename=\"audit.ndjson\"");
    http_reply_stream(exchange->http, 200,
                      is_csv ? "text/csv; charset=utf-8; header=present" : "application/x-ndjson",
                      pull, on_done, export);
}

void audit_export(struct exchange *exchange)
{
    exchange_read_durable(exchange, start_export);
}
