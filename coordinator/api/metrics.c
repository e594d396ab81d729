/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "coordinator/api/provider_why.h"

static void family(struct buf *text, const char *name, const char *type, const char *help)
{
    buf_printf(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_label(struct buf *text, const char *label, const char *value)
{
    buf_printf(text, "%s=\"", label);
    for (; *value != '\0'; value++) {
        if (*value == '"' || *value == '\\') {
            buf_u8(text, '\\');
        }
        buf_u8(text, *value == '\n' ? ' ' : (uint8_t)*value);
    }
    buf_u8(text, '"');
}

static void sample(struct buf *text, const char *name, const char *label, const char *value,
                   uint64_t number)
{
    buf_printf(text, "%s{", name);
    put_label(text, label, value);
    buf_printf(text, "} %" PRIu64 "\n", number);
}

static void counter(struct buf *text, const char *name, const char *help, uint64_t number)
{
    family(text, name, "counter", help);
    buf_printf(text, "%s %" PRIu64 "\n", name, number);
}

static void gauge(struct buf *text, const char *name, const char *help, uint64_t number)
{
    family(text, name, "gauge", help);
    buf_printf(text, "%s %" PRIu64 "\n", name, number);
}

static void seconds(struct buf *text, const char *name, const char *type, const char *help,
                    double number)
{
    family(text, name, type, help);
    buf_printf(text, "%s %.6f\n", name, number);
}

static void write_process(const struct metrics *metrics, struct buf *text)
{
    seconds(text, "process_cpu_seconds_total", "counter", "CPU time used, user and system.",
            metrics->cpu_s);
    gauge(text, "process_resident_memory_bytes", "Memory that is resident.",
          metrics->resident_bytes);
    seconds(text, "process_start_time_seconds", "gauge", "When this life began, since 1970.",
            (double)metrics->started_ms / 1000);
    family(text, "tocsin_build_info", "gauge", "Always 1; the version is a label.");
    sample(text, "tocsin_build_info", "version", metrics->version, 1);
    gauge(text, "tocsin_epoch", "Number of this life of the coordinator.", metrics->epoch);
}

static void write_ledger(const struct metrics *metrics, struct buf *text)
{
    const struct changelog_health *log = &metrics->changelog;
    gauge(text, "tocsin_ledger_journal_bytes", "Journal and record headers on disk.",
          metrics->ledger.journal);
    gauge(text, "tocsin_ledger_page_bytes", "Sealed pages on disk.", metrics->ledger.pages);
    gauge(text, "tocsin_ledger_lookup_bytes", "Lookup indexes on disk.", metrics->ledger.lookup);
    gauge(text, "tocsin_ledger_snapshot_bytes", "Snapshots of pages' states on disk.",
          metrics->ledger.snapshots);
    gauge(text, "tocsin_ledger_room_bytes",
          "What may still be written before the reserve is reached.", metrics->ledger.room);
    counter(text, "tocsin_ledger_commits_total", "Records made durable.", log->records);
    counter(text, "tocsin_ledger_commit_bytes_total", "Bytes of the records made durable.",
            log->bytes);
    seconds(text, "tocsin_ledger_commit_seconds_total", "counter",
            "Time spent in synced writes of records.", (double)log->sync_us_total / 1e6);
    gauge(text, "tocsin_ledger_commits_in_flight", "Records handed over and not durable yet.",
          log->in_flight);
    gauge(text, "tocsin_ledger_failing", "1 while the disk does not take what is decided.",
          log->problem.err == ERR_OK ? 0 : 1);
}

static void write_engine(const struct metrics *metrics, struct buf *text)
{
    const struct engine_stats *engine = &metrics->engine;
    counter(text, "tocsin_events_total", "Events of recipients.", engine->events);
    counter(text, "tocsin_leases_total", "Leases given.", engine->leases);
    counter(text, "tocsin_leases_expired_total", "Leases of workers that were given up.",
            engine->leases_expired);
    gauge(text, "tocsin_leases_open", "Leases not reported yet.", engine->leases_open);
    counter(text, "tocsin_outcomes_repeated_total", "Outcomes passed over: known already.",
            engine->outcomes_known);
    counter(text, "tocsin_outcomes_late_total",
            "Outcomes that settled a recipient after its lease was given up.",
            engine->late_outcomes);
    gauge(text, "tocsin_timers", "Pages with something due later.", engine->timers);
    family(text, "tocsin_campaigns", "gauge", "Campaigns by state.");
    for (enum campaign_state state = 0; state < CAMPAIGN_STATES; state++) {
        sample(text, "tocsin_campaigns", "state", campaign_state_name(state),
               metrics->campaigns[state]);
    }
    family(text, "tocsin_recipients", "gauge", "Recipients of all campaigns by state.");
    for (enum delivery_state state = DELIVERY_WAITING; state < DELIVERY_STATES; state++) {
        sample(text, "tocsin_recipients", "state", delivery_state_name(state),
               metrics->recipients[state]);
    }
}

static void write_providers(const struct metrics *metrics, struct buf *text)
{
    static const char outcomes[] = "tocsin_outcomes_total";
    static const char allowed[] = "tocsin_provider_allowed_per_second";
    static const char open[] = "tocsin_provider_breaker_open";
    static const char closed[] = "tocsin_provider_callbacks_closed";
    static const char unopened[] = "tocsin_provider_unopened_workers";
    family(text, outcomes, "counter", "Outcomes of attempts by provider.");
    for (unsigned i = 0; i < metrics->provider_count; i++) {
        for (enum outcome outcome = 0; outcome < OUTCOMES; outcome++) {
            buf_printf(text, "%s{", outcomes);
            put_label(text, "provider", metrics->providers[i].def->name);
            buf_u8(text, ',');
            put_label(text, "outcome", outcome_name(outcome));
            buf_printf(text, "} %" PRIu64 "\n", metrics->providers[i].outcomes[outcome]);
        }
    }
    family(text, allowed, "gauge", "Recipients per second that a provider gets at most; 0: any.");
    for (unsigned i = 0; i < metrics->provider_count; i++) {
        buf_printf(text, "%s{", allowed);
        put_label(text, "provider", metrics->providers[i].def->name);
        buf_printf(text, "} %.3f\n", metrics->providers[i].rate_now_per_s);
    }
    family(text, open, "gauge", "1 while a provider gets nothing, or only probes.");
    for (unsigned i = 0; i < metrics->provider_count; i++) {
        sample(text, open, "provider", metrics->providers[i].def->name,
               metrics->providers[i].breaker == BREAKER_CLOSED ? 0 : 1);
    }
    family(text, closed, "gauge", "1 while a provider's callbacks cannot be checked.");
    for (unsigned i = 0; i < metrics->provider_count; i++) {
        const struct provider_def *def = metrics->providers[i].def;
        sample(text, closed, "provider", def->name, metrics->is_closed[def->id]);
    }
    family(text, unopened, "gauge", "Connected workers that could not open a provider.");
    for (unsigned i = 0; i < metrics->provider_count; i++) {
        sample(text, unopened, "provider", metrics->providers[i].def->name,
               metrics->providers[i].unopened);
    }
}

static void write_provider_value(struct buf *text, const char *name, const char *provider,
                                 double value)
{
    buf_printf(text, "%s{", name);
    put_label(text, "provider", provider);
    buf_printf(text, "} %.4f\n", value);
}

/* Reasons and providers are few: so many samples, whatever is sent. */
static void write_why(const struct metrics *metrics, struct buf *text)
{
    static const char held[] = "tocsin_provider_held_back";
    static const char under_way[] = "tocsin_provider_under_way";
    family(text, held, "gauge", "1 while the reason holds a provider back.");
    for (unsigned i = 0; i < metrics->provider_count; i++) {
        for (enum provider_why why = 0; why < PROVIDER_WHYS; why++) {
            buf_printf(text, "%s{", held);
            put_label(text, "provider", metrics->providers[i].def->name);
            buf_u8(text, ',');
            put_label(text, "reason", provider_why_name(why));
            buf_printf(text, "} %d\n", provider_why_holds(why, &metrics->providers[i]) ? 1 : 0);
        }
    }
    family(text, under_way, "gauge", "Recipients of a provider that are or may be under way.");
    for (unsigned i = 0; i < metrics->provider_count; i++) {
        sample(text, under_way, "provider", metrics->providers[i].def->name,
               metrics->providers[i].under_way);
    }
}

static void write_health(const struct metrics *metrics, struct buf *text)
{
    static const char share[] = "tocsin_provider_share";
    static const char part[] = "tocsin_provider_part";
    static const char errors[] = "tocsin_provider_error_share";
    family(text, share, "gauge", "Part of its channel that a provider gets now, 0 to 1.");
    for (unsigned i = 0; i < metrics->provider_count; i++) {
        write_provider_value(text, share, metrics->providers[i].def->name,
                             metrics->providers[i].share / 100);
    }
    family(text, part, "gauge", "Part of its channel that a provider has by its weight, 0 to 1.");
    for (unsigned i = 0; i < metrics->provider_count; i++) {
        write_provider_value(text, part, metrics->providers[i].def->name,
                             metrics->providers[i].part / 100);
    }
    family(text, errors, "gauge", "Part of a provider's attempts of late that met this error.");
    for (unsigned i = 0; i < metrics->provider_count; i++) {
        for (unsigned c = HEALTH_THROTTLED; c < HEALTH_CLASSES; c++) {
            buf_printf(text, "%s{", errors);
            put_label(text, "provider", metrics->providers[i].def->name);
            buf_u8(text, ',');
            put_label(text, "class", health_class_name((enum health_class)c));
            buf_printf(text, "} %.4f\n", metrics->providers[i].health[c]);
        }
    }
}

static void write_receipt(struct buf *text, const char *provider, const char *result,
                          uint64_t number)
{
    buf_str(text, "tocsin_receipts_total{");
    put_label(text, "provider", provider);
    buf_u8(text, ',');
    put_label(text, "result", result);
    buf_printf(text, "} %" PRIu64 "\n", number);
}

static void write_tally(struct buf *text, const char *provider, const struct receipt_tally *tally)
{
    for (unsigned kind = 0; kind < RECEIPT_KINDS; kind++) {
        write_receipt(text, provider, receipt_kind_name((enum receipt_kind)kind),
                      tally->taken[kind]);
    }
    write_receipt(text, provider, "forged", tally->forged);
    write_receipt(text, provider, "refused", tally->refused);
    write_receipt(text, provider, "ignored", tally->ignored);
}

static void write_receipts(const struct metrics *metrics, struct buf *text)
{
    family(text, "tocsin_receipts_total", "counter",
           "Receipts by provider, and by what they said or why they were not taken.");
    for (unsigned i = 0; i < metrics->provider_count; i++) {
        const struct provider_def *def = metrics->providers[i].def;
        write_tally(text, def->name, &metrics->receipts[def->id]);
    }
    write_tally(text, "", &metrics->receipts[WIRE_PROVIDERS_MAX]);
}

static void write_replies(const struct metrics *metrics, struct buf *text)
{
    family(text, "tocsin_replies_total", "counter",
           "Replies of recipients by what became of them.");
    for (unsigned result = 0; result < REPLY_RESULTS; result++) {
        buf_str(text, "tocsin_replies_total{");
        put_label(text, "result", reply_result_name((enum reply_result)result));
        buf_printf(text, "} %" PRIu64 "\n", metrics->replies[result]);
    }
    family(text, "tocsin_reply_classes_total", "counter",
           "Replies that were kept, by their class.");
    for (unsigned class = 0; class < REPLY_CLASSES; class ++) {
        sample(text, "tocsin_reply_classes_total", "class",
               reply_class_name((enum reply_class) class), metrics->replies_of_class[class]);
    }
    family(text, "tocsin_replies_repeated_total", "counter",
           "Replies that came again under the same message id, and were passed over.");
    buf_printf(text, "tocsin_replies_repeated_total %" PRIu64 "\n", metrics->replies_repeated);
    gauge(text, "tocsin_replies_kept", "Replies that can be read.", metrics->replies_kept);
    family(text, "tocsin_reply_forwards_total", "counter",
           "Tries to pass a reply on (delivered, failed), and replies that were given up.");
    sample(text, "tocsin_reply_forwards_total", "result", "delivered", metrics->forwards.delivered);
    sample(text, "tocsin_reply_forwards_total", "result", "failed", metrics->forwards.failed);
    sample(text, "tocsin_reply_forwards_total", "result", "given_up", metrics->forwards.given_up);
    gauge(text, "tocsin_reply_forwards_waiting", "Replies that are still to be passed on.",
          metrics->forwards.waiting);
}

static void write_links(const struct metrics *metrics, struct buf *text)
{
    static const char *const classes[] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
    family(text, "tocsin_workers", "gauge", "Workers by whether they are heard of.");
    sample(text, "tocsin_workers", "state", "connected", metrics->workers_connected);
    sample(text, "tocsin_workers", "state", "gone", metrics->workers_gone);
    gauge(text, "tocsin_audiences", "Sealed audiences.", metrics->audiences);
    gauge(text, "tocsin_uploads", "Uploads under way.", metrics->uploads);
    family(text, "tocsin_uploads_total", "counter", "Uploads that ended.");
    sample(text, "tocsin_uploads_total", "result", "sealed", metrics->uploads_done);
    sample(text, "tocsin_uploads_total", "result", "failed", metrics->uploads_failed);
    gauge(text, "tocsin_http_connections", "Open connections to the API.",
          metrics->http_connections);
    gauge(text, "tocsin_http_public_connections", "Open connections to the public listener.",
          metrics->public_connections);
    counter(text, "tocsin_http_evictions_total",
            "Idle or slow connections that were closed to make room for others.",
            metrics->http_evictions);
    gauge(text, "tocsin_http_requests_open", "Requests under way.", metrics->http_requests_open);
    family(text, "tocsin_http_requests_total", "counter",
           "Requests by the class of their answer; none: the client went away.");
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        sample(text, "tocsin_http_requests_total", "class", classes[i], metrics->http_requests[i]);
    }
    gauge(text, "tocsin_idempotency_keys", "Idempotency keys known.", metrics->idempotency_keys);
    counter(text, "tocsin_idempotency_replays_total", "Kept answers given again.",
            metrics->replays);
    counter(text, "tocsin_forged_tokens_total",
            "Delivery tokens that were refused: forged, or cut off.", metrics->forged_tokens);
}

static void write_suppressions(const struct metrics *metrics, struct buf *text)
{
    const struct hard_failures_tally *failures = &metrics->hard_failures;
    gauge(text, "tocsin_suppressions", "Entries of the suppression list.", metrics->suppressions);
    family(text, "tocsin_refused_endpoints_total", "counter",
           "Endpoints that a provider refused for good: remembered on the suppression list, or "
           "forgotten, as the page could not be read or too many waited.");
    sample(text, "tocsin_refused_endpoints_total", "result", "remembered", failures->remembered);
    sample(text, "tocsin_refused_endpoints_total", "result", "forgotten", failures->forgotten);
    gauge(text, "tocsin_refused_endpoints_waiting", "Of these, still to be put on the list.",
          failures->waiting);
}

void metrics_process(struct metrics *metrics)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        metrics->cpu_s = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    }
    FILE *statm = fopen("/proc/self/statm", "re");
    if (statm != NULL) {
        char line[128] = "";
        char *at = fgets(line, sizeof(line), statm);
        if (at != NULL) { /* "size resident ...", in pages */
            (void)strtoull(at, &at, 10);
            metrics->resident_bytes = strtoull(at, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
        }
        (void)fclose(statm);
    }
}

void metrics_write(const struct metrics *metrics, struct buf *text)
{
    write_process(metrics, text);
    write_ledger(metrics, text);
    write_engine(metrics, text);
    write_providers(metrics, text);
    write_why(metrics, text);
    write_health(metrics, text);
    write_receipts(metrics, text);
    write_replies(metrics, text);
    write_links(metrics, text);
    write_suppressions(metrics, text);
}
