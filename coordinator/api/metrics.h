/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics: what the coordinator counts, as Prometheus text (exposition format 0.0.4). Names have
 * base units (seconds, bytes) and counters end in _total; labels are providers, outcomes and
 * states, never campaigns or recipients, so that the number of series does not grow with use.
 */
#ifndef TOCSIN_API_METRICS_H
#define TOCSIN_API_METRICS_H

#include <stdint.h>

#include "common/buf.h"
#include "coordinator/api/feed_sender.h"
#include "coordinator/api/feed_streams.h"
#include "coordinator/api/receipt_report.h"
#include "coordinator/api/reply_forward.h"
#include "coordinator/api/signin.h"
#include "coordinator/content/hard_failures.h"
#include "coordinator/content/reply_record.h"
#include "coordinator/engine/engine.h"
#include "coordinator/ledger/changelog.h"
#include "coordinator/ledger/ledger.h"
#include "coordinator/link/link.h"

/* Of the running campaigns of one priority class. */
struct metrics_class {
    uint64_t campaigns;
    uint64_t left;       /* recipients who wait, are leased or are tried again */
    uint64_t awaited;    /* of whom an answer is awaited */
    uint64_t endangered; /* campaigns that at their present rate pass their not_after */
    uint64_t longest_due_ms;
};

/* Everything at one moment. */
struct metrics {
    const char *version;
    uint64_t epoch;
    uint64_t started_ms;
    struct engine_stats engine;
    struct changelog_health changelog;
    bool is_stalled;
    struct ledger_size ledger;
    struct link_stats link;
    const struct delays *delays; /* NULL: none */
    struct metrics_class classes[PRIORITIES];
    uint64_t campaigns[CAMPAIGN_STATES];
    uint64_t recipients[DELIVERY_STATES];
    unsigned provider_count;
    struct provider_view providers[WIRE_PROVIDERS_MAX];
    uint64_t workers_connected;
    uint64_t workers_gone;
    uint64_t audiences;
    uint64_t uploads;
    uint64_t uploads_done;
    uint64_t uploads_failed;
    uint64_t http_connections;
    uint64_t public_connections;
    uint64_t http_evictions;
    uint64_t http_requests_open;
    uint64_t http_requests[6];   /* by class; [0]: never answered */
    uint64_t certificate_end_ms; /* of the first that ends; 0: no listener speaks TLS */
    uint64_t unauthorized_changes;
    uint64_t forbidden_changes;
    uint64_t audit_entries;
    uint64_t idempotency_keys;
    uint64_t forged_tokens;
    struct signin_tally signins;
    struct token_tally tokens;
    uint64_t suppressions;
    struct hard_failures_tally hard_failures;
    bool is_closed[WIRE_PROVIDERS_MAX]; /* by the providers' numbers: callbacks are not taken */
    struct receipt_tally receipts[WIRE_PROVIDERS_MAX + 1]; /* by the providers' numbers; the last:
                                                              by none that is known */
    uint64_t replies[REPLY_RESULTS];
    uint64_t replies_of_class[REPLY_CLASSES];
    uint64_t replies_repeated;
    uint64_t replies_kept;
    struct reply_forward_tally forwards;
    struct feed_streams_tally streams;
    uint64_t events_told;
    unsigned alarms;
    struct feed_sender_tally webhooks;
    uint64_t replays;
};

void metrics_write(const struct metrics *metrics, struct buf *text);

#endif
