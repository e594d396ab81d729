/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/exchange.h"
#include "coordinator/api/resources.h"

/* Only the channels that there is something to say of. */
static json_t *by_channel(const uint32_t numbers[CHANNEL_KINDS])
{
    json_t *json = json_object();
    for (enum channel_kind channel = 0; channel < CHANNEL_KINDS; channel++) {
        if (numbers[channel] != 0) {
            json_object_set_new(json, channel_kind_name(channel), json_integer(numbers[channel]));
        }
    }
    return json;
}

json_t *workers_show(const struct worker_view *view)
{
    return json_pack("{s:s, s:b, s:o, s:o, s:o, s:I, s:I, s:o}", "name", view->name, "connected",
                     (int)view->connected, "last_heard_at", exchange_time(view->last_heard_ms),
                     "credit", by_channel(view->credit), "in_hand", by_channel(view->in_hand),
                     "leases", (json_int_t)view->leases, "outcomes", (json_int_t)view->outcomes,
                     "rate_per_s", exchange_rate(view->rate_per_s));
}

void workers_list(struct exchange *exchange)
{
    struct exchange_page page;
    struct worker_view view;
    if (!exchange_page(exchange, CURSOR_WORKERS, 0, &page)) {
        return;
    }
    struct engine *engine = exchange->api->context.engine;
    json_t *items = json_array();
    unsigned index = page.position < UINT32_MAX ? (unsigned)page.position : UINT32_MAX - 1;
    bool more = engine_worker(engine, index, &view);
    while (more && json_array_size(items) < page.limit) {
        json_array_append_new(items, workers_show(&view));
        more = engine_worker(engine, ++index, &view);
    }
    exchange_json(exchange, 200, exchange_list(items, CURSOR_WORKERS, 0, more, index));
}
