/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The message as one recipient gets it: of a draft a preview, later what was sent, since neither
 * content nor audience ever change.
 */
#include "coordinator/api/exchange.h"
#include "coordinator/api/resources.h"
#include "coordinator/content/campaign_registry.h"
#include "coordinator/report/filled_text.h"
#include "coordinator/report/page_reader.h"

static void put_part(json_t *json, const char *name, const struct buf *text)
{
    if (text->len > 0) {
        json_object_set_new(json, name, json_stringn((const char *)text->data, text->len));
    }
}

static json_t *text_json(enum channel_kind channel, const struct filled_text *filled,
                         const struct page_schema *schema)
{
    json_t *missing = json_array();
    for (unsigned i = 0; i < schema->count; i++) {
        if ((filled->missing >> i & 1) != 0) {
            json_array_append_new(missing, json_string(schema->columns[i].name));
        }
    }
    json_t *json =
        json_pack("{s:s, s:s, s:o}", "channel", channel_kind_name(channel), "locale",
                  filled->locale[0] == '\0' ? "default" : filled->locale, "missing", missing);
    put_part(json, "subject", &filled->subject);
    put_part(json, "text", &filled->text);
    put_part(json, "html", &filled->html);
    return json;
}

/* One for each channel of the plan, in the order of its steps. */
static enum err put_texts(json_t *texts, const struct plan *plan,
                          const struct wire_content *content, const struct page_view *view,
                          struct problem *problem)
{
    unsigned seen = 0;
    for (unsigned s = 0; s < plan->step_count; s++) {
        enum channel_kind channel = plan->steps[s].channel;
        struct filled_text filled;
        if ((seen >> channel & 1) != 0) {
            continue;
        }
        seen |= 1U << channel;
        enum err err = filled_text_make(&filled, content, channel, view, problem);
        if (err == ERR_OK) {
            json_array_append_new(texts, text_json(channel, &filled, &content->schema));
        }
        filled_text_release(&filled);
        if (err != ERR_OK && err != ERR_NOT_FOUND) {
            return err;
        }
    }
    return ERR_OK;
}

static enum err read_texts(struct exchange *exchange, const struct campaign_view *view,
                           const struct audience_info *info, json_t *texts, struct problem *problem)
{
    struct api *api = exchange->api;
    struct wire_content content;
    struct page_reader reader;
    uint32_t ordinal;
    enum err err = audience_find(api->finder, info, slice_str(exchange->parts[1]), &ordinal);
    if (err != ERR_OK) {
        return err;
    }
    campaign_document_wire(campaign_registry_find(api->context.campaigns, view->def->id),
                           &info->schema, api->context.epoch, exchange->arena, &content);
    page_reader_init(&reader, api->context.ledger, info->id);
    err = page_reader_seek(&reader, ordinal);
    if (err == ERR_OK) {
        err = put_texts(texts, &view->def->plan, &content, &reader.view, problem);
    }
    page_reader_release(&reader);
    return err;
}

void texts_get(struct exchange *exchange)
{
    struct campaign_view view;
    struct problem problem = {0};
    if (!exchange_campaign(exchange, &view)) {
        return;
    }
    const struct audience_info *info =
        audience_registry_find(exchange->api->context.audiences, view.def->audience);
    json_t *texts = json_array();
    enum err err = info == NULL ? ERR_CORRUPT : read_texts(exchange, &view, info, texts, &problem);
    if (err == ERR_OK) {
        exchange_json(exchange, 200,
                      json_pack("{s:s, s:o}", "key", exchange->parts[1], "texts", texts));
        return;
    }
    json_decref(texts);
    if (err == ERR_NOT_FOUND) {
        exchange_not_found(exchange, "recipient", exchange->parts[1]);
    } else {
        exchange_refuse(exchange, 0,
                        problem.err == ERR_OK ? &(struct problem){.err = err} : &problem);
    }
}
