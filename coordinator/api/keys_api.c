/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of delivery tokens: which there are, and a new one for the campaigns to come. The keys
 * themselves are told to nobody but the workers.
 */
#include "common/log.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/resources.h"
#include "coordinator/content/delivery_keys.h"

struct campaign_counts {
    json_int_t by_number[DELIVERY_KEYS_MAX + 1]; /* 0 is no key's */
};

static void count_campaigns(const struct api *api, struct campaign_counts *counts)
{
    const struct campaign_registry *campaigns = api->context.campaigns;
    const struct campaign_document *document = campaign_registry_next(campaigns, 0);
    while (document != NULL) {
        uint32_t number = campaign_document_delivery_key(document);
        counts->by_number[number <= DELIVERY_KEYS_MAX ? number : 0]++;
        document = campaign_registry_next(campaigns, campaign_document_def(document)->id);
    }
}

static json_t *key_json(const struct api *api, uint32_t number, json_int_t campaigns)
{
    const struct delivery_keys *keys = api->context.delivery_keys;
    return json_pack("{s:I, s:o, s:I, s:b}", "number", (json_int_t)number, "since",
                     exchange_time(delivery_keys_at(keys, number)->since_ms), "campaigns",
                     campaigns, "newest", number == keys->count);
}

void keys_list(struct exchange *exchange)
{
    const struct api *api = exchange->api;
    uint32_t count = api->context.delivery_keys->count;
    struct exchange_page page;
    if (!exchange_page(exchange, CURSOR_KEYS, 0, &page)) {
        return;
    }
    struct campaign_counts *counts = arena_zalloc(exchange->arena, 1, sizeof(*counts));
    count_campaigns(api, counts);
    json_t *items = json_array();
    uint32_t listed = page.position < count ? (uint32_t)page.position : count;
    while (listed < count && json_array_size(items) < page.limit) {
        listed++;
        json_array_append_new(items, key_json(api, listed, counts->by_number[listed]));
    }
    exchange_view(exchange, exchange_list(items, CURSOR_KEYS, 0, listed < count, listed));
}

void keys_rotate(struct exchange *exchange)
{
    struct api *api = exchange->api;
    struct problem problem;
    if (!exchange_empty_body(exchange)) {
        return;
    }
    if (delivery_keys_rotate(api->context.delivery_keys, api_now_ms(api),
                             turn_record(api->context.turn)) != ERR_OK) {
        (void)problem_set(&problem, ERR_CONFLICT,
                          "there are %d delivery keys already, and none can be forgotten",
                          DELIVERY_KEYS_MAX);
        exchange_refuse(exchange, 0, &problem);
        return;
    }
    uint32_t number = api->context.delivery_keys->count;
    LOG_I("api", "delivery_key_rotated", "number=%u", (unsigned)number);
    exchange_commit(exchange, 200, NULL, key_json(api, number, 0), NULL, NULL);
}
