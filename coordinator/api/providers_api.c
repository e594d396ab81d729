/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The providers, and their limits. A limit that is set holds for what is leased from then on, and
 * is answered when it is durable.
 */
#include <string.h>

#include "common/log.h"
#include "common/mem.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/inbound_desk.h"
#include "coordinator/api/provider_why.h"
#include "coordinator/api/resources.h"

static const char *breaker_word(enum breaker_state state)
{
    switch (state) {
    case BREAKER_CLOSED:
        return "closed";
    case BREAKER_OPEN:
        return "open";
    case BREAKER_PROBING:
        return "probing";
    }
    return "";
}

/* Worker to reason. */
static json_t *unopened_json(const struct api *api, uint32_t provider)
{
    json_t *unopened = json_object();
    struct unopened_view view;
    for (unsigned i = 0; engine_unopened(api->context.engine, provider, i, &view); i++) {
        json_object_set_new(unopened, view.worker, exchange_text(view.why));
    }
    return unopened;
}

static json_t *count_json(uint32_t count)
{
    return count == 0 ? json_null() : json_integer((json_int_t)count);
}

/* Exact, as they were set. A burst of 0 is one that goes by the rate. */
static json_t *terms_json(const struct provider_terms *terms)
{
    const struct provider_def *def = terms->def;
    json_t *hours = respect_document_show_quiet_hours(&terms->quiet_hours);
    json_object_del(hours, "channels");
    return json_pack(
        "{s:f, s:o, s:o, s:o, s:o, s:o}", "rate", def->rate_per_s, "burst",
        def->burst > 0 ? json_real(def->burst) : json_null(), "concurrency",
        count_json(def->concurrency), "quota", count_json(def->day_quota), "quota_zone",
        def->day_quota == 0 ? json_null() : json_string(terms->quota_zone), "quiet_hours", hours);
}

static void put_since(json_t *json, const char *key, uint64_t since_ms)
{
    if (since_ms != 0) {
        json_object_set_new(json, key, exchange_time(since_ms));
    }
}

static json_t *override_json(const struct provider_limit *limit)
{
    if (!provider_limit_is_set(limit)) {
        return json_null();
    }
    json_t *json = provider_limit_show(limit);
    put_since(json, "since", limit->since_ms);
    put_since(json, "concurrency_since", limit->concurrency_since_ms);
    put_since(json, "quota_since", limit->quota_since_ms);
    put_since(json, "quiet_hours_since", limit->quiet_since_ms);
    return json;
}

static json_t *limit_json(const struct api *api, const struct provider_def *def)
{
    const struct provider_controls *controls = api->context.provider_controls;
    return json_pack("{s:o, s:o}", "settings", terms_json(&controls->terms[def->id]), "override",
                     override_json(&controls->limits[def->id]));
}

/* What share of its channel it gets, and why. */
static void put_health(json_t *json, const struct provider_view *view)
{
    json_t *health = json_object();
    for (unsigned c = HEALTH_THROTTLED; c < HEALTH_CLASSES; c++) {
        json_object_set_new(health, health_class_name((enum health_class)c),
                            exchange_share(view->health[c]));
    }
    json_object_set_new(health, "latency_ms",
                        view->latency_ms < 0 ? json_null() : exchange_rate(view->latency_ms));
    json_object_set_new(json, "weight", json_integer((json_int_t)view->def->weight));
    json_object_set_new(json, "part", exchange_rate(view->part));
    json_object_set_new(json, "share", exchange_rate(view->share));
    json_object_set_new(json, "health", health);
    json_object_set_new(json, "down_since", exchange_time(view->down_since_ms));
}

/* Those that go on, or the next ones. */
static json_t *quiet_json(const struct provider_view *view)
{
    return view->quiet.until_ms == 0
               ? json_null()
               : json_pack("{s:o, s:o}", "from", exchange_time(view->quiet.from_ms), "until",
                           exchange_time(view->quiet.until_ms));
}

static json_t *quota_json(const struct provider_view *view)
{
    return view->day_quota == 0
               ? json_null()
               : json_pack("{s:I, s:I, s:o}", "per_day", (json_int_t)view->day_quota, "used",
                           (json_int_t)view->day_used, "until", exchange_time(view->day_until_ms));
}

static json_t *groups_json(const struct api *api, uint32_t provider)
{
    const struct api_context *context = &api->context;
    json_t *groups = json_array();
    unsigned place = 0;
    while (place < context->provider_count && context->providers[place].id != provider) {
        place++;
    }
    for (unsigned i = 0; i < context->group_count; i++) {
        if (place < context->provider_count && (context->groups[i].members >> place & 1) != 0) {
            json_array_append_new(groups, json_string(context->groups[i].name));
        }
    }
    return groups;
}

json_t *providers_show(const struct api *api, const struct provider_view *view)
{
    json_t *outcomes = json_object();
    for (enum outcome outcome = 0; outcome < OUTCOMES; outcome++) {
        json_object_set_new(outcomes, outcome_name(outcome),
                            json_integer((json_int_t)view->outcomes[outcome]));
    }
    const struct wire_provider *adapter = exchange_provider(api, view->def->id);
    bool has_reason = view->breaker != BREAKER_CLOSED && view->breaker_reason != REASON_NONE;
    bool is_paused = view->paused_until_ms > api_now_ms(api);
    json_t *json = json_pack(
        "{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "name",
        view->def->name, "channel", channel_kind_name(view->def->channel), "adapter",
        adapter == NULL ? "" : adapter->adapter, "groups", groups_json(api, view->def->id),
        "rate_per_s", exchange_limit(view->rate_per_s), "limit", limit_json(api, view->def),
        "rate_now_per_s", exchange_limit(view->rate_now_per_s), "sent_per_s",
        exchange_rate(view->sent_per_s), "breaker", breaker_word(view->breaker), "breaker_reason",
        has_reason
            ? json_sprintf("%u: %s", view->breaker_reason, reason_sentence(view->breaker_reason))
            : json_null(),
        "paused_until", exchange_time(is_paused ? view->paused_until_ms : 0), "unopened",
        unopened_json(api, view->def->id), "outcomes", outcomes);
    const char *why = inbound_desk_why_closed(api, view->def->id);
    json_object_set_new(json, "callbacks_closed", why == NULL ? json_null() : exchange_text(why));
    put_health(json, view);
    json_object_set_new(json, "quiet_hours", quiet_json(view));
    json_object_set_new(json, "quota", quota_json(view));
    json_object_set_new(json, "concurrency", count_json(view->concurrency));
    json_object_set_new(json, "under_way", json_integer((json_int_t)view->under_way));
    json_object_set_new(
        json, "why",
        provider_why_json(view, &api->context.provider_controls->limits[view->def->id]));
    return json;
}

void providers_list(struct exchange *exchange)
{
    struct exchange_page page;
    struct provider_view view;
    if (!exchange_page(exchange, CURSOR_PROVIDERS, 0, &page)) {
        return;
    }
    struct engine *engine = exchange->api->context.engine;
    json_t *items = json_array();
    unsigned index =
        page.position < WIRE_PROVIDERS_MAX ? (unsigned)page.position : WIRE_PROVIDERS_MAX;
    bool more = engine_provider(engine, index, &view);
    while (more && json_array_size(items) < page.limit) {
        json_array_append_new(items, providers_show(exchange->api, &view));
        more = engine_provider(engine, ++index, &view);
    }
    exchange_json(exchange, 200, exchange_list(items, CURSOR_PROVIDERS, 0, more, index));
}

/* ---- one provider ---- */

/* False: the request was answered. */
static bool find_provider(struct exchange *exchange, struct provider_view *view)
{
    for (unsigned i = 0; engine_provider(exchange->api->context.engine, i, view); i++) {
        if (strcmp(view->def->name, exchange->parts[0]) == 0) {
            return true;
        }
    }
    exchange_not_found(exchange, "provider", exchange->parts[0]);
    return false;
}

void providers_get(struct exchange *exchange)
{
    struct provider_view view;
    if (find_provider(exchange, &view)) {
        exchange_json(exchange, 200, providers_show(exchange->api, &view));
    }
}

/* Each time of a part stands for whether it is set. */
static void log_limit(const struct provider_view *view, const struct provider_limit *limit)
{
    LOG_I("api", "provider_limit",
          "provider=%s rate=%g burst=%g from=%s concurrency=%u from=%s quota=%u from=%s "
          "quiet_hours_from=%s",
          view->def->name, view->rate_per_s, limit->since_ms != 0 ? limit->burst : view->def->burst,
          limit->since_ms != 0 ? "api" : "settings", (unsigned)view->concurrency,
          limit->concurrency_since_ms != 0 ? "api" : "settings", (unsigned)view->day_quota,
          limit->quota_since_ms != 0 ? "api" : "settings",
          limit->quiet_since_ms != 0 ? "api" : "settings");
}

static void put_member(struct buf *text, json_t *limit, const char *name)
{
    json_t *member = json_object_get(limit, name);
    char *written = json_dumps(member, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(10));
    bool is_text = json_is_string(member);
    buf_str(text, written == NULL || json_is_null(member) ? "settings"
                  : is_text                               ? json_string_value(member)
                                                          : written);
    mem_free(written);
}

/* For the audit log: each part that was changed; "settings" is where nothing is set in their place.
 */
static void note_limit(struct exchange *exchange, const struct provider_limit *before,
                       const struct provider_limit *after)
{
    static const char *const names[] = {"rate",  "burst",      "concurrency",
                                        "quota", "quota_zone", "quiet_hours"};
    json_t *was = provider_limit_show(before);
    json_t *is = provider_limit_show(after);
    struct buf text = {0};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const json_t *old = json_object_get(was, names[i]);
        const json_t *new = json_object_get(is, names[i]);
        if (old == new || json_equal(old, new)) {
            continue;
        }
        buf_printf(&text, "%s%s ", text.len == 0 ? "" : "; ", names[i]);
        put_member(&text, was, names[i]);
        buf_str(&text, " -> ");
        put_member(&text, is, names[i]);
    }
    exchange_note(exchange, "%s", buf_cstr(&text));
    buf_release(&text);
    json_decref(was);
    json_decref(is);
}

static void set_limit(struct exchange *exchange, const struct provider_view *before,
                      const struct provider_limit *limit)
{
    const struct provider_def *def = before->def;
    const struct api_context *context = &exchange->api->context;
    struct provider_controls *controls = context->provider_controls;
    const struct provider_limit was = controls->limits[def->id];
    struct provider_view view;
    struct problem problem;
    if (provider_limit_is_set(limit) || provider_limit_is_set(&controls->limits[def->id])) {
        enum err err = provider_controls_set(controls, def->id, limit, api_now_ms(exchange->api),
                                             turn_record(context->turn), &problem);
        if (err != ERR_OK) {
            exchange_refuse(exchange, 0, &problem);
            return;
        }
    }
    if (find_provider(exchange, &view)) {
        log_limit(&view, limit);
        note_limit(exchange, &was, limit);
        exchange_commit(exchange, 200, NULL, providers_show(exchange->api, &view), NULL, NULL);
    }
}

void providers_patch(struct exchange *exchange)
{
    struct document_problem problem;
    struct provider_view view;
    json_t *json = NULL;
    if (!find_provider(exchange, &view)) {
        return;
    }
    struct provider_limit limit = exchange->api->context.provider_controls->limits[view.def->id];
    enum err err = document_parse(http_body(exchange->http), &json, &problem);
    if (err == ERR_OK) {
        err = provider_limit_read(&limit, json, api_now_ms(exchange->api), &problem);
    }
    json_decref(json);
    if (err != ERR_OK) {
        exchange_refuse_document(exchange, &problem);
        return;
    }
    set_limit(exchange, &view, &limit);
}

void providers_reset(struct exchange *exchange)
{
    struct provider_view view;
    if (find_provider(exchange, &view)) {
        set_limit(exchange, &view, &(struct provider_limit){0});
    }
}
