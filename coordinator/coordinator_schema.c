/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/coordinator_schema.h"

#include "coordinator/api/role.h"
#include "coordinator/content/provider_group.h"
#include "coordinator/content/reply_rules.h"
#include "coordinator/identity/oidc_claims.h"
#include "proto/wire.h"

#define WORKER_KEYS_MAX    4096
#define QUIET_CHANNELS_MAX 16

#define OPTIONAL         CYAML_FLAG_OPTIONAL
#define OPTIONAL_POINTER (CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER)
#define TEXT(key, owner, member)                                                                   \
    CYAML_FIELD_STRING_PTR(key, OPTIONAL_POINTER, owner, member, 0, CYAML_UNLIMITED)
#define COUNT(key, owner, member) CYAML_FIELD_UINT_PTR(key, OPTIONAL_POINTER, owner, member)

static const cyaml_schema_field_t tls_fields[] = {
    TEXT("certificate", struct raw_tls, certificate),
    TEXT("key", struct raw_tls, key),
    TEXT("min_version", struct raw_tls, min_version),
    CYAML_FIELD_BOOL_PTR("public", OPTIONAL_POINTER, struct raw_tls, public),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t listen_fields[] = {
    TEXT("api", struct raw_listen, api),
    TEXT("public", struct raw_listen, public),
    TEXT("workers", struct raw_listen, workers),
    CYAML_FIELD_BOOL("allow_remote", OPTIONAL, struct raw_listen, allow_remote),
    CYAML_FIELD_MAPPING("tls", OPTIONAL, struct raw_listen, tls, tls_fields),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t key_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, CYAML_UNLIMITED),
};
static const cyaml_schema_field_t keys_fields[] = {
    TEXT("secret", struct raw_keys, secret),
    TEXT("public", struct raw_keys, public),
    CYAML_FIELD_SEQUENCE("workers", OPTIONAL_POINTER, struct raw_keys, workers, &key_schema, 0,
                         WORKER_KEYS_MAX),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t limits_fields[] = {
    COUNT("connections", struct raw_limits, connections),
    COUNT("connections_per_address", struct raw_limits, connections_per_address),
    COUNT("public_connections", struct raw_limits, public_connections),
    COUNT("uploads", struct raw_limits, uploads),
    COUNT("event_streams", struct raw_limits, event_streams),
    COUNT("events_kept", struct raw_limits, events_kept),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t quiet_hours_fields[] = {
    TEXT("from", struct raw_quiet_hours, from),
    TEXT("to", struct raw_quiet_hours, to),
    CYAML_FIELD_SEQUENCE("channels", OPTIONAL_POINTER, struct raw_quiet_hours, channels,
                         &key_schema, 0, QUIET_CHANNELS_MAX),
    TEXT("zone", struct raw_quiet_hours, zone),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t night_fields[] = {
    TEXT("from", struct raw_night, from),
    TEXT("to", struct raw_night, to),
    TEXT("zone", struct raw_night, zone),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t frequency_cap_fields[] = {
    COUNT("messages", struct raw_frequency_cap, messages),
    TEXT("per", struct raw_frequency_cap, per),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t forward_fields[] = {
    TEXT("url", struct raw_forward, url),
    CYAML_FIELD_SEQUENCE("keys", OPTIONAL_POINTER, struct raw_forward, keys, &key_schema, 0,
                         REPLY_FORWARD_KEYS_MAX),
    CYAML_FIELD_SEQUENCE("classes", OPTIONAL_POINTER, struct raw_forward, classes, &key_schema, 0,
                         REPLY_CLASSES),
    CYAML_FIELD_BOOL("allow_http", OPTIONAL, struct raw_forward, allow_http),
    CYAML_FIELD_BOOL("allow_private", OPTIONAL, struct raw_forward, allow_private),
    TEXT("ca_file", struct raw_forward, ca_file),
    TEXT("timeout", struct raw_forward, timeout),
    TEXT("give_up_after", struct raw_forward, give_up_after),
    CYAML_FIELD_END,
};
#define WORDS(key)                                                                                 \
    CYAML_FIELD_SEQUENCE(#key, OPTIONAL_POINTER, struct raw_replies, key, &key_schema, 0,          \
                         REPLY_KEYWORDS_MAX)
static const cyaml_schema_field_t replies_fields[] = {
    WORDS(stop),
    WORDS(start),
    WORDS(help),
    WORDS(ack),
    TEXT("keep_for", struct raw_replies, keep_for),
    TEXT("match_within", struct raw_replies, match_within),
    CYAML_FIELD_MAPPING("forward", OPTIONAL, struct raw_replies, forward, forward_fields),
    CYAML_FIELD_END,
};
#define ROLE_VALUES(key, role)                                                                     \
    CYAML_FIELD_SEQUENCE_COUNT(key, OPTIONAL_POINTER, struct raw_oidc_roles, values[role],         \
                               values_count[role], &key_schema, 0, OIDC_VALUES_MAX)
static const cyaml_schema_field_t oidc_roles_fields[] = {
    ROLE_VALUES("relay", ROLE_RELAY),
    ROLE_VALUES("viewer", ROLE_VIEWER),
    ROLE_VALUES("author", ROLE_AUTHOR),
    ROLE_VALUES("approver", ROLE_APPROVER),
    ROLE_VALUES("operator", ROLE_OPERATOR),
    ROLE_VALUES("admin", ROLE_ADMIN),
    CYAML_FIELD_END,
};
_Static_assert(ROLES == RAW_OIDC_ROLES, "a role has its values");
static const cyaml_schema_field_t oidc_fields[] = {
    TEXT("issuer", struct raw_oidc, issuer),
    TEXT("audience", struct raw_oidc, audience),
    TEXT("jwks_url", struct raw_oidc, jwks_url),
    TEXT("jwks_file", struct raw_oidc, jwks_file),
    TEXT("ca_file", struct raw_oidc, ca_file),
    TEXT("role_claim", struct raw_oidc, role_claim),
    TEXT("name_claim", struct raw_oidc, name_claim),
    TEXT("leeway", struct raw_oidc, leeway),
    TEXT("refetch_after", struct raw_oidc, refetch_after),
    CYAML_FIELD_BOOL("allow_http", OPTIONAL, struct raw_oidc, allow_http),
    CYAML_FIELD_MAPPING("roles", OPTIONAL, struct raw_oidc, roles, oidc_roles_fields),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t subscriptions_fields[] = {
    CYAML_FIELD_BOOL("allow_http", OPTIONAL, struct raw_subscriptions, allow_http),
    CYAML_FIELD_BOOL("allow_private", OPTIONAL, struct raw_subscriptions, allow_private),
    TEXT("ca_file", struct raw_subscriptions, ca_file),
    TEXT("timeout", struct raw_subscriptions, timeout),
    TEXT("give_up_after", struct raw_subscriptions, give_up_after),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t provider_fields[] = {
    TEXT("name", struct raw_provider, name),
    TEXT("channel", struct raw_provider, channel),
    TEXT("adapter", struct raw_provider, adapter),
    CYAML_FIELD_FLOAT("rate", OPTIONAL, struct raw_provider, rate),
    CYAML_FIELD_FLOAT("burst", OPTIONAL, struct raw_provider, burst),
    COUNT("concurrency", struct raw_provider, concurrency),
    COUNT("quota", struct raw_provider, quota),
    TEXT("quota_zone", struct raw_provider, quota_zone),
    COUNT("weight", struct raw_provider, weight),
    TEXT("breaker", struct raw_provider, breaker),
    CYAML_FIELD_BOOL("receipts", OPTIONAL, struct raw_provider, receipts),
    CYAML_FIELD_MAPPING("quiet_hours", OPTIONAL, struct raw_provider, quiet_hours, night_fields),
    CYAML_FIELD_IGNORE("settings", OPTIONAL),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t provider_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_provider, provider_fields),
};
static const cyaml_schema_field_t group_fields[] = {
    TEXT("name", struct raw_group, name),
    CYAML_FIELD_SEQUENCE("providers", OPTIONAL_POINTER, struct raw_group, providers, &key_schema, 0,
                         WIRE_PROVIDERS_MAX),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t group_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_group, group_fields),
};
static const cyaml_schema_field_t fields[] = {
    TEXT("data_dir", struct raw_settings, data_dir),
    CYAML_FIELD_MAPPING("listen", OPTIONAL, struct raw_settings, listen, listen_fields),
    CYAML_FIELD_MAPPING("keys", OPTIONAL, struct raw_settings, keys, keys_fields),
    CYAML_FIELD_MAPPING("limits", OPTIONAL, struct raw_settings, limits, limits_fields),
    TEXT("log_level", struct raw_settings, log_level),
    TEXT("lease", struct raw_settings, lease),
    TEXT("heartbeat", struct raw_settings, heartbeat),
    TEXT("disk_reserve", struct raw_settings, disk_reserve),
    TEXT("archive_after", struct raw_settings, archive_after),
    TEXT("audit_kept", struct raw_settings, audit_kept),
    TEXT("hard_failures_kept", struct raw_settings, hard_failures_kept),
    TEXT("down_grace", struct raw_settings, down_grace),
    TEXT("sign_every", struct raw_settings, sign_every),
    TEXT("public_url", struct raw_settings, public_url),
    TEXT("page_codec", struct raw_settings, page_codec),
    COUNT("snapshot_blocks", struct raw_settings, snapshot_blocks),
    COUNT("import_threads", struct raw_settings, import_threads),
    CYAML_FIELD_MAPPING("quiet_hours", OPTIONAL, struct raw_settings, quiet_hours,
                        quiet_hours_fields),
    CYAML_FIELD_MAPPING("frequency_cap", OPTIONAL, struct raw_settings, frequency_cap,
                        frequency_cap_fields),
    CYAML_FIELD_MAPPING("replies", OPTIONAL, struct raw_settings, replies, replies_fields),
    CYAML_FIELD_MAPPING("subscriptions", OPTIONAL, struct raw_settings, subscriptions,
                        subscriptions_fields),
    CYAML_FIELD_MAPPING("oidc", OPTIONAL, struct raw_settings, oidc, oidc_fields),
    CYAML_FIELD_SEQUENCE("providers", OPTIONAL_POINTER, struct raw_settings, providers,
                         &provider_schema, 0, WIRE_PROVIDERS_MAX),
    CYAML_FIELD_SEQUENCE("groups", OPTIONAL_POINTER, struct raw_settings, groups, &group_schema, 0,
                         PROVIDER_GROUPS_MAX),
    CYAML_FIELD_END,
};
const cyaml_schema_value_t coordinator_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_settings, fields),
};
