/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coordinator_schema: the coordinator's settings as YAML has them, before anything is checked but
 * names and kinds. Absent texts and counts are NULL. A part of coordinator_settings.
 */
#ifndef TOCSIN_COORDINATOR_COORDINATOR_SCHEMA_H
#define TOCSIN_COORDINATOR_COORDINATOR_SCHEMA_H

#include <stdbool.h>
#include <stdint.h>

#include "common/settings_file.h"

struct raw_tls {
    char *certificate;
    char *key;
    char *min_version;
    bool *public;
};

struct raw_listen {
    char *api;
    char *public;
    char *workers;
    bool allow_remote;
    struct raw_tls tls;
};

struct raw_keys {
    char *secret;
    char *public;
    char **workers;
    unsigned workers_count;
};

struct raw_limits {
    uint32_t *connections;
    uint32_t *connections_per_address;
    uint32_t *public_connections;
    uint32_t *uploads;
    uint32_t *event_streams;
    uint32_t *events_kept;
};

struct raw_quiet_hours {
    char *from;
    char *to;
    char **channels;
    unsigned channels_count;
    char *zone;
};

/* Of a provider. */
struct raw_night {
    char *from;
    char *to;
    char *zone;
};

struct raw_frequency_cap {
    uint32_t *messages;
    char *per;
};

struct raw_subscriptions {
    bool allow_http;
    bool allow_private;
    char *ca_file;
    char *timeout;
    char *give_up_after;
};

struct raw_provider {
    char *name;
    char *channel;
    char *adapter;
    double rate;
    double burst;
    uint32_t *concurrency;
    uint32_t *weight;
    char *breaker;
    bool receipts;
    uint32_t *quota;
    char *quota_zone;
    struct raw_night quiet_hours;
};

struct raw_group {
    char *name;
    char **providers;
    unsigned providers_count;
};

struct raw_forward {
    char *url;
    char **keys;
    unsigned keys_count;
    char **classes;
    unsigned classes_count;
    bool allow_http;
    bool allow_private;
    char *ca_file;
    char *timeout;
    char *give_up_after;
};

struct raw_replies {
    char **stop;
    unsigned stop_count;
    char **start;
    unsigned start_count;
    char **help;
    unsigned help_count;
    char **ack;
    unsigned ack_count;
    char *keep_for;
    char *match_within;
    struct raw_forward forward;
};

#define RAW_OIDC_ROLES 6 /* in the order of enum role */
struct raw_oidc_roles {
    char **values[RAW_OIDC_ROLES];
    unsigned values_count[RAW_OIDC_ROLES];
};

struct raw_oidc {
    char *issuer;
    char *audience;
    char *jwks_url;
    char *jwks_file;
    char *ca_file;
    char *role_claim;
    char *name_claim;
    char *leeway;
    char *refetch_after;
    bool allow_http;
    struct raw_oidc_roles roles;
};

struct raw_settings {
    char *data_dir;
    struct raw_listen listen;
    struct raw_keys keys;
    struct raw_limits limits;
    char *log_level;
    char *lease;
    char *heartbeat;
    char *disk_reserve;
    char *archive_after;
    char *audit_kept;
    char *hard_failures_kept;
    char *down_grace;
    char *sign_every;
    char *public_url;
    char *page_codec;
    uint32_t *snapshot_blocks;
    uint32_t *import_threads;
    struct raw_quiet_hours quiet_hours;
    struct raw_frequency_cap frequency_cap;
    struct raw_replies replies;
    struct raw_subscriptions subscriptions;
    struct raw_oidc oidc;
    struct raw_provider *providers;
    unsigned providers_count;
    struct raw_group *groups;
    unsigned groups_count;
};

/* Of struct raw_settings. */
extern const cyaml_schema_value_t coordinator_schema;

#endif
