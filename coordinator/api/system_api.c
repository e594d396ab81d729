/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/exchange.h"
#include "coordinator/api/resources.h"

void system_healthz(struct exchange *exchange)
{
    exchange_json(exchange, 200, json_pack("{s:s}", "status", "alive"));
}

void system_readyz(struct exchange *exchange)
{
    struct problem problem = {0};
    if (exchange_is_stalled(exchange->api, &problem)) {
        exchange_refuse(exchange, 503, &problem);
    } else {
        exchange_json(exchange, 200, json_pack("{s:s}", "status", "ready"));
    }
}

void system_status(struct exchange *exchange)
{
    const struct api *api = exchange->api;
    struct engine_stats stats;
    struct changelog_health health;
    struct ledger_size size;
    uint64_t now_ms = api_now_ms(api);
    engine_stats(api->context.engine, &stats);
    api->context.changelog->ops->health(api->context.changelog, &health);
    ledger_size(api->context.ledger, &size);
    json_t *commit =
        json_pack("{s:i, s:o}", "in_flight", (int)health.in_flight, "problem",
                  health.problem.err == ERR_OK ? json_null() : exchange_text(health.problem.text));
    exchange_json(
        exchange, 200,
        json_pack("{s:s, s:I, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "version",
                  api->context.version, "epoch", (json_int_t)api->context.epoch, "started_at",
                  exchange_time(api->started_ms), "uptime_s",
                  (json_int_t)(now_ms > api->started_ms ? (now_ms - api->started_ms) / 1000 : 0),
                  "records", (json_int_t)turn_durable(api->context.turn), "events",
                  (json_int_t)stats.events, "leases_open", (json_int_t)stats.leases_open,
                  "journal_bytes", (json_int_t)size.journal, "page_bytes", (json_int_t)size.pages,
                  "snapshot_bytes", (json_int_t)size.snapshots, "room_bytes", (json_int_t)size.room,
                  "commit", commit));
}
