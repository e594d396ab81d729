/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/routes.h"

#include "coordinator/api/resources.h"

#define ANYBODY   ROLE_SET_ANYBODY
#define VIEWERS   ROLE_SET_VIEWERS
#define AUTHORS   ROLE_SET_AUTHORS
#define APPROVERS ROLE_SET_APPROVERS
#define OPERATORS ROLE_SET_OPERATORS
#define RELAYS    ROLE_SET_RELAYS
#define ALL       ROLE_SET_ALL
#define ADMINS    ROLE_SET_ADMINS

static const char *const list_parameters[] = {"limit", "cursor", NULL};
static const char *const lookup_parameters[] = {"key",      "endpoint", "channel", "campaign",
                                                "timeline", "limit",    "cursor",  NULL};
static const char *const campaign_parameters[] = {"order", "state", "limit", "cursor", NULL};
static const char *const recipients_parameters[] = {"state", "reason", "limit", "cursor", NULL};
static const char *const evidence_parameters[] = {"recipient", NULL};
static const char *const export_parameters[] = {
    "state", "channel", "provider", "format", "compress", "end_line", "snapshot", "after", NULL};
static const char *const unreachable_parameters[] = {"format", NULL};
static const char *const report_parameters[] = {"format", "compare", "by", NULL};
static const char *const suppression_parameters[] = {"channel", "reason", "limit", "cursor", NULL};
static const char *const reply_parameters[] = {"campaign", "class", "channel", "recipient",
                                               "provider", "limit", "cursor",  NULL};
static const char *const campaign_reply_parameters[] = {"class", "channel", "recipient", "provider",
                                                        "limit", "cursor",  NULL};
static const char *const event_parameters[] = {"campaign", "types", NULL};
static const char *const audit_parameters[] = {"who", "object", "action", "from",
                                               "to",  "limit",  "cursor", NULL};
static const char *const audit_export_parameters[] = {"who", "object", "action", "from",
                                                      "to",  "format", NULL};
static const char *const import_parameters[] = {"on_error", NULL};
static const char *const upload_parameters[] = {"name", "format", "on_error", "max", "map", NULL};

/* Providers have names of their own in the query, and their own way to prove who they are. */
#define INBOUND (ROUTE_REPEATABLE | ROUTE_OWN_QUERY)

const struct route routes_of_public[] = {
    {"GET", "/a/{token}", acknowledgements_show, ANYBODY, 0, NULL},
    {"POST", "/a/{token}", acknowledgements_confirm, ANYBODY, ROUTE_CHANGES, NULL},
    {"GET", "/u/{token}", unsubscribe_show, ANYBODY, 0, NULL},
    {"POST", "/u/{token}", unsubscribe_post, ANYBODY, ROUTE_CHANGES, NULL},
    {"POST", "/r/{provider}/{token}", inbound_receipt, ANYBODY, INBOUND, NULL},
    {"GET", "/r/{provider}/{token}", inbound_receipt, ANYBODY, INBOUND, NULL},
    {"POST", "/r/{provider}", inbound_events, ANYBODY, INBOUND | ROUTE_LARGE, NULL},
    {"GET", "/r/{provider}", inbound_events, ANYBODY, INBOUND, NULL},
    {"POST", "/v/{provider}/{token}", inbound_voice, ANYBODY, INBOUND, NULL},
    {"POST", "/i/{provider}", inbound_message, ANYBODY, INBOUND, NULL},
    {"GET", "/i/{provider}", inbound_message, ANYBODY, INBOUND, NULL},
    {"GET", "/healthz", system_healthz, ANYBODY, 0, NULL},
    {NULL, NULL, NULL, 0, 0, NULL},
};

const struct route routes_of_api[] = {
    {"GET", "/", assets_get, ANYBODY, 0, NULL},
    {"GET", "/docs", assets_get, ANYBODY, 0, NULL},
    {"GET", "/openapi.yaml", assets_get, ANYBODY, 0, NULL},
    {"GET", "/icon.svg", assets_get, ANYBODY, 0, NULL},
    {"GET", "/assets/{name}", assets_get, ANYBODY, 0, NULL},
    {"GET", "/healthz", system_healthz, ANYBODY, 0, NULL},
    {"GET", "/readyz", system_readyz, ANYBODY, 0, NULL},
    {"GET", "/metrics", metrics_get, ANYBODY, 0, NULL},
    {"POST", "/v1/acknowledgements", acknowledgements_post, RELAYS, ROUTE_CHANGES | ROUTE_MACHINE,
     NULL},
    {"POST", "/v1/receipts", receipts_post, RELAYS, ROUTE_CHANGES | ROUTE_MACHINE, NULL},
    {"POST", "/v1/replies", replies_post, RELAYS, ROUTE_CHANGES | ROUTE_MACHINE, NULL},
    {"GET", "/v1/replies", replies_list, VIEWERS, 0, reply_parameters},
    {"GET", "/v1/replies/{id}", replies_get, VIEWERS, 0, NULL},
    {"GET", "/v1/status", system_status, VIEWERS, 0, NULL},
    {"GET", "/v1/audiences", audiences_list, VIEWERS, 0, list_parameters},
    {"POST", "/v1/audiences", uploads_post, AUTHORS, ROUTE_CHANGES | ROUTE_STREAM,
     upload_parameters},
    {"GET", "/v1/audiences/{id}", audiences_get, VIEWERS, 0, NULL},
    {"GET", "/v1/audiences/{id}/refusals", audiences_refusals, VIEWERS, 0, list_parameters},
    {"GET", "/v1/audiences/{id}/recipients", audiences_recipients, VIEWERS, 0, list_parameters},
    {"GET", "/v1/audiences/{id}/recipients/{key}", audiences_recipient, VIEWERS, 0, NULL},
    {"GET", "/v1/uploads", uploads_list, VIEWERS, 0, NULL},
    {"GET", "/v1/campaigns", campaigns_list, VIEWERS, 0, campaign_parameters},
    {"POST", "/v1/campaigns", campaigns_post, AUTHORS, ROUTE_CHANGES, NULL},
    {"GET", "/v1/campaigns/{id}", campaigns_get, VIEWERS, 0, NULL},
    {"PATCH", "/v1/campaigns/{id}", campaigns_patch, OPERATORS, ROUTE_CHANGES, NULL},
    {"POST", "/v1/campaigns/{id}/launch", campaigns_launch, APPROVERS, ROUTE_CHANGES, NULL},
    {"POST", "/v1/campaigns/{id}/pause", campaigns_pause, OPERATORS, ROUTE_CHANGES, NULL},
    {"POST", "/v1/campaigns/{id}/resume", campaigns_resume, OPERATORS, ROUTE_CHANGES, NULL},
    {"POST", "/v1/campaigns/{id}/cancel", campaigns_cancel, OPERATORS, ROUTE_CHANGES, NULL},
    {"POST", "/v1/campaigns/{id}/retry", campaigns_retry, OPERATORS, ROUTE_CHANGES, NULL},
    {"POST", "/v1/campaigns/{id}/preflight", preflight_post, VIEWERS, 0, NULL},
    {"GET", "/v1/campaigns/{id}/unreachable", preflight_unreachable, VIEWERS, 0,
     unreachable_parameters},
    {"GET", "/v1/campaigns/{id}/evidence", evidence_get, VIEWERS, 0, evidence_parameters},
    {"GET", "/v1/evidence/key", evidence_key, VIEWERS, 0, NULL},
    {"POST", "/v1/evidence/key/rotate", evidence_key_rotate, ADMINS, ROUTE_CHANGES, NULL},
    {"GET", "/v1/evidence/heads", evidence_heads, VIEWERS, 0, list_parameters},
    {"GET", "/v1/campaigns/{id}/export", exports_get, VIEWERS, 0, export_parameters},
    {"GET", "/v1/campaigns/{id}/report", reports_get, VIEWERS, 0, report_parameters},
    {"GET", "/v1/campaigns/{id}/recipients", deliveries_list, VIEWERS, 0, recipients_parameters},
    {"GET", "/v1/campaigns/{id}/recipients/{key}", deliveries_get, VIEWERS, 0, NULL},
    {"GET", "/v1/campaigns/{id}/recipients/{key}/texts", texts_get, VIEWERS, 0, NULL},
    {"GET", "/v1/campaigns/{id}/replies", replies_of_campaign, VIEWERS, 0,
     campaign_reply_parameters},
    {"GET", "/v1/recipients", recipients_find, VIEWERS, 0, lookup_parameters},
    {"GET", "/v1/suppressions", suppressions_list, VIEWERS, 0, suppression_parameters},
    {"PUT", "/v1/suppressions", suppressions_put, OPERATORS, ROUTE_CHANGES, NULL},
    {"POST", "/v1/suppressions", suppressions_put, OPERATORS, ROUTE_CHANGES, NULL},
    {"GET", "/v1/suppressions/export", suppressions_export, VIEWERS, 0, NULL},
    {"POST", "/v1/suppressions/import", suppressions_import, OPERATORS,
     ROUTE_CHANGES | ROUTE_STREAM, import_parameters},
    {"GET", "/v1/suppressions/{channel}/{value}", suppressions_get, VIEWERS, 0, NULL},
    {"DELETE", "/v1/suppressions/{channel}/{value}", suppressions_delete, OPERATORS, ROUTE_CHANGES,
     NULL},
    {"GET", "/v1/plans", plans_list, VIEWERS, 0, list_parameters},
    {"GET", "/v1/plans/{name}", plans_get, VIEWERS, 0, NULL},
    {"PUT", "/v1/plans/{name}", plans_put, AUTHORS, ROUTE_CHANGES, NULL},
    {"DELETE", "/v1/plans/{name}", plans_delete, AUTHORS, ROUTE_CHANGES, NULL},
    {"GET", "/v1/providers", providers_list, VIEWERS, 0, list_parameters},
    {"GET", "/v1/providers/{name}", providers_get, VIEWERS, 0, NULL},
    {"PATCH", "/v1/providers/{name}", providers_patch, OPERATORS, ROUTE_CHANGES, NULL},
    {"DELETE", "/v1/providers/{name}/limit", providers_reset, OPERATORS, ROUTE_CHANGES, NULL},
    {"GET", "/v1/keys/delivery", keys_list, VIEWERS, 0, list_parameters},
    {"POST", "/v1/keys/delivery/rotate", keys_rotate, ADMINS, ROUTE_CHANGES, NULL},
    {"GET", "/v1/me", tokens_me, ALL, 0, NULL},
    {"GET", "/v1/tokens", tokens_list, ADMINS, 0, list_parameters},
    {"POST", "/v1/tokens", tokens_post, ADMINS, ROUTE_CHANGES, NULL},
    {"GET", "/v1/tokens/{id}", tokens_get, ADMINS, 0, NULL},
    {"DELETE", "/v1/tokens/{id}", tokens_delete, ADMINS, ROUTE_CHANGES, NULL},
    {"GET", "/v1/audit", audit_list, ADMINS, 0, audit_parameters},
    {"GET", "/v1/audit/export", audit_export, ADMINS, 0, audit_export_parameters},
    {"GET", "/v1/events", events_get, VIEWERS, 0, event_parameters},
    {"GET", "/v1/alarms", alarms_list, VIEWERS, 0, NULL},
    {"GET", "/v1/subscriptions", subscriptions_list, OPERATORS, 0, list_parameters},
    {"POST", "/v1/subscriptions", subscriptions_post, ADMINS, ROUTE_CHANGES, NULL},
    {"GET", "/v1/subscriptions/{id}", subscriptions_get, OPERATORS, 0, NULL},
    {"PATCH", "/v1/subscriptions/{id}", subscriptions_patch, OPERATORS, ROUTE_CHANGES, NULL},
    {"DELETE", "/v1/subscriptions/{id}", subscriptions_delete, ADMINS, ROUTE_CHANGES, NULL},
    {"POST", "/v1/subscriptions/{id}/rotate", subscriptions_rotate, ADMINS, ROUTE_CHANGES, NULL},
    {"GET", "/v1/subscriptions/{id}/dead-letters", subscriptions_dead_letters, OPERATORS, 0,
     list_parameters},
    {"POST", "/v1/subscriptions/{id}/dead-letters/redeliver", subscriptions_redeliver, OPERATORS,
     ROUTE_CHANGES, NULL},
    {"GET", "/v1/workers", workers_list, VIEWERS, 0, list_parameters},
    {NULL, NULL, NULL, 0, 0, NULL},
};
