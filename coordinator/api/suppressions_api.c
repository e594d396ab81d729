/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The suppression list. An entry is known and told to the campaigns that run in the turn that makes
 * it durable: when it is answered, nobody whom it means is leased any more.
 */
#include <assert.h>
#include <string.h>

#include "common/mem.h"
#include "common/text.h"
#include "coordinator/api/audit.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/key_page.h"
#include "coordinator/api/resources.h"
#include "coordinator/api/suppressing.h"
#include "coordinator/api/suppression_text.h"
#include "coordinator/http/pulled_text.h"

/* ---- one entry ---- */

struct body {
    const char *channel;
    const char *endpoint;
    const char *contact;
    const char *reason;
    const char *source;
};

#define BODY_FIELD(field, max)                                                                     \
    static enum err read_##field(struct document_reader *reader, json_t *value)                    \
    {                                                                                              \
        struct body *body = reader->arg;                                                           \
        return document_line(reader, value, 1, max, &body->field);                                 \
    }
BODY_FIELD(channel, 32)
BODY_FIELD(endpoint, SUPPRESSION_VALUE_MAX)
BODY_FIELD(contact, SUPPRESSION_VALUE_MAX)
BODY_FIELD(reason, 32)
BODY_FIELD(source, SUPPRESSION_SOURCE_MAX)
#undef BODY_FIELD

static enum err read_body(json_t *json, struct suppression *entry, struct document_problem *problem)
{
    static const struct document_field fields[] = {
        {"channel", false, read_channel}, {"endpoint", false, read_endpoint},
        {"contact", false, read_contact}, {"reason", true, read_reason},
        {"source", false, read_source},   {NULL, false, NULL},
    };
    struct body body = {0};
    struct document_reader reader;
    struct problem flaw = {0};
    const char *member;
    document_reader_init(&reader, problem, &body);
    enum err err = document_object(&reader, json, fields);
    if (err != ERR_OK) {
        return err;
    }
    const struct suppression_words words = {slice_str(body.channel), slice_str(body.endpoint),
                                            slice_str(body.contact), slice_str(body.reason),
                                            slice_str(body.source == NULL ? "api" : body.source)};
    err = suppression_from_words(entry, &words, &member, &flaw);
    if (err != ERR_OK && member != NULL) {
        (void)document_enter(&reader, member);
    }
    return err == ERR_OK ? ERR_OK : document_refuse(&reader, err, "%s", flaw.text);
}

static void note_entry(struct exchange *exchange, const struct suppression *entry)
{
    exchange_note(exchange, "%s %.300s: %s",
                  entry->channel < CHANNEL_KINDS
                      ? channel_kind_name((enum channel_kind)entry->channel)
                      : "contact",
                  entry->value, suppression_reason_name(entry->reason));
}

static void answer_added(struct exchange *exchange, const struct suppression *entry, bool is_new)
{
    exchange_commit(exchange, is_new ? 201 : 200, NULL, suppression_json(entry), NULL, NULL);
}

void suppressions_put(struct exchange *exchange)
{
    struct api *api = exchange->api;
    struct document_problem problem;
    struct suppression *entry = arena_zalloc(exchange->arena, 1, sizeof(*entry));
    json_t *json = NULL;
    enum err err = document_parse(http_body(exchange->http), &json, &problem);
    if (err == ERR_OK) {
        err = read_body(json, entry, &problem);
    }
    json_decref(json);
    if (err != ERR_OK) {
        exchange_refuse_document(exchange, &problem);
        return;
    }
    entry->at_ms = api_now_ms(api);
    bool is_new = suppression_list_add(api->context.suppressions, entry, entry->at_ms,
                                       turn_record(api->context.turn));
    note_entry(exchange, entry);
    err = suppressing_apply(api, entry);
    if (err != ERR_OK) {
        audit_change(exchange, 503, NULL); /* it is on the list all the same */
        exchange_refuse(exchange, 503, &(struct problem){.err = err});
        return;
    }
    answer_added(exchange, entry, is_new);
}

/* From the path: /v1/suppressions/{email|contact|contact.sms}/{value}. False: answered. */
static bool read_path(struct exchange *exchange, struct suppression *entry)
{
    static const char contact[] = "contact";
    const char *kind = exchange->parts[0];
    struct problem problem = {0};
    bool is_contact = strncmp(kind, contact, sizeof(contact) - 1) == 0 &&
                      (kind[sizeof(contact) - 1] == '\0' || kind[sizeof(contact) - 1] == '.');
    const char *channel = kind;
    if (is_contact) {
        channel = kind[sizeof(contact) - 1] == '.' ? kind + sizeof(contact) : "";
    }
    if (suppression_set(entry, is_contact, slice_str(channel), slice_str(exchange->parts[1]),
                        &problem) != ERR_OK) {
        exchange_refuse(exchange, 422, &problem);
        return false;
    }
    return true;
}

static bool read_entry(struct exchange *exchange, struct suppression *entry)
{
    struct suppression_list *list = exchange->api->context.suppressions;
    if (!read_path(exchange, entry)) {
        return false;
    }
    enum err err = suppression_list_read(list, entry);
    if (err == ERR_NOT_FOUND) {
        exchange_not_found(exchange, "entry of the suppression list for", entry->value);
    } else if (err != ERR_OK) {
        exchange_refuse(exchange, 0, &(struct problem){.err = err});
    }
    return err == ERR_OK;
}

static void show(struct exchange *exchange)
{
    struct suppression *entry = arena_zalloc(exchange->arena, 1, sizeof(*entry));
    if (read_entry(exchange, entry)) {
        exchange_json(exchange, 200, suppression_json(entry));
    }
}

void suppressions_get(struct exchange *exchange)
{
    exchange_read_durable(exchange, show);
}

static void take_off(struct exchange *exchange)
{
    struct api *api = exchange->api;
    struct suppression *entry = arena_zalloc(exchange->arena, 1, sizeof(*entry));
    if (!read_entry(exchange, entry)) {
        return;
    }
    (void)suppression_list_remove(api->context.suppressions, entry, "api", api_now_ms(api),
                                  turn_record(api->context.turn));
    note_entry(exchange, entry);
    exchange_commit(exchange, 200, NULL, suppression_json(entry), NULL, NULL);
}

void suppressions_delete(struct exchange *exchange)
{
    exchange_read_durable(exchange, take_off);
}

/* ---- the list: a filter may pass over many, so a request looks at so many at most ---- */

#define LOOKED_AT_MAX 2048

struct filter {
    int channel;     /* -1: any */
    uint16_t reason; /* 0: any */
};

struct listing {
    struct filter filter;
    json_t *items;
    unsigned limit;
    unsigned looked_at;
    struct buf next; /* the id of the first one that was not looked at, or found no room */
    enum err err;
    struct suppression entry;
};

static bool passes(const struct filter *filter, const struct suppression *entry)
{
    return (filter->channel < 0 || entry->channel == (unsigned)filter->channel) &&
           (filter->reason == 0 || entry->reason == filter->reason);
}

static bool list_entry(void *arg, struct slice id, struct slice value)
{
    struct listing *listing = arg;
    listing->err = suppression_decode(id, value, &listing->entry);
    if (listing->err != ERR_OK) {
        return false;
    }
    bool is_wanted = passes(&listing->filter, &listing->entry);
    if (listing->looked_at == LOOKED_AT_MAX ||
        (is_wanted && json_array_size(listing->items) == listing->limit)) {
        buf_slice(&listing->next, id);
        return false;
    }
    listing->looked_at++;
    if (is_wanted) {
        json_array_append_new(listing->items, suppression_json(&listing->entry));
    }
    return true;
}

/* False: the request was answered. */
static bool read_filter(struct exchange *exchange, struct filter *filter)
{
    const char *channel = query_string_get(&exchange->query, "channel");
    const char *reason = query_string_get(&exchange->query, "reason");
    enum channel_kind kind = CHANNEL_KINDS;
    *filter = (struct filter){.channel = -1};
    if (channel != NULL) {
        if (!channel_kind_parse(slice_str(channel), &kind)) {
            exchange_refuse_parameter(exchange, "channel", "there is no channel \"%.64s\"",
                                      channel);
            return false;
        }
        filter->channel = (int)kind;
    }
    if (reason != NULL && !suppression_reason_parse(slice_str(reason), &filter->reason)) {
        exchange_refuse_parameter(exchange, "reason",
                                  "reason must be opt_out, complaint, bounced, invalid, legal or "
                                  "manual, not \"%.64s\"",
                                  reason);
        return false;
    }
    return true;
}

static void list(struct exchange *exchange)
{
    struct listing *listing = arena_zalloc(exchange->arena, 1, sizeof(*listing));
    struct key_page page = {.list = CURSOR_SUPPRESSIONS};
    if (!read_filter(exchange, &listing->filter) ||
        !key_page_read(exchange, 3, SUPPRESSION_VALUE_MAX + 2, &page)) {
        return;
    }
    listing->limit = page.limit;
    listing->items = json_array();
    enum err err = ledger_each_entry_from(exchange->api->context.ledger, CATALOGUE_SUPPRESSION,
                                          page.from, list_entry, listing);
    err = err == ERR_OK ? listing->err : err;
    if (err == ERR_OK) {
        exchange_json(exchange, 200,
                      key_page_list(&page, listing->items, buf_view(&listing->next)));
    } else {
        json_decref(listing->items);
        exchange_refuse(exchange, 0, &(struct problem){.err = err});
    }
    buf_release(&listing->next);
}

void suppressions_list(struct exchange *exchange)
{
    exchange_read_durable(exchange, list);
}

/* ---- all of it, as much at a time as the client takes ---- */

struct export
{
    struct ledger *ledger;
    struct buf from;
    struct pulled_text pulled;
    size_t enough;
    bool is_over;
    bool is_damaged;
    struct suppression entry;
};

static bool export_entry(void *arg, struct slice id, struct slice value)
{
    struct export *export = arg;
    if (suppression_decode(id, value, &export->entry) != ERR_OK) {
        export->is_damaged = true;
        return false;
    }
    suppression_csv(&export->entry, &export->pulled.text);
    buf_clear(&export->from);
    buf_slice(&export->from, id);
    buf_u8(&export->from, 0); /* the next id behind it */
    return export->pulled.text.len < export->enough;
}

static long pull_export(void *arg, uint8_t *into, size_t room)
{
    struct export *export = arg;
    if (pulled_text_is_sent(&export->pulled) && !export->is_over) {
        pulled_text_begin(&export->pulled);
        export->enough = room;
        if (ledger_each_entry_from(export->ledger, CATALOGUE_SUPPRESSION, buf_view(&export->from),
                                   export_entry, export) != ERR_OK ||
            export->is_damaged) {
            return -1;
        }
        export->is_over = export->pulled.text.len < export->enough;
    }
    return pulled_text_take(&export->pulled, into, room);
}

static void export_free(void *arg)
{
    struct export *export = arg;
    buf_release(&export->from);
    pulled_text_release(&export->pulled);
    mem_free(export);
}

static void begin_export(struct exchange *exchange)
{
    struct export *export = mem_zalloc(1, sizeof(*export));
    export->ledger = exchange->api->context.ledger;
    buf_str(&export->pulled.text, SUPPRESSION_CSV_HEAD);
    http_reply_stream(exchange->http, 200, "text/csv; charset=utf-8", pull_export, export_free,
                      export);
}

void suppressions_export(struct exchange *exchange)
{
    exchange_read_durable(exchange, begin_export);
}
