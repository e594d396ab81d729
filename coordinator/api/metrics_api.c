/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prometheus text format 0.0.4: families with HELP and TYPE, base units, counters ending in _total.
 * Labels are names from settings and our own words only (providers, outcomes, states), never
 * recipients, audiences or campaigns: their number is bounded by the settings, not by the use.
 */
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "coordinator/api/exchange.h"
#include "coordinator/api/resources.h"

#define CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

static void family(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void single(struct buf *out, const char *name, const char *type, const char *help,
                   double value)
{
    family(out, name, type, help);
    buf_printf(out, "%s %.15g\n", name, value);
}

static uint64_t resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long long total = 0;
    unsigned long long resident = 0;
    if (file == NULL) {
        return 0;
    }
    int fields = fscanf(file, "%llu %llu", &total, &resident);
    (void)fclose(file);
    return fields == 2 ? resident * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void put_process(struct buf *out, const struct api *api)
{
    struct rusage usage = {0};
    (void)getrusage(RUSAGE_SELF, &usage);
    family(out, "tocsin_build_info", "gauge", "The version that runs; always 1.");
    buf_printf(out, "tocsin_build_info{version=\"%s\"} 1\n", api->context.version);
    single(out, "process_start_time_seconds", "gauge", "When the process began, in unix time.",
           (double)api->started_ms / 1000.0);
    single(out, "process_cpu_seconds_total", "counter", "User and system time of the process.",
           seconds(usage.ru_utime) + seconds(usage.ru_stime));
    single(out, "process_resident_memory_bytes", "gauge", "Memory of the process that is in RAM.",
           (double)resident_bytes());
    single(out, "tocsin_epoch", "gauge", "The number of this life of the coordinator.",
           (double)api->context.epoch);
}

static void put_engine(struct buf *out, const struct api *api)
{
    struct engine_stats stats;
    engine_stats(api->context.engine, &stats);
    single(out, "tocsin_leases_total", "counter", "Batches leased to workers since the start.",
           (double)stats.leases);
    single(out, "tocsin_leases_open", "gauge", "Batches that workers have not fully reported.",
           (double)stats.leases_open);
    single(out, "tocsin_leases_expired_total", "counter",
           "Batches given up because their worker was gone.", (double)stats.leases_expired);
    single(out, "tocsin_recipient_events_total", "counter",
           "Events of recipients that were journaled.", (double)stats.events);
    single(out, "tocsin_outcomes_known_total", "counter",
           "Outcomes that were reported again and passed over.", (double)stats.outcomes_known);
    single(out, "tocsin_outcomes_late_total", "counter",
           "Outcomes that settled an uncertain recipient after its lease was given up.",
           (double)stats.late_outcomes);
    single(out, "tocsin_page_timers", "gauge", "Pages in which somebody is due later.",
           (double)stats.timers);
}

static void put_campaigns(struct buf *out, const struct api *api)
{
    uint64_t campaigns[CAMPAIGN_STATES] = {0};
    uint64_t recipients[DELIVERY_STATES] = {0};
    struct campaign_view view;
    for (uint64_t id = engine_next_campaign(api->context.engine, 0);
         id != 0 && engine_campaign(api->context.engine, id, &view);
         id = engine_next_campaign(api->context.engine, id)) {
        campaigns[view.state]++;
        for (unsigned state = DELIVERY_WAITING;
             view.state != CAMPAIGN_DRAFT && state < DELIVERY_STATES; state++) {
            recipients[state] += view.counts[state];
        }
    }
    family(out, "tocsin_campaigns", "gauge", "Campaigns by state.");
    for (unsigned state = 0; state < CAMPAIGN_STATES; state++) {
        buf_printf(out, "tocsin_campaigns{state=\"%s\"} %" PRIu64 "\n",
                   campaign_state_name((enum campaign_state)state), campaigns[state]);
    }
    family(out, "tocsin_recipients", "gauge", "Recipients of launched campaigns by state.");
    for (unsigned state = DELIVERY_WAITING; state < DELIVERY_STATES; state++) {
        buf_printf(out, "tocsin_recipients{state=\"%s\"} %" PRIu64 "\n",
                   delivery_state_name((enum delivery_state)state), recipients[state]);
    }
}

static void put_workers(struct buf *out, const struct api *api)
{
    unsigned connected = 0;
    uint64_t in_hand = 0;
    struct worker_view view;
    for (unsigned i = 0; engine_worker(api->context.engine, i, &view); i++) {
        connected += view.connected;
        for (unsigned channel = 0; channel < CHANNEL_KINDS; channel++) {
            in_hand += view.in_hand[channel];
        }
    }
    single(out, "tocsin_workers", "gauge", "Workers that are connected.", connected);
    single(out, "tocsin_recipients_in_hand", "gauge",
           "Recipients leased to workers and not yet reported.", (double)in_hand);
}

typedef double (*provider_value_fn)(const struct provider_view *view);

static double limit_now(const struct provider_view *view)
{
    return view->rate_now_per_s;
}

static double sent_per_s(const struct provider_view *view)
{
    return view->sent_per_s;
}

static double breaker_open(const struct provider_view *view)
{
    return view->breaker == BREAKER_CLOSED ? 0 : 1;
}

static void put_by_provider(struct buf *out, const struct api *api, const char *name,
                            const char *help, provider_value_fn value)
{
    struct provider_view view;
    family(out, name, "gauge", help);
    for (unsigned i = 0; engine_provider(api->context.engine, i, &view); i++) {
        buf_printf(out, "%s{provider=\"%s\"} %.15g\n", name, view.def->name, value(&view));
    }
}

static void put_providers(struct buf *out, const struct api *api)
{
    struct provider_view view;
    if (!engine_provider(api->context.engine, 0, &view)) {
        return;
    }
    put_by_provider(out, api, "tocsin_provider_limit_per_second",
                    "The rate that a provider is allowed now; 0: no limit.", limit_now);
    put_by_provider(out, api, "tocsin_provider_sent_per_second",
                    "Recipients leased for a provider per second, of the last few seconds.",
                    sent_per_s);
    put_by_provider(out, api, "tocsin_provider_breaker_open",
                    "1 while a provider's circuit breaker is open or probing.", breaker_open);
    family(out, "tocsin_outcomes_total", "counter", "Outcomes of attempts by provider.");
    for (unsigned i = 0; engine_provider(api->context.engine, i, &view); i++) {
        for (unsigned outcome = 0; outcome < OUTCOMES; outcome++) {
            buf_printf(out, "tocsin_outcomes_total{provider=\"%s\",outcome=\"%s\"} %" PRIu64 "\n",
                       view.def->name, outcome_name((enum outcome)outcome), view.outcomes[outcome]);
        }
    }
}

static void put_ledger(struct buf *out, const struct api *api)
{
    struct changelog_health health = {0};
    struct ledger_size size = {0};
    api->context.changelog->ops->health(api->context.changelog, &health);
    ledger_size(api->context.ledger, &size);
    single(out, "tocsin_records_total", "counter", "Records made durable since the start.",
           (double)health.records);
    single(out, "tocsin_record_bytes_total", "counter", "Their blocks and entries.",
           (double)health.bytes);
    single(out, "tocsin_record_write_seconds_total", "counter",
           "Time spent writing and syncing records.", (double)health.sync_us_total / 1e6);
    single(out, "tocsin_records_in_flight", "gauge", "Records handed over and not durable yet.",
           health.in_flight);
    single(out, "tocsin_ledger_failing", "gauge",
           "1 while records cannot be made durable (disk full, I/O error).",
           health.problem.err == ERR_OK ? 0 : 1);
    family(out, "tocsin_ledger_bytes", "gauge", "Size on disk by what it holds.");
    buf_printf(out,
               "tocsin_ledger_bytes{part=\"pages\"} %" PRIu64 "\n"
               "tocsin_ledger_bytes{part=\"lookup\"} %" PRIu64 "\n"
               "tocsin_ledger_bytes{part=\"journal\"} %" PRIu64 "\n"
               "tocsin_ledger_bytes{part=\"snapshots\"} %" PRIu64 "\n",
               size.pages, size.lookup, size.journal, size.snapshots);
    single(out, "tocsin_ledger_room_bytes", "gauge", "What may still be written.",
           (double)size.room);
}

static void put_api(struct buf *out, const struct api *api)
{
    family(out, "tocsin_http_requests_total", "counter", "Requests answered, by class of status.");
    for (unsigned class = 1; class < 6; class ++) {
        buf_printf(out, "tocsin_http_requests_total{status=\"%uxx\"} %" PRIu64 "\n", class,
                   api->requests_by_class[class]);
    }
    single(out, "tocsin_http_replays_total", "counter",
           "Answers given again to a known Idempotency-Key.", (double)api->replays);
    single(out, "tocsin_uploads", "gauge", "Uploads under way.", api->upload_count);
    family(out, "tocsin_uploads_total", "counter", "Uploads that ended, by result.");
    buf_printf(out,
               "tocsin_uploads_total{result=\"sealed\"} %" PRIu64 "\n"
               "tocsin_uploads_total{result=\"failed\"} %" PRIu64 "\n",
               api->uploads_done, api->uploads_failed);
}

void metrics_get(struct exchange *exchange)
{
    struct buf out = {0};
    const struct api *api = exchange->api;
    put_process(&out, api);
    put_engine(&out, api);
    put_campaigns(&out, api);
    put_workers(&out, api);
    put_providers(&out, api);
    put_ledger(&out, api);
    put_api(&out, api);
    http_reply(exchange->http, 200, CONTENT_TYPE, buf_view(&out));
    buf_release(&out);
}
