/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of delivery tokens: which there are, and a new one for the campaigns to come. The keys
 * themselves are told to nobody but the workers.
 */
#include "common/log.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/resources.h"
#include "coordinator/content/delivery_keys.h"

static json_int_t count_campaigns(const struct api *api, uint32_t number)
{
    const struct campaign_registry *campaigns = api->context.campaigns;
    json_int_t count = 0;
    const struct campaign_document *document = campaign_registry_next(campaigns, 0);
    while (document != NULL) {
        count += campaign_document_delivery_key(document) == number;
        document = campaign_registry_next(campaigns, campaign_document_def(document)->id);
    }
    return count;
}

static json_t *key_json(const struct api *api, uint32_t number)
{
    const struct delivery_keys *keys = api->context.delivery_keys;
    return json_pack("{s:I, s:o, s:I, s:b}", "number", (json_int_t)number, "since",
                     exchange_time(delivery_keys_at(keys, number)->since_ms), "campaigns",
                     count_campaigns(api, number), "newest", number == keys->count);
}

void keys_list(struct exchange *exchange)
{
    const struct api *api = exchange->api;
    json_t *items = json_array();
    for (uint32_t number = 1; number <= api->context.delivery_keys->count; number++) {
        json_array_append_new(items, key_json(api, number));
    }
    exchange_view(exchange, json_pack("{s:o, s:n}", "items", items, "next"));
}

void keys_rotate(struct exchange *exchange)
{
    struct api *api = exchange->api;
    struct problem problem;
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
    exchange_commit(exchange, 200, NULL, key_json(api, number), NULL, NULL);
}
