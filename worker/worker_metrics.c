/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/worker_metrics.h"

#include <inttypes.h>
#include <string.h>

#include "common/exposition.h"
#include "common/mem.h"

struct provider_sum {
    char name[WIRE_NAME_MAX + 1];
    uint64_t loops_open;
    uint64_t loops_held;
    uint64_t in_flight;
    uint64_t outcomes[OUTCOMES];
    struct histogram attempts;
    struct transfer_tally tally;
};

struct worker_metrics_sum {
    uint64_t loops;
    uint64_t loops_connected;
    uint64_t loops_refused;
    uint64_t in_hand[CHANNEL_KINDS];
    uint64_t credit[CHANNEL_KINDS];
    uint64_t batches;
    uint64_t refused_batches;
    uint64_t outbox_messages;
    uint64_t outbox_bytes;
    uint64_t resent_messages;
    unsigned provider_count;
    struct provider_sum providers[WIRE_PROVIDERS_MAX];
};

struct worker_metrics_sum *worker_metrics_sum_new(void)
{
    return mem_zalloc(1, sizeof(struct worker_metrics_sum));
}

void worker_metrics_sum_free(struct worker_metrics_sum *sum)
{
    mem_free(sum);
}

/* NULL: there are too many. */
static struct provider_sum *provider_of(struct worker_metrics_sum *sum, const char *name)
{
    for (unsigned i = 0; i < sum->provider_count; i++) {
        if (strcmp(sum->providers[i].name, name) == 0) {
            return &sum->providers[i];
        }
    }
    if (sum->provider_count == WIRE_PROVIDERS_MAX) {
        return NULL;
    }
    struct provider_sum *provider = &sum->providers[sum->provider_count++];
    memcpy(provider->name, name, strlen(name) + 1);
    return provider;
}

static void add_provider(struct provider_sum *sum, const struct worker_provider_metrics *provider)
{
    const struct delivery_provider_stats *stats = &provider->stats;
    sum->loops_open += stats->is_open;
    sum->loops_held += stats->is_held;
    sum->in_flight += stats->in_flight;
    for (unsigned outcome = 0; outcome < OUTCOMES; outcome++) {
        sum->outcomes[outcome] += stats->outcomes[outcome];
    }
    histogram_merge(&sum->attempts, &stats->attempts);
    sum->tally.connections += provider->tally.connections;
    sum->tally.connected += provider->tally.connected;
    sum->tally.sent_bytes += provider->tally.sent_bytes;
    sum->tally.received_bytes += provider->tally.received_bytes;
}

void worker_metrics_sum_add(struct worker_metrics_sum *sum, const struct worker_metrics *metrics)
{
    const struct delivery_stats *delivery = &metrics->delivery;
    sum->loops++;
    sum->loops_connected += delivery->epoch != 0;
    sum->loops_refused += delivery->refused;
    for (unsigned kind = 0; kind < CHANNEL_KINDS; kind++) {
        sum->in_hand[kind] += delivery->in_hand_by_channel[kind];
        sum->credit[kind] += delivery->credit[kind];
    }
    sum->batches += delivery->batches;
    sum->refused_batches += delivery->refused_batches;
    sum->outbox_messages += delivery->outbox_messages;
    sum->outbox_bytes += delivery->outbox_bytes;
    sum->resent_messages += delivery->resent_messages;
    for (unsigned i = 0; i < metrics->provider_count; i++) {
        struct provider_sum *provider = provider_of(sum, metrics->providers[i].stats.provider);
        if (provider != NULL) {
            add_provider(provider, &metrics->providers[i]);
        }
    }
}

static void write_loops(const struct worker_metrics_sum *sum, struct buf *text)
{
    exposition_gauge(text, "tocsin_worker_loops", "Loops of this process.", sum->loops);
    exposition_gauge(text, "tocsin_worker_loops_connected",
                     "Loops that the coordinator has welcomed and is heard by.",
                     sum->loops_connected);
    exposition_gauge(text, "tocsin_worker_loops_refused",
                     "Loops that the coordinator refuses: it speaks another wire version.",
                     sum->loops_refused);
    exposition_counter(text, "tocsin_worker_batches_total", "Batches taken.", sum->batches);
    exposition_counter(text, "tocsin_worker_refused_batches_total",
                       "Batches dropped: of another life, or of nothing known.",
                       sum->refused_batches);
    exposition_gauge(text, "tocsin_worker_outbox_messages",
                     "Messages with outcomes that are not known to be durable.",
                     sum->outbox_messages);
    exposition_gauge(text, "tocsin_worker_outbox_bytes",
                     "Size of the outcomes that are not known to be durable.", sum->outbox_bytes);
    exposition_counter(text, "tocsin_worker_resent_messages_total",
                       "Messages with outcomes that were sent again.", sum->resent_messages);
}

static void write_channels(const struct worker_metrics_sum *sum, struct buf *text)
{
    static const char in_hand[] = "tocsin_worker_recipients_in_hand";
    static const char credit[] = "tocsin_worker_credit_recipients";
    exposition_family(text, in_hand, "gauge", "Recipients leased and not reported yet.");
    for (unsigned kind = 0; kind < CHANNEL_KINDS; kind++) {
        exposition_sample(text, in_hand, "channel", channel_kind_name((enum channel_kind)kind),
                          sum->in_hand[kind]);
    }
    exposition_family(text, credit, "gauge", "Recipients that the coordinator may lease at most.");
    for (unsigned kind = 0; kind < CHANNEL_KINDS; kind++) {
        exposition_sample(text, credit, "channel", channel_kind_name((enum channel_kind)kind),
                          sum->credit[kind]);
    }
}

static void write_outcomes(const struct worker_metrics_sum *sum, struct buf *text)
{
    static const char name[] = "tocsin_worker_outcomes_total";
    exposition_family(text, name, "counter",
                      "Outcomes of recipients, those returned unsent included.");
    for (unsigned i = 0; i < sum->provider_count; i++) {
        for (unsigned outcome = 0; outcome < OUTCOMES; outcome++) {
            buf_printf(text, "%s{", name);
            exposition_label(text, "provider", sum->providers[i].name);
            buf_u8(text, ',');
            exposition_label(text, "outcome", outcome_name((enum outcome)outcome));
            buf_printf(text, "} %" PRIu64 "\n", sum->providers[i].outcomes[outcome]);
        }
    }
}

static void write_attempts(const struct worker_metrics_sum *sum, struct buf *text)
{
    static const char name[] = "tocsin_worker_attempt_duration_seconds";
    exposition_family(text, name, "histogram", "Time of attempts from their start to the result.");
    for (unsigned i = 0; i < sum->provider_count; i++) {
        struct buf label = {0};
        exposition_label(&label, "provider", sum->providers[i].name);
        histogram_write(&sum->providers[i].attempts, &HISTOGRAM_MS, name, buf_cstr(&label), text);
        buf_release(&label);
    }
}

static void write_providers(const struct worker_metrics_sum *sum, struct buf *text)
{
#define ROW(name, type, help, member)                                                              \
    {                                                                                              \
        name, type, help, offsetof(struct provider_sum, member)                                    \
    }
    static const struct {
        const char *name;
        const char *type;
        const char *help;
        size_t offset;
    } rows[] = {
        ROW("tocsin_worker_provider_open_loops", "gauge", "Loops that could open the provider.",
            loops_open),
        ROW("tocsin_worker_provider_held_loops", "gauge",
            "Loops that start nothing, as the provider asked to slow down.", loops_held),
        ROW("tocsin_worker_attempts_in_flight", "gauge", "Attempts under way.", in_flight),
        ROW("tocsin_worker_connections", "gauge", "Connections that are open or being made.",
            tally.connections),
        ROW("tocsin_worker_connections_opened_total", "counter", "Connections made.",
            tally.connected),
        ROW("tocsin_worker_sent_bytes_total", "counter",
            "Bytes sent to the provider, before TLS and compression.", tally.sent_bytes),
        ROW("tocsin_worker_received_bytes_total", "counter",
            "Bytes received from the provider, before TLS and compression.", tally.received_bytes),
    };
#undef ROW
    for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
        exposition_family(text, rows[r].name, rows[r].type, rows[r].help);
        for (unsigned i = 0; i < sum->provider_count; i++) {
            const char *at = (const char *)&sum->providers[i] + rows[r].offset;
            exposition_sample(text, rows[r].name, "provider", sum->providers[i].name,
                              *(const uint64_t *)(const void *)at);
        }
    }
}

void worker_metrics_sum_write(const struct worker_metrics_sum *sum, const char *version,
                              uint64_t started_ms, struct buf *text)
{
    exposition_process(text, started_ms);
    exposition_family(text, "tocsin_worker_build_info", "gauge",
                      "Always 1; the version is a label.");
    exposition_sample(text, "tocsin_worker_build_info", "version", version, 1);
    write_loops(sum, text);
    write_channels(sum, text);
    write_outcomes(sum, text);
    write_attempts(sum, text);
    write_providers(sum, text);
}
