/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api: the HTTP interface that docs/api.md describes.
 *
 * A handler that changes something decides at once, puts what it decided and the answer under the
 * client's idempotency key into the turn's record, and answers when that record is durable. Loop's
 * thread only.
 */
#ifndef TOCSIN_API_API_H
#define TOCSIN_API_API_H

#include <stdint.h>
#include <uv.h>

#include "common/err.h"
#include "common/listen_address.h"
#include "coordinator/audience/audience_registry.h"
#include "coordinator/content/campaign_registry.h"
#include "coordinator/content/delivery_keys.h"
#include "coordinator/content/hard_failures.h"
#include "coordinator/content/plan_registry.h"
#include "coordinator/content/provider_numbers.h"
#include "coordinator/content/reply_rules.h"
#include "coordinator/content/reply_store.h"
#include "coordinator/content/subscription_rules.h"
#include "coordinator/content/suppression_list.h"
#include "coordinator/content/token_registry.h"
#include "coordinator/engine/engine.h"
#include "coordinator/identity/oidc_claims.h"
#include "coordinator/ledger/changelog.h"
#include "coordinator/ledger/ledger.h"
#include "coordinator/ledger/turn.h"
#include "coordinator/link/link.h"
#include "coordinator/report/provider_controls.h"
#include "proto/wire.h"

struct api;
struct http_tls_settings;
struct head_signer;

/* What it may touch, and what it is told. All pointers are borrowed until api_close. */
struct api_context {
    uv_loop_t *loop;
    struct ledger *ledger;
    struct engine *engine;
    struct turn *turn;
    struct changelog *changelog;
    const struct link *link; /* may be NULL */
    struct audience_registry *audiences;
    struct campaign_registry *campaigns;
    struct plan_registry *plans;
    struct suppression_list *suppressions;
    struct hard_failures *hard_failures; /* may be NULL */
    struct reply_store *reply_store;
    const struct reply_rules *reply_rules;
    struct provider_controls *provider_controls;
    const struct wire_provider *providers; /* as the workers are told of them */
    struct delivery_keys *delivery_keys;
    struct head_signer *head_signer;
    struct token_registry *tokens;
    const struct oidc_rules *oidc; /* may be NULL */
    unsigned provider_count;
    const struct provider_group *groups; /* of these providers */
    unsigned group_count;
    const struct provider_numbers
        *provider_numbers; /* names of former providers too; may be NULL */

    struct listen_address listen;
    const char *data_dir; /* admin.token is kept there */
    const char *version;
    uint64_t epoch;
    unsigned connections_max;
    unsigned connections_per_address;
    const struct listen_address *listen_public; /* NULL: what is public is served by `listen` */
    const struct http_tls_settings *tls;        /* of the API; NULL: it is not encrypted */
    const struct http_tls_settings *tls_public;
    unsigned public_connections_max;
    uint64_t audit_kept_ms; /* entries of the audit log that are older are removed */
    uint64_t
        archive_after_ms; /* from a campaign's end on, receipts and acknowledgements are taken */
    unsigned uploads_max;
    unsigned event_streams_max; /* at a time; no more than half of connections_max either */
    uint64_t events_kept;
    const struct subscription_rules *subscription_rules; /* NULL: the usual */
    enum page_codec page_codec;
    unsigned import_threads;
    const struct respect *respect; /* of campaigns that say nothing */
    const char *public_url;        /* what links to recipients begin with; NULL: none */

    void *arg;
    uint64_t (*now_ms)(void *arg); /* unix time */
    /* The engine was given something to do: take its effects, hand the turn over when it is time.
     */
    void (*changed)(void *arg);
};

/* Reads kept idempotency keys, makes the admin token if there is none, and listens. ERR_CONFLICT:
 * the port is in use; the problem says what to do. */
enum err api_open(struct api **out, const struct api_context *context,
                  struct problem *problem) WARN_UNUSED;
/* Where it really listens (a port of 0 resolved). */
const struct listen_address *api_address(const struct api *api);
const struct listen_address *api_public_address(const struct api *api); /* NULL: none */
/* Reads admin.token, the secrets that providers' callbacks are checked with, and the certificates
 * anew; what cannot be read stays. */
void api_reload_secrets(struct api *api);
/* Takes no more connections; what is under way may still be answered while the loop runs. */
void api_quiesce(struct api *api);
/* Once in every turn of the loop, before the turn's record is handed over: what is old is removed,
 * what was counted is noted. Returns in how many ms to call again at the latest. */
uint32_t api_turn(struct api *api);
/* Requests under way. */
unsigned api_requests(const struct api *api);
/* Breaks off what is under way. Runs the loop until the threads of uploads have ended, so not from
 * a callback; frees when the loop has run once more. NULL is fine. What is not durable by then is
 * not told of: call it before the changelog is closed, and do not run the loop between. */
void api_close(struct api *api);

#endif
