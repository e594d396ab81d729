/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/campaigns_view.h"

#include <assert.h>

#include "coordinator/api/exchange.h"
#include "coordinator/api/replies.h"
#include "coordinator/api/resources.h"
#include "coordinator/content/channel_list.h"
#include "coordinator/content/control_document.h"
#include "coordinator/content/object_id.h"

static json_t *counts_json(const struct campaign_view *view)
{
    json_t *counts = json_object();
    for (enum delivery_state state = DELIVERY_WAITING; state < DELIVERY_STATES; state++) {
        json_object_set_new(counts, delivery_state_name(state), json_integer(view->counts[state]));
    }
    return counts;
}

static json_t *time_left_json(const struct campaign_view *view)
{
    return view->time_left_ms == 0 ? json_null()
                                   : json_integer((json_int_t)((view->time_left_ms + 999) / 1000));
}

/* NULL if there are several steps: each has its own. */
static const char *only_channel(const struct plan *plan)
{
    return plan->step_count == 1 ? channel_kind_name(plan->steps[0].channel) : NULL;
}

/* The plan as its document says it, and which steps are left out. */
static json_t *plan_json(const struct plan *plan, json_t *written)
{
    json_t *json = json_deep_copy(written);
    size_t i;
    json_t *step;
    json_array_foreach(json_object_get(json, "steps"), i, step)
    {
        enum channel_kind channel;
        const char *name = json_string_value(json_object_get(step, "channel"));
        if (channel_kind_parse(slice_str(name), &channel) && (plan->without >> channel & 1) != 0) {
            json_object_set_new(step, "left_out", json_true());
        }
    }
    return json;
}

/* What of these a critical campaign passes over, once it is launched. */
static json_t *overrides_json(const struct campaign_view *view)
{
    json_t *overrides = json_array();
    bool is_overriding = view->def->priority == PRIORITY_CRITICAL && view->launched_ms != 0;
    if (is_overriding && view->def->quiet_channels != 0) {
        json_array_append_new(overrides, json_string("quiet_hours"));
    }
    if (is_overriding && view->def->cap_messages != 0) {
        json_array_append_new(overrides, json_string("frequency_cap"));
    }
    return overrides;
}

static void put_respect(json_t *json, const struct campaign_view *view,
                        const struct respect *respect)
{
    json_object_set_new(json, "quiet_hours",
                        respect_document_show_quiet_hours(&respect->quiet_hours));
    json_object_set_new(json, "frequency_cap",
                        respect_document_show_frequency_cap(&respect->frequency_cap));
    json_object_set_new(json, "overrides", overrides_json(view));
    json_object_set_new(json, "screening", json_boolean(view->is_screening));
}

static json_t *states_json(const uint32_t counts[DELIVERY_STATES])
{
    json_t *json = json_object();
    for (unsigned s = DELIVERY_WAITING; s < DELIVERY_STATES; s++) {
        if (counts[s] > 0) {
            json_object_set_new(json, delivery_state_name((enum delivery_state)s),
                                json_integer(counts[s]));
        }
    }
    return json;
}

/* Who stands on each step, or has ended there. */
static json_t *ladder_json(const struct campaign_view *view, uint64_t now_ms)
{
    const struct plan *plan = &view->def->plan;
    json_t *ladder = json_array();
    if (view->rungs == NULL) {
        json_decref(ladder);
        return json_null();
    }
    for (unsigned s = 0; s < plan->step_count; s++) {
        const struct rung_counts *rung = &view->rungs[s];
        uint64_t next_ms = view->due_ms[s] > now_ms ? view->due_ms[s] : 0;
        json_t *json = json_pack(
            "{s:i, s:i, s:s, s:o, s:i, s:o}", "step", (int)plan_written(plan, s) + 1, "repeat",
            (int)plan->steps[s].repeat, "channel", channel_kind_name(plan->steps[s].channel),
            "counts", states_json(rung->states), "open", (int)rung->open, "next_at",
            exchange_time(next_ms));
        if (plan_is_beside(plan, s)) {
            json_object_set_new(json, "with_previous", json_true());
        }
        json_array_append_new(ladder, json);
    }
    return ladder;
}

static json_t *trace_json(const struct trace_context *trace)
{
    char text[TRACE_CONTEXT_CHARS + 1];
    if (!trace_context_is_set(trace)) {
        return json_null();
    }
    trace_context_write(trace, text);
    return json_string(text);
}

/* By provider, what became of the attempts. */
static json_t *outcomes_json(const struct api *api, const struct campaign_view *view)
{
    json_t *json = json_object();
    for (unsigned row = 0; row < view->outcome_rows; row++) {
        const struct outcome_counts *of = &view->outcomes[row];
        const struct wire_provider *provider = exchange_provider(api, of->provider);
        json_t *counts = json_object();
        for (enum outcome outcome = 0; outcome < OUTCOMES; outcome++) {
            uint64_t count = of->of[outcome];
            if (count > 0) {
                json_object_set_new(counts, outcome_name(outcome), json_integer((json_int_t)count));
            }
        }
        if (provider != NULL && json_object_size(counts) > 0) {
            json_object_set(json, provider->name, counts);
        }
        json_decref(counts);
    }
    return json;
}

/* What changes as it goes on. */
static void put_figures(json_t *json, const struct api *api, const struct campaign_view *view)
{
    const struct campaign_def *def = view->def;
    const struct reply_counts replies = reply_store_counts(api->context.reply_store, def->id);
    json_object_set_new(json, "rate",
                        def->rate_per_s > 0 ? json_real(def->rate_per_s) : json_null());
    json_object_set_new(json, "created_at", exchange_time(def->created_ms));
    json_object_set_new(json, "launched_at", exchange_time(view->launched_ms));
    json_object_set_new(json, "ended_at", exchange_time(view->ended_ms));
    json_object_set_new(json, "recipients", json_integer(def->recipients));
    json_object_set_new(json, "counts", counts_json(view));
    json_object_set_new(json, "open", json_integer(view->open));
    json_object_set_new(json, "ladder", ladder_json(view, api_now_ms(api)));
    json_object_set_new(json, "next_climb_at", exchange_time(view->climb_ms));
    json_object_set_new(json, "rate_per_s", exchange_rate(view->rate_per_s));
    json_object_set_new(json, "time_left_s", time_left_json(view));
    json_object_set_new(json, "repeated", json_integer((json_int_t)view->repeated));
    json_object_set_new(json, "outcomes", outcomes_json(api, view));
    json_object_set_new(json, "replies", reply_counts_json(&replies));
    control_document_view(json, view);
}

json_t *campaigns_figures(const struct api *api, const struct campaign_view *view)
{
    const struct campaign_def *def = view->def;
    char id[OBJECT_ID_CHARS + 1];
    object_id_write(id, OBJECT_CAMPAIGN, def->id);
    json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:i, s:b}", "id", id, "name", def->name, "state",
                             campaign_state_name(view->state), "priority",
                             campaign_priority_name(def->priority), "weight", (int)def->weight,
                             "screening", (int)view->is_screening);
    put_figures(json, api, view);
    return json;
}

/* Every campaign of the engine has a document. */
json_t *campaigns_view_listed(const struct api *api, const struct campaign_view *view)
{
    const struct campaign_def *def = view->def;
    const struct campaign_document *document =
        campaign_registry_find(api->context.campaigns, def->id);
    char id[OBJECT_ID_CHARS + 1];
    char audience[OBJECT_ID_CHARS + 1];
    assert(document != NULL);
    object_id_write(id, OBJECT_CAMPAIGN, def->id);
    object_id_write(audience, OBJECT_AUDIENCE, def->audience);
    json_t *json = json_pack("{s:s, s:s, s:s, s:s*, s:s, s:s, s:i, s:o, s:o}", "id", id, "name",
                             def->name, "audience", audience, "channel", only_channel(&def->plan),
                             "state", campaign_state_name(view->state), "priority",
                             campaign_priority_name(def->priority), "weight", (int)def->weight,
                             "without", channel_list_show(def->plan.without), "plan",
                             plan_json(&def->plan, campaign_document_plan(document)));
    const struct reply_range *reply_range = campaign_document_reply_range(document);
    const char *plan_name = campaign_document_plan_name(document);
    json_object_set_new(json, "plan_name",
                        plan_name == NULL ? json_null() : json_string(plan_name));
    put_respect(json, view, campaign_document_respect(document));
    json_object_set_new(json, "reply_code_characters",
                        reply_range->count == 0 ? json_null() : json_integer(reply_range->chars));
    json_object_set_new(json, "traceparent", trace_json(campaign_document_trace(document)));
    put_figures(json, api, view);
    return json;
}

json_t *campaigns_view(const struct api *api, const struct campaign_view *view)
{
    json_t *json = campaigns_view_listed(api, view);
    const struct campaign_document *document =
        campaign_registry_find(api->context.campaigns, view->def->id);
    json_object_set(json, "content", campaign_document_content(document));
    return json;
}
