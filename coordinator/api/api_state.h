/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api_state: what the resources share. For the files of this room alone.
 */
#ifndef TOCSIN_API_API_STATE_H
#define TOCSIN_API_API_STATE_H

#include "coordinator/api/api.h"
#include "coordinator/api/audit.h"
#include "coordinator/api/idempotency.h"
#include "coordinator/api/receipt_report.h"
#include "coordinator/api/route.h"
#include "coordinator/api/signin.h"
#include "coordinator/content/reply_record.h"
#include "coordinator/http/http_server.h"

struct evidence_job;
struct ended_pages;
struct export_job;
struct feed;
struct feed_alarms;
struct feed_sender;
struct feed_streams;
struct feed_watch;
struct audit_log;
struct audit_expiry;
struct inbound;
struct inbound_fetcher;
struct reply_forward;
struct report_cache;
struct page_sets;
struct pending;
struct suppressing;
struct upload;

/* A port, and what is served there. */
struct api_listener {
    struct api *api;
    const struct route *tables[3]; /* looked through in this order; NULL-terminated */
    struct http_server *server;    /* NULL: there is none */
};

struct api {
    struct api_context context;
    struct provider_def providers[WIRE_PROVIDERS_MAX]; /* name, number and channel of each */
    struct campaign_surroundings surroundings;
    struct api_listener listener; /* of clients and operators */
    struct api_listener public;   /* of recipients and providers, if it has a port of its own */
    struct signin *signin;
    struct audience_finder *finder;
    struct inbound *inbounds[WIRE_PROVIDERS_MAX];         /* by provider; NULL: none, or closed */
    char *inbound_why[WIRE_PROVIDERS_MAX];                /* why it is closed; NULL: it is not */
    struct inbound_fetcher *fetchers[WIRE_PROVIDERS_MAX]; /* of those that need one */
    struct reply_forward *forward; /* NULL: replies are passed on to nobody */
    struct feed *feed;             /* what others are told */
    struct feed_alarms *alarms;
    struct feed_streams *streams;
    struct feed_watch *watch;
    struct feed_sender *sender; /* of webhooks to subscribers */
    size_t large_left; /* what bodies larger than others may still take together, in bytes */
    struct idempotency *idempotency;
    struct audit_log *audit;
    struct audit_expiry *audit_expiry;
    struct audit_gate audit_gates[2]; /* of 401, of 403 */
    struct pending *pendings;         /* answers that wait for a record to be durable */
    struct suppressing *suppressings; /* audiences that are matched against the list */
    unsigned preflights;              /* audiences that are read for a preflight */
    unsigned retries;                 /* campaigns whose pages are folded for another round */
    struct export_job *exports;       /* under way, or whose threads are about to end */
    unsigned export_count;
    struct ended_pages *ended_pages; /* of lists */
    struct page_sets *page_sets;     /* of ended campaigns */
    unsigned listings;               /* of such, that are read */
    uint64_t lookups_turn;     /* of the loop, by its time, in which lookups had a share last */
    uint64_t lookups_until_us; /* and until when */
    uint64_t replied_recno;    /* the record that the newest reply is in */
    unsigned reports;          /* that are being read */
    struct report_cache *report_cache;
    struct evidence_job *evidence_jobs; /* likewise: bundles that are being made */
    unsigned evidence_count;
    uint64_t evidence_told; /* the newest head that listeners were told of */
    bool is_closing;
    struct upload *uploads;
    unsigned upload_count;
    uv_timer_t sweep;
    uint64_t started_ms;
    uint64_t requests_by_class[6];   /* [status / 100]; [0]: never answered */
    uint64_t replays;                /* answers given again */
    uint64_t forged_tokens;          /* of recipients, refused */
    uint64_t replies[REPLY_RESULTS]; /* but for the repeated */
    uint64_t replies_of_class[REPLY_CLASSES];
    uint64_t replies_repeated; /* the same message of the same provider */
    struct receipt_tally receipts[WIRE_PROVIDERS_MAX + 1]; /* by provider; the last: by none */
    uint64_t uploads_done;
    uint64_t uploads_failed;
};

static inline uint64_t api_now_ms(const struct api *api)
{
    return api->context.now_ms(api->context.arg);
}

#endif
