/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/exchange.h"
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

static json_t *provider_json(const struct api *api, const struct provider_view *view)
{
    json_t *outcomes = json_object();
    for (enum outcome outcome = 0; outcome < OUTCOMES; outcome++) {
        json_object_set_new(outcomes, outcome_name(outcome),
                            json_integer((json_int_t)view->outcomes[outcome]));
    }
    const struct wire_provider *adapter = exchange_provider(api, view->def->id);
    bool has_reason = view->breaker != BREAKER_CLOSED && view->breaker_reason != REASON_NONE;
    bool is_paused = view->paused_until_ms > api_now_ms(api);
    return json_pack(
        "{s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "name", view->def->name,
        "channel", channel_kind_name(view->def->channel), "adapter",
        adapter == NULL ? "" : adapter->adapter, "rate_per_s", exchange_rate(view->def->rate_per_s),
        "rate_now_per_s", exchange_rate(view->rate_now_per_s), "sent_per_s",
        exchange_rate(view->sent_per_s), "breaker", breaker_word(view->breaker), "breaker_reason",
        has_reason
            ? json_sprintf("%u: %s", view->breaker_reason, reason_sentence(view->breaker_reason))
            : json_null(),
        "paused_until", exchange_time(is_paused ? view->paused_until_ms : 0), "unopened",
        unopened_json(api, view->def->id), "outcomes", outcomes);
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
        json_array_append_new(items, provider_json(exchange->api, &view));
        more = engine_provider(engine, ++index, &view);
    }
    exchange_json(exchange, 200, exchange_list(items, CURSOR_PROVIDERS, 0, more, index));
}
