/* SPDX-License-Identifier: Apache-2.0 */
#include "common/exposition.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/feed_alarms.h"
#include "coordinator/api/feed_sender.h"
#include "coordinator/api/feed_streams.h"
#include "coordinator/api/inbound_desk.h"
#include "coordinator/api/metrics.h"
#include "coordinator/api/metrics_delays.h"
#include "coordinator/api/resources.h"
#include "coordinator/content/audit_log.h"

/* The first that ends. */
static uint64_t certificate_end_ms(const struct api *api)
{
    uint64_t first = http_server_certificate_expires_ms(api->listener.server);
    uint64_t second =
        api->public.server == NULL ? 0 : http_server_certificate_expires_ms(api->public.server);
    return first == 0 || (second != 0 && second < first) ? second : first;
}

static void gather_engine(struct engine *engine, struct metrics *metrics, uint64_t now_ms)
{
    struct campaign_view campaign;
    struct worker_view worker;
    engine_stats(engine, &metrics->engine);
    for (uint64_t id = engine_next_campaign(engine, 0); id != 0;
         id = engine_next_campaign(engine, id)) {
        if (!engine_campaign(engine, id, &campaign)) {
            continue;
        }
        metrics->campaigns[campaign.state]++;
        metrics_class_add(&metrics->classes[campaign.def->priority], &campaign, now_ms);
        for (enum delivery_state state = 0; state < DELIVERY_STATES; state++) {
            metrics->recipients[state] += campaign.counts[state];
        }
    }
    for (unsigned priority = 0; priority < PRIORITIES; priority++) {
        metrics->classes[priority].longest_due_ms =
            engine_longest_due_ms(engine, (enum campaign_priority)priority);
    }
    metrics->delays = engine_delays(engine);
    while (metrics->provider_count < WIRE_PROVIDERS_MAX &&
           engine_provider(engine, metrics->provider_count,
                           &metrics->providers[metrics->provider_count])) {
        metrics->provider_count++;
    }
    for (unsigned i = 0; engine_worker(engine, i, &worker); i++) {
        metrics->workers_connected += worker.connected;
        metrics->workers_gone += !worker.connected;
    }
}

static void gather_api(const struct api *api, struct metrics *metrics)
{
    const struct audience_info *info = NULL;
    while ((info = audience_registry_next(api->context.audiences, info == NULL ? 0 : info->id)) !=
           NULL) {
        metrics->audiences++;
    }
    metrics->uploads = api->upload_count;
    metrics->uploads_done = api->uploads_done;
    metrics->uploads_failed = api->uploads_failed;
    metrics->http_connections = http_server_connections(api->listener.server);
    metrics->http_requests_open = api_requests(api);
    metrics->http_evictions = http_server_evictions(api->listener.server);
    if (api->public.server != NULL) {
        metrics->public_connections = http_server_connections(api->public.server);
        metrics->http_evictions += http_server_evictions(api->public.server);
    }
    memcpy(metrics->http_requests, api->requests_by_class, sizeof(metrics->http_requests));
    metrics->idempotency_keys = idempotency_count(api->idempotency);
    metrics->replays = api->replays;
    metrics->forged_tokens = api->forged_tokens;
    metrics->unauthorized_changes = api->audit_gates[0].count;
    metrics->forbidden_changes = api->audit_gates[1].count;
    metrics->audit_entries = audit_log_count(api->audit);
    metrics->certificate_end_ms = certificate_end_ms(api);
    signin_tally(api->signin, &metrics->signins);
    metrics->tokens = token_registry_tally(api->context.tokens, api_now_ms(api));
    metrics->suppressions = suppression_list_count(api->context.suppressions);
    if (api->context.hard_failures != NULL) {
        metrics->hard_failures = hard_failures_tally(api->context.hard_failures);
    }
    memcpy(metrics->replies, api->replies, sizeof(metrics->replies));
    memcpy(metrics->replies_of_class, api->replies_of_class, sizeof(metrics->replies_of_class));
    metrics->replies_repeated = api->replies_repeated;
    metrics->forwards = reply_forward_tally(api->forward);
    metrics->streams = feed_streams_tally(api->streams);
    metrics->events_told = feed_published(api->feed);
    metrics->webhooks = feed_sender_tally(api->sender);
    metrics->alarms = feed_alarms_count(api->alarms);
    metrics->replies_kept = reply_store_kept(api->context.reply_store);
    memcpy(metrics->receipts, api->receipts, sizeof(metrics->receipts));
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        metrics->is_closed[i] = inbound_desk_why_closed(api, i) != NULL;
    }
}

void metrics_get(struct exchange *exchange)
{
    const struct api *api = exchange->api;
    struct metrics *metrics = arena_zalloc(exchange->arena, 1, sizeof(*metrics));
    struct buf text = {0};
    struct problem stalled = {0};
    metrics->version = api->context.version;
    metrics->epoch = api->context.epoch;
    metrics->started_ms = api->started_ms;
    gather_engine(api->context.engine, metrics, api_now_ms(api));
    api->context.changelog->ops->health(api->context.changelog, &metrics->changelog);
    ledger_size(api->context.ledger, &metrics->ledger);
    if (api->context.link != NULL) {
        link_stats(api->context.link, &metrics->link);
    }
    gather_api(api, metrics);
    metrics->is_stalled = exchange_is_stalled(api, &stalled);
    metrics_write(metrics, &text);
    if (metrics->is_stalled) { /* whoever is to raise the alarm must hear it */
        http_reply(exchange->http, 200, EXPOSITION_TYPE, buf_view(&text));
    } else {
        exchange_view_text(exchange, EXPOSITION_TYPE, buf_cstr(&text));
    }
    buf_release(&text);
}
