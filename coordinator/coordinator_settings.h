/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coordinator_settings: what the coordinator is told at its start, from one YAML file and the
 * environment (docs/operations.md lists the keys). The key `listen.api` is overridden by
 * TOCSIN_COORDINATOR_LISTEN_API, and so on; `providers` as a whole, as YAML on one line, by
 * TOCSIN_COORDINATOR_PROVIDERS.
 *
 * All is checked and filled with defaults; a problem says file and line (or variable), the key,
 * what is wrong and what would be right.
 */
#ifndef TOCSIN_COORDINATOR_COORDINATOR_SETTINGS_H
#define TOCSIN_COORDINATOR_COORDINATOR_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/listen_address.h"
#include "common/log.h"
#include "coordinator/content/provider_group.h"
#include "coordinator/content/reply_rules.h"
#include "coordinator/content/respect_document.h"
#include "coordinator/content/subscription_rules.h"
#include "coordinator/engine/engine.h"
#include "coordinator/http/http_tls.h"
#include "coordinator/identity/oidc_claims.h"
#include "proto/page.h"
#include "proto/wire.h"

#define COORDINATOR_SETTINGS_PREFIX "TOCSIN_COORDINATOR"

struct coordinator_provider {
    struct provider_def def;               /* def.id is its place in the list */
    char quota_zone[RESPECT_ZONE_MAX + 1]; /* in which its days begin and end; there is one */
    struct quiet_hours quiet_hours;        /* of its own, by `zone`; none if `channels` is 0 */
    char *adapter;
    char *settings; /* a JSON object, for the workers; nothing in it was checked */
};

struct coordinator_settings {
    char *data_dir;
    struct listen_address listen_api;
    bool has_public; /* recipients and providers have a port of their own */
    struct listen_address listen_public;
    char *public_url;     /* what links to recipients begin with, no `/` at its end; NULL: none */
    char *listen_workers; /* an endpoint of ZeroMQ */
    bool has_tls;         /* the API speaks TLS */
    bool has_public_tls;  /* and the public listener */
    char *tls_certificate;
    char *tls_key;                /* a reference */
    struct http_tls_settings tls; /* with these */
    char *keys_secret;            /* a reference (common/secret.h); NULL: no encryption */
    char *keys_public;            /* Z85; NULL: computed from the secret one */
    const char **keys_workers;    /* NULL-terminated Z85; NULL without keys_secret */
    enum log_level log_level;
    uint32_t lease_ms;
    uint32_t heartbeat_ms;
    uint32_t snapshot_blocks;
    uint64_t archive_after_ms;      /* of a campaign, from its end on */
    uint64_t audit_kept_ms;         /* so long who did what is kept */
    uint64_t hard_failures_kept_ms; /* 0: refused endpoints are not remembered */
    uint32_t sign_every_ms;         /* between signed heads, while there are records; 0: never */
    uint32_t down_grace_ms;         /* before those who may climb from a step that is down */
    uint64_t disk_reserve_bytes;
    enum page_codec page_codec;
    unsigned import_threads; /* 0: as many as fit the machine */
    unsigned connections_max;
    unsigned connections_per_address;
    unsigned public_connections_max;
    unsigned uploads_max; /* at a time */
    unsigned event_streams_max;
    unsigned events_kept;
    struct respect respect; /* of campaigns that say nothing of their own */
    struct reply_rules replies;
    struct subscription_rules subscriptions;
    struct oidc_rules oidc; /* roles by enum role */
    unsigned provider_count;
    struct coordinator_provider providers[WIRE_PROVIDERS_MAX];
    unsigned group_count;
    struct provider_group groups[PROVIDER_GROUPS_MAX];
};

/* path NULL: the environment alone. environment: NULL-terminated NAME=value strings. Free with
 * coordinator_settings_free. ERR_INVALID, or as file_read. */
enum err coordinator_settings_load(struct coordinator_settings **out, const char *path,
                                   char *const *environment, struct problem *problem) WARN_UNUSED;
void coordinator_settings_free(struct coordinator_settings *settings); /* NULL is fine */

#endif
