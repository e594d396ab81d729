/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/metrics_delays.h"

#include <ctype.h>
#include <inttypes.h>

#include "common/exposition.h"
#include "coordinator/engine/delays.h"

static void write_series(struct buf *text, const char *name, const char *label, const char *value,
                         unsigned priority, const struct histogram *histogram)
{
    struct buf labels = {0};
    if (histogram_count(histogram) > 0) {
        exposition_label(&labels, label, value);
        buf_u8(&labels, ',');
        exposition_label(&labels, "class", campaign_priority_name(priority));
        histogram_write(histogram, &HISTOGRAM_MS, name, buf_cstr(&labels), text);
    }
    buf_release(&labels);
}

static void write_by_provider(const struct metrics *metrics, struct buf *text, const char *name,
                              const char *help,
                              const struct histogram histograms[WIRE_PROVIDERS_MAX][PRIORITIES])
{
    exposition_family(text, name, "histogram", help);
    for (unsigned i = 0; i < metrics->provider_count; i++) {
        const struct provider_def *def = metrics->providers[i].def;
        for (unsigned priority = 0; priority < PRIORITIES; priority++) {
            write_series(text, name, "provider", def->name, priority,
                         &histograms[def->id][priority]);
        }
    }
}

static void write_ways(const struct metrics *metrics, struct buf *text)
{
    static const char acknowledged[] = "tocsin_sent_to_acknowledged_seconds";
    const struct delays *delays = metrics->delays;
    if (delays == NULL) {
        return;
    }
    write_by_provider(metrics, text, "tocsin_due_to_lease_seconds",
                      "From when recipients could be sent to until they were leased.",
                      delays->due_to_lease);
    write_by_provider(metrics, text, "tocsin_lease_to_outcome_seconds",
                      "From the lease of recipients until a worker told the outcome.",
                      delays->lease_to_outcome);
    exposition_family(text, "tocsin_acknowledgements_total", "counter",
                      "Recipients who acknowledged, by priority class.");
    for (unsigned priority = 0; priority < PRIORITIES; priority++) {
        exposition_sample(text, "tocsin_acknowledgements_total", "class",
                          campaign_priority_name(priority), delays->acknowledged[priority]);
    }
    exposition_family(text, acknowledged, "histogram",
                      "From the outcome of a message that waits for it until its recipient "
                      "acknowledged.");
    for (unsigned kind = 0; kind < CHANNEL_KINDS; kind++) {
        for (unsigned priority = 0; priority < PRIORITIES; priority++) {
            write_series(text, acknowledged, "channel", channel_kind_name((enum channel_kind)kind),
                         priority, &delays->sent_to_acknowledged[kind][priority]);
        }
    }
}

static void write_single(struct buf *text, const char *name, const char *help,
                         const struct histogram *histogram, const struct histogram_scale *scale)
{
    exposition_family(text, name, "histogram", help);
    histogram_write(histogram, scale, name, "", text);
}

static void write_classes(const struct metrics *metrics, struct buf *text)
{
    static const struct {
        const char *name;
        const char *help;
        size_t offset;
    } rows[] = {
        {"tocsin_class_running_campaigns", "Running campaigns by priority class.",
         offsetof(struct metrics_class, campaigns)},
        {"tocsin_class_recipients_left",
         "Recipients of running campaigns who wait, are leased or are tried again.",
         offsetof(struct metrics_class, left)},
        {"tocsin_class_recipients_awaited",
         "Recipients of running campaigns of whom an answer is awaited.",
         offsetof(struct metrics_class, awaited)},
        {"tocsin_class_endangered_campaigns",
         "Running campaigns that at their present rate are not done by their not_after.",
         offsetof(struct metrics_class, endangered)},
    };
    static const char due[] = "tocsin_class_longest_due_seconds";
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        exposition_family(text, rows[i].name, "gauge", rows[i].help);
        for (unsigned priority = 0; priority < PRIORITIES; priority++) {
            const char *of = (const char *)&metrics->classes[priority] + rows[i].offset;
            exposition_sample(text, rows[i].name, "class", campaign_priority_name(priority),
                              *(const uint64_t *)(const void *)of);
        }
    }
    exposition_family(text, due, "gauge",
                      "How long somebody of a running campaign has been due and was not leased.");
    for (unsigned priority = 0; priority < PRIORITIES; priority++) {
        buf_printf(text, "%s{", due);
        exposition_label(text, "class", campaign_priority_name(priority));
        buf_printf(text, "} %.3f\n", (double)metrics->classes[priority].longest_due_ms / 1000);
    }
}

static void write_messages(struct buf *text, const char *name, const char *help,
                           const uint64_t counts[WIRE_TYPES])
{
    exposition_family(text, name, "counter", help);
    for (unsigned type = 0; type < WIRE_TYPES; type++) {
        char lower[32] = "";
        const char *word = wire_type_name((enum wire_type)type);
        for (size_t i = 0; word[i] != '\0' && i + 1 < sizeof(lower); i++) {
            lower[i] = (char)tolower((unsigned char)word[i]);
        }
        exposition_sample(text, name, "type", lower, counts[type]);
    }
}

static void write_link(const struct metrics *metrics, struct buf *text)
{
    const struct link_stats *link = &metrics->link;
    write_messages(text, "tocsin_link_received_messages_total", "Messages of workers, by type.",
                   link->received);
    write_messages(text, "tocsin_link_sent_messages_total", "Messages to workers, by type.",
                   link->sent);
    exposition_counter(text, "tocsin_link_garbage_total",
                       "Frames that were no message for the coordinator.", link->garbage);
    exposition_counter(text, "tocsin_link_refused_workers_total",
                       "Workers that were refused for their wire version.", link->refused);
    exposition_counter(text, "tocsin_link_unsent_batches_total",
                       "Batches whose worker was gone or took nothing.", link->unsent_batches);
}

void metrics_write_delays(const struct metrics *metrics, struct buf *text)
{
    write_ways(metrics, text);
    write_single(text, "tocsin_outcome_to_durable_seconds",
                 "From outcomes that came until they were on disk, by recipients.",
                 &metrics->link.durable, &HISTOGRAM_MS);
    write_single(text, "tocsin_ledger_commit_duration_seconds",
                 "Time of each synced write, of one record or several.", &metrics->changelog.sync,
                 &HISTOGRAM_US);
    write_single(text, "tocsin_ledger_record_bytes", "Sizes of the records made durable.",
                 &metrics->changelog.sizes, &HISTOGRAM_BYTES);
    write_classes(metrics, text);
    write_link(metrics, text);
}

/* At its present rate; one that stands still will not be done at all, unless it waits for people's
 * answers. */
static bool is_endangered(const struct campaign_view *campaign, uint64_t left, uint64_t now_ms)
{
    if (campaign->not_after_ms == 0 || left == 0) {
        return false;
    }
    return campaign->time_left_ms != 0 ? now_ms + campaign->time_left_ms > campaign->not_after_ms
                                       : campaign->open == 0;
}

void metrics_class_add(struct metrics_class *of, const struct campaign_view *campaign,
                       uint64_t now_ms)
{
    if (campaign->state != CAMPAIGN_RUNNING || campaign->is_expired) {
        return;
    }
    uint64_t left = (uint64_t)campaign->counts[DELIVERY_WAITING] +
                    campaign->counts[DELIVERY_LEASED] + campaign->counts[DELIVERY_RETRYING];
    of->campaigns++;
    of->left += left;
    of->awaited += campaign->open;
    of->endangered += is_endangered(campaign, left, now_ms);
}
