/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/metrics.h"

#include <inttypes.h>

#include "common/exposition.h"
#include "coordinator/api/metrics_delays.h"
#include "coordinator/api/provider_why.h"

static void write_process(const struct metrics *metrics, struct buf *text)
{
    exposition_process(text, metrics->started_ms);
    exposition_family(text, "tocsin_build_info", "gauge", "Always 1; the version is a label.");
    exposition_sample(text, "tocsin_build_info", "version", metrics->version, 1);
    exposition_gauge(text, "tocsin_epoch", "Number of this life of the coordinator.",
                     metrics->epoch);
}

static void write_ledger(const struct metrics *metrics, struct buf *text)
{
    const struct changelog_health *log = &metrics->changelog;
    exposition_gauge(text, "tocsin_ledger_journal_bytes", "Journal and record headers on disk.",
                     metrics->ledger.journal);
    exposition_gauge(text, "tocsin_ledger_page_bytes", "Sealed pages on disk.",
                     metrics->ledger.pages);
    exposition_gauge(text, "tocsin_ledger_lookup_bytes", "Lookup indexes on disk.",
                     metrics->ledger.lookup);
    exposition_gauge(text, "tocsin_ledger_snapshot_bytes", "Snapshots of pages' states on disk.",
                     metrics->ledger.snapshots);
    exposition_gauge(text, "tocsin_ledger_room_bytes",
                     "What may still be written before the reserve is reached.",
                     metrics->ledger.room);
    exposition_counter(text, "tocsin_ledger_commits_total", "Records made durable.", log->records);
    exposition_counter(text, "tocsin_ledger_commit_bytes_total",
                       "Bytes of the records made durable.", log->bytes);
    exposition_seconds(text, "tocsin_ledger_commit_seconds_total", "counter",
                       "Time spent in synced writes of records.", (double)log->sync_us_total / 1e6);
    exposition_gauge(text, "tocsin_ledger_commits_in_flight",
                     "Records handed over and not durable yet.", log->in_flight);
    exposition_gauge(text, "tocsin_ledger_failing",
                     "1 while the disk does not take what is decided.",
                     log->problem.err == ERR_OK ? 0 : 1);
    exposition_gauge(text, "tocsin_ledger_stalled",
                     "1 while records wait for more than a second to be durable.",
                     metrics->is_stalled);
}

static void write_engine(const struct metrics *metrics, struct buf *text)
{
    const struct engine_stats *engine = &metrics->engine;
    exposition_counter(text, "tocsin_events_total", "Events of recipients.", engine->events);
    exposition_counter(text, "tocsin_leases_total", "Leases given.", engine->leases);
    exposition_counter(text, "tocsin_leases_expired_total", "Leases of workers that were given up.",
                       engine->leases_expired);
    exposition_gauge(text, "tocsin_leases_open", "Leases not reported yet.", engine->leases_open);
    exposition_counter(text, "tocsin_outcomes_repeated_total",
                       "Outcomes passed over: known already.", engine->outcomes_known);
    exposition_counter(text, "tocsin_outcomes_late_total",
                       "Outcomes that settled a recipient after its lease was given up.",
                       engine->late_outcomes);
    exposition_gauge(text, "tocsin_timers", "Pages with something due later.", engine->timers);
    exposition_family(text, "tocsin_campaigns", "gauge", "Campaigns by state.");
    for (enum campaign_state state = 0; state < CAMPAIGN_STATES; state++) {
        exposition_sample(text, "tocsin_campaigns", "state", campaign_state_name(state),
                          metrics->campaigns[state]);
    }
    exposition_family(text, "tocsin_recipients", "gauge", "Recipients of all campaigns by state.");
    for (enum delivery_state state = DELIVERY_WAITING; state < DELIVERY_STATES; state++) {
        exposition_sample(text, "tocsin_recipients", "state", delivery_state_name(state),
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
    exposition_family(text, outcomes, "counter", "Outcomes of attempts by provider.");
    for (unsigned i = 0; i < metrics->provider_count; i++) {
        for (enum outcome outcome = 0; outcome < OUTCOMES; outcome++) {
            buf_printf(text, "%s{", outcomes);
            exposition_label(text, "provider", metrics->providers[i].def->name);
            buf_u8(text, ',');
            exposition_label(text, "outcome", outcome_name(outcome));
            buf_printf(text, "} %" PRIu64 "\n", metrics->providers[i].outcomes[outcome]);
        }
    }
    exposition_family(text, allowed, "gauge",
                      "Recipients per second that a provider gets at most; 0: any.");
    for (unsigned i = 0; i < metrics->provider_count; i++) {
        buf_printf(text, "%s{", allowed);
        exposition_label(text, "provider", metrics->providers[i].def->name);
        buf_printf(text, "} %.3f\n", metrics->providers[i].rate_now_per_s);
    }
    exposition_family(text, open, "gauge", "1 while a provider gets nothing, or only probes.");
    for (unsigned i = 0; i < metrics->provider_count; i++) {
        exposition_sample(text, open, "provider", metrics->providers[i].def->name,
                          metrics->providers[i].breaker == BREAKER_CLOSED ? 0 : 1);
    }
    exposition_family(text, closed, "gauge", "1 while a provider's callbacks cannot be checked.");
    for (unsigned i = 0; i < metrics->provider_count; i++) {
        const struct provider_def *def = metrics->providers[i].def;
        exposition_sample(text, closed, "provider", def->name, metrics->is_closed[def->id]);
    }
    exposition_family(text, unopened, "gauge", "Connected workers that could not open a provider.");
    for (unsigned i = 0; i < metrics->provider_count; i++) {
        exposition_sample(text, unopened, "provider", metrics->providers[i].def->name,
                          metrics->providers[i].unopened);
    }
}

static void write_provider_value(struct buf *text, const char *name, const char *provider,
                                 double value)
{
    buf_printf(text, "%s{", name);
    exposition_label(text, "provider", provider);
    buf_printf(text, "} %.4f\n", value);
}

/* Reasons and providers are few: so many samples, whatever is sent. */
static void write_why(const struct metrics *metrics, struct buf *text)
{
    static const char held[] = "tocsin_provider_held_back";
    static const char under_way[] = "tocsin_provider_under_way";
    exposition_family(text, held, "gauge", "1 while the reason holds a provider back.");
    for (unsigned i = 0; i < metrics->provider_count; i++) {
        for (enum provider_why why = 0; why < PROVIDER_WHYS; why++) {
            buf_printf(text, "%s{", held);
            exposition_label(text, "provider", metrics->providers[i].def->name);
            buf_u8(text, ',');
            exposition_label(text, "reason", provider_why_name(why));
            buf_printf(text, "} %d\n", provider_why_holds(why, &metrics->providers[i]) ? 1 : 0);
        }
    }
    exposition_family(text, under_way, "gauge",
                      "Recipients of a provider that are or may be under way.");
    for (unsigned i = 0; i < metrics->provider_count; i++) {
        exposition_sample(text, under_way, "provider", metrics->providers[i].def->name,
                          metrics->providers[i].under_way);
    }
}

static void write_health(const struct metrics *metrics, struct buf *text)
{
    static const char share[] = "tocsin_provider_share";
    static const char part[] = "tocsin_provider_part";
    static const char errors[] = "tocsin_provider_error_share";
    exposition_family(text, share, "gauge",
                      "Part of its channel that a provider gets now, 0 to 1.");
    for (unsigned i = 0; i < metrics->provider_count; i++) {
        write_provider_value(text, share, metrics->providers[i].def->name,
                             metrics->providers[i].share / 100);
    }
    exposition_family(text, part, "gauge",
                      "Part of its channel that a provider has by its weight, 0 to 1.");
    for (unsigned i = 0; i < metrics->provider_count; i++) {
        write_provider_value(text, part, metrics->providers[i].def->name,
                             metrics->providers[i].part / 100);
    }
    exposition_family(text, errors, "gauge",
                      "Part of a provider's attempts of late that met this error.");
    for (unsigned i = 0; i < metrics->provider_count; i++) {
        for (unsigned c = HEALTH_THROTTLED; c < HEALTH_CLASSES; c++) {
            buf_printf(text, "%s{", errors);
            exposition_label(text, "provider", metrics->providers[i].def->name);
            buf_u8(text, ',');
            exposition_label(text, "class", health_class_name((enum health_class)c));
            buf_printf(text, "} %.4f\n", metrics->providers[i].health[c]);
        }
    }
}

static void write_receipt(struct buf *text, const char *provider, const char *result,
                          uint64_t number)
{
    buf_str(text, "tocsin_receipts_total{");
    exposition_label(text, "provider", provider);
    buf_u8(text, ',');
    exposition_label(text, "result", result);
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
    exposition_family(text, "tocsin_receipts_total", "counter",
                      "Receipts by provider, and by what they said or why they were not taken.");
    for (unsigned i = 0; i < metrics->provider_count; i++) {
        const struct provider_def *def = metrics->providers[i].def;
        write_tally(text, def->name, &metrics->receipts[def->id]);
    }
    write_tally(text, "", &metrics->receipts[WIRE_PROVIDERS_MAX]);
}

static void write_replies(const struct metrics *metrics, struct buf *text)
{
    exposition_family(text, "tocsin_replies_total", "counter",
                      "Replies of recipients by what became of them.");
    for (unsigned result = 0; result < REPLY_RESULTS; result++) {
        buf_str(text, "tocsin_replies_total{");
        exposition_label(text, "result", reply_result_name((enum reply_result)result));
        buf_printf(text, "} %" PRIu64 "\n", metrics->replies[result]);
    }
    exposition_family(text, "tocsin_reply_classes_total", "counter",
                      "Replies that were kept, by their class.");
    for (unsigned class = 0; class < REPLY_CLASSES; class ++) {
        exposition_sample(text, "tocsin_reply_classes_total", "class",
                          reply_class_name((enum reply_class) class),
                          metrics->replies_of_class[class]);
    }
    exposition_family(text, "tocsin_replies_repeated_total", "counter",
                      "Replies that came again under the same message id, and were passed over.");
    buf_printf(text, "tocsin_replies_repeated_total %" PRIu64 "\n", metrics->replies_repeated);
    exposition_gauge(text, "tocsin_replies_kept", "Replies that can be read.",
                     metrics->replies_kept);
    exposition_family(
        text, "tocsin_reply_forwards_total", "counter",
        "Tries to pass a reply on (delivered, failed), and replies that were given up.");
    exposition_sample(text, "tocsin_reply_forwards_total", "result", "delivered",
                      metrics->forwards.delivered);
    exposition_sample(text, "tocsin_reply_forwards_total", "result", "failed",
                      metrics->forwards.failed);
    exposition_sample(text, "tocsin_reply_forwards_total", "result", "given_up",
                      metrics->forwards.given_up);
    exposition_gauge(text, "tocsin_reply_forwards_waiting",
                     "Replies that are still to be passed on.", metrics->forwards.waiting);
}

static void write_feed(const struct metrics *metrics, struct buf *text)
{
    exposition_counter(text, "tocsin_events_told_total", "Facts that listeners were told of, ever.",
                       metrics->events_told);
    exposition_gauge(text, "tocsin_event_streams", "Open streams of events.",
                     metrics->streams.open);
    exposition_family(text, "tocsin_event_stream_requests_total", "counter",
                      "Streams of events that were opened, or refused as there were too many.");
    exposition_sample(text, "tocsin_event_stream_requests_total", "result", "opened",
                      metrics->streams.opened);
    exposition_sample(text, "tocsin_event_stream_requests_total", "result", "refused",
                      metrics->streams.refused);
    exposition_counter(text, "tocsin_event_streams_slow_total",
                       "Streams that were ended because nothing was taken.", metrics->streams.slow);
    exposition_counter(text, "tocsin_event_stream_gaps_total",
                       "Streams that came again too late to be told everything.",
                       metrics->streams.gaps);
    exposition_gauge(text, "tocsin_subscriptions", "Subscribers to events by webhooks.",
                     metrics->webhooks.subscriptions);
    exposition_family(text, "tocsin_webhooks_total", "counter",
                      "Webhooks to the present subscribers: events that were taken, tries that "
                      "failed, events that became dead letters, and events that were not kept any "
                      "more.");
    exposition_sample(text, "tocsin_webhooks_total", "result", "delivered",
                      metrics->webhooks.delivered);
    exposition_sample(text, "tocsin_webhooks_total", "result", "failed", metrics->webhooks.failed);
    exposition_sample(text, "tocsin_webhooks_total", "result", "dead", metrics->webhooks.dead);
    exposition_sample(text, "tocsin_webhooks_total", "result", "missed", metrics->webhooks.missed);
    exposition_gauge(text, "tocsin_webhook_dead_letters", "Events that could not be told.",
                     metrics->webhooks.dead_letters);
    exposition_gauge(text, "tocsin_webhooks_behind",
                     "Events since the last that the slowest active subscriber took.",
                     metrics->webhooks.behind);
    exposition_gauge(text, "tocsin_alarms", "Alarms that are on.", metrics->alarms);
}

static void write_links(const struct metrics *metrics, struct buf *text)
{
    static const char *const classes[] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
    exposition_family(text, "tocsin_workers", "gauge", "Workers by whether they are heard of.");
    exposition_sample(text, "tocsin_workers", "state", "connected", metrics->workers_connected);
    exposition_sample(text, "tocsin_workers", "state", "gone", metrics->workers_gone);
    exposition_gauge(text, "tocsin_audiences", "Sealed audiences.", metrics->audiences);
    exposition_gauge(text, "tocsin_uploads", "Uploads under way.", metrics->uploads);
    exposition_family(text, "tocsin_uploads_total", "counter", "Uploads that ended.");
    exposition_sample(text, "tocsin_uploads_total", "result", "sealed", metrics->uploads_done);
    exposition_sample(text, "tocsin_uploads_total", "result", "failed", metrics->uploads_failed);
    exposition_gauge(text, "tocsin_http_connections", "Open connections to the API.",
                     metrics->http_connections);
    exposition_gauge(text, "tocsin_http_public_connections",
                     "Open connections to the public listener.", metrics->public_connections);
    exposition_counter(text, "tocsin_http_evictions_total",
                       "Idle or slow connections that were closed to make room for others.",
                       metrics->http_evictions);
    exposition_gauge(text, "tocsin_http_requests_open", "Requests under way.",
                     metrics->http_requests_open);
    exposition_family(text, "tocsin_http_requests_total", "counter",
                      "Requests by the class of their answer; none: the client went away.");
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        exposition_sample(text, "tocsin_http_requests_total", "class", classes[i],
                          metrics->http_requests[i]);
    }
    exposition_gauge(text, "tocsin_idempotency_keys", "Idempotency keys known.",
                     metrics->idempotency_keys);
    exposition_counter(text, "tocsin_idempotency_replays_total", "Kept answers given again.",
                       metrics->replays);
    exposition_counter(text, "tocsin_forged_tokens_total",
                       "Delivery tokens that were refused: forged, or cut off.",
                       metrics->forged_tokens);
}

static void write_oidc(const struct oidc_tally *tally, struct buf *text)
{
    exposition_gauge(text, "tocsin_oidc_keys", "Public keys of the issuer that are known.",
                     tally->keys);
    exposition_family(text, "tocsin_oidc_key_fetches_total", "counter",
                      "Key sets of the issuer that were fetched or read, or could not be.");
    exposition_sample(text, "tocsin_oidc_key_fetches_total", "result", "taken", tally->fetches);
    exposition_sample(text, "tocsin_oidc_key_fetches_total", "result", "failed",
                      tally->fetch_failures);
    exposition_counter(text, "tocsin_oidc_signatures_total",
                       "Signatures of the issuer's tokens that were checked.", tally->signatures);
    exposition_counter(text, "tocsin_oidc_remembered_total",
                       "Tokens of the issuer that were known to be good from before.",
                       tally->remembered);
}

static void write_signins(const struct metrics *metrics, struct buf *text)
{
    exposition_gauge(text, "tocsin_tokens", "Access tokens that are good.", metrics->tokens.good);
    exposition_seconds(text, "tocsin_token_next_end_timestamp_seconds", "gauge",
                       "When the first of the tokens ends that were used within 30 days, since "
                       "1970; 0: there is none.",
                       (double)metrics->tokens.next_end_ms / 1000);
    exposition_family(
        text, "tocsin_signin_failures_total", "counter",
        "Requests without a good token, by what was wrong; none: there was no token.");
    for (enum signin_result result = SIGNIN_NONE; result < SIGNIN_RESULTS; result++) {
        exposition_sample(text, "tocsin_signin_failures_total", "why", signin_result_name(result),
                          metrics->signins.failures[result]);
    }
    exposition_counter(text, "tocsin_signins_slowed_total",
                       "Of these, answered 429: too many had come from the same address.",
                       metrics->signins.slowed);
    exposition_family(text, "tocsin_refused_changes_total", "counter",
                      "Changes that were refused to whoever had not signed in, or whose role may "
                      "not; the first of them are in the audit log.");
    exposition_sample(text, "tocsin_refused_changes_total", "why", "unauthorized",
                      metrics->unauthorized_changes);
    exposition_sample(text, "tocsin_refused_changes_total", "why", "forbidden",
                      metrics->forbidden_changes);
    exposition_gauge(text, "tocsin_audit_entries", "Entries of the audit log.",
                     metrics->audit_entries);
    exposition_seconds(text, "tocsin_certificate_end_timestamp_seconds", "gauge",
                       "When the certificate of the API or of the public listener ends, the first "
                       "of them, since 1970; 0: neither speaks TLS.",
                       (double)metrics->certificate_end_ms / 1000);
    if (metrics->signins.has_oidc) {
        write_oidc(&metrics->signins.oidc, text);
    }
}

static void write_suppressions(const struct metrics *metrics, struct buf *text)
{
    const struct hard_failures_tally *failures = &metrics->hard_failures;
    exposition_gauge(text, "tocsin_suppressions", "Entries of the suppression list.",
                     metrics->suppressions);
    exposition_family(
        text, "tocsin_refused_endpoints_total", "counter",
        "Endpoints that a provider refused for good: remembered on the suppression list, or "
        "forgotten, as the page could not be read or too many waited.");
    exposition_sample(text, "tocsin_refused_endpoints_total", "result", "remembered",
                      failures->remembered);
    exposition_sample(text, "tocsin_refused_endpoints_total", "result", "forgotten",
                      failures->forgotten);
    exposition_gauge(text, "tocsin_refused_endpoints_waiting",
                     "Of these, still to be put on the list.", failures->waiting);
}

void metrics_write(const struct metrics *metrics, struct buf *text)
{
    write_process(metrics, text);
    write_ledger(metrics, text);
    write_engine(metrics, text);
    metrics_write_delays(metrics, text);
    write_providers(metrics, text);
    write_why(metrics, text);
    write_health(metrics, text);
    write_receipts(metrics, text);
    write_replies(metrics, text);
    write_feed(metrics, text);
    write_links(metrics, text);
    write_signins(metrics, text);
    write_suppressions(metrics, text);
}
