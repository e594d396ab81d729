/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/content/campaign_document.h"

#include <stdlib.h>

#include "common/mem.h"
#include "coordinator/content/campaign_content.h"
#include "coordinator/content/campaign_document_internal.h"
#include "coordinator/content/change_document.h"
#include "coordinator/content/channel_list.h"
#include "coordinator/content/control_document.h"
#include "coordinator/content/object_id.h"

void campaign_document_free(struct campaign_document *document)
{
    if (document == NULL) {
        return;
    }
    json_decref(document->plan);
    json_decref(document->content);
    mem_free(document);
}

void campaign_document_number(struct campaign_document *document, uint64_t id, uint64_t created_ms)
{
    document->def.id = id;
    document->def.created_ms = created_ms;
}

const struct campaign_def *campaign_document_def(const struct campaign_document *document)
{
    return &document->def;
}

void campaign_document_encode(const struct campaign_document *document, struct buf *buf)
{
    const struct campaign_def *def = &document->def;
    char id[OBJECT_ID_CHARS + 1];
    char audience[OBJECT_ID_CHARS + 1];
    object_id_write(id, OBJECT_CAMPAIGN, def->id);
    object_id_write(audience, OBJECT_AUDIENCE, def->audience);
    json_t *json = json_pack(
        "{s:i, s:s, s:I, s:s, s:s, s:s, s:i, s:O, s:O}", "version", CAMPAIGN_DOCUMENT_VERSION, "id",
        id, "created_ms", (json_int_t)def->created_ms, "name", def->name, "audience", audience,
        "priority", campaign_priority_name(def->priority), "weight", (int)def->weight, "plan",
        document->plan, "content", document->content);
    if (document->plan_name[0] != '\0') {
        json_object_set_new(json, "plan_name", json_string(document->plan_name));
    }
    change_document_put(json, def);
    if (document->respect.quiet_hours.channels != 0) {
        json_object_set_new(json, "quiet_hours",
                            respect_document_show_quiet_hours(&document->respect.quiet_hours));
    }
    if (document->respect.frequency_cap.messages != 0) {
        json_object_set_new(json, "frequency_cap",
                            respect_document_show_frequency_cap(&document->respect.frequency_cap));
    }
    if (def->plan.without != 0) {
        json_object_set_new(json, "without", channel_list_show(def->plan.without));
    }
    if (document->delivery_key > 1) {
        json_object_set_new(json, "delivery_key", json_integer(document->delivery_key));
    }
    if (document->reply_range.count > 0) {
        json_object_set_new(json, "reply_codes", reply_ranges_show(&document->reply_range));
    }
    if (trace_context_is_set(&document->trace)) {
        char trace[TRACE_CONTEXT_CHARS + 1];
        trace_context_write(&document->trace, trace);
        json_object_set_new(json, "traceparent", json_string(trace));
    }
    control_document_put(json, &def->control);
    char *text = json_dumps(json, JSON_COMPACT);
    buf_str(buf, text);
    free(text);
    json_decref(json);
}

void campaign_document_change(struct campaign_document *document, const struct campaign_def *def)
{
    document->def.rate_per_s = def->rate_per_s;
    document->def.priority = def->priority;
    document->def.weight = def->weight;
    document->def.control = def->control;
}

const struct respect *campaign_document_respect(const struct campaign_document *document)
{
    return &document->respect;
}

uint32_t campaign_document_delivery_key(const struct campaign_document *document)
{
    return document->delivery_key;
}

const struct reply_range *campaign_document_reply_range(const struct campaign_document *document)
{
    return &document->reply_range;
}

void campaign_document_set_reply_range(struct campaign_document *document,
                                       const struct reply_range *range)
{
    document->reply_range = *range;
}

const struct trace_context *campaign_document_trace(const struct campaign_document *document)
{
    return &document->trace;
}

void campaign_document_set_trace(struct campaign_document *document,
                                 const struct trace_context *trace)
{
    document->trace = *trace;
}

bool campaign_document_wants_reply_codes(const struct campaign_document *document)
{
    struct arena arena;
    unsigned count;
    bool is_wanted = false;
    arena_init(&arena, WIRE_BODIES_MAX * sizeof(struct wire_body));
    const struct wire_body *bodies = campaign_content_bodies(document->content, &arena, &count);
    for (unsigned i = 0; i < count && !is_wanted; i++) {
        is_wanted = reply_ranges_is_asked_for(bodies[i].subject) ||
                    reply_ranges_is_asked_for(bodies[i].text) ||
                    reply_ranges_is_asked_for(bodies[i].html);
    }
    arena_release(&arena);
    return is_wanted;
}

json_t *campaign_document_plan(const struct campaign_document *document)
{
    return document->plan;
}

const char *campaign_document_plan_name(const struct campaign_document *document)
{
    return document->plan_name[0] == '\0' ? NULL : document->plan_name;
}

json_t *campaign_document_content(const struct campaign_document *document)
{
    return document->content;
}

void campaign_document_wire(const struct campaign_document *document,
                            const struct page_schema *schema, uint64_t epoch, struct arena *arena,
                            struct wire_content *content)
{
    *content = (struct wire_content){
        .epoch = epoch,
        .campaign = document->def.id,
        .name = document->def.name,
        .reply_range = document->reply_range,
        .trace = document->trace,
        .schema = *schema,
    };
    content->bodies = campaign_content_bodies(document->content, arena, &content->body_count);
}
