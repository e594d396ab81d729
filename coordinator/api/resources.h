/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resources: the handlers that the route table names, one file per resource. What each does is in
 * docs/api.md.
 */
#ifndef TOCSIN_API_RESOURCES_H
#define TOCSIN_API_RESOURCES_H

#include <jansson.h>
#include <stdbool.h>

struct api;
struct campaign_document;
struct campaign_view;
struct exchange;
struct provider_view;
struct subscription;
struct trace_context;
struct worker_view;

/* acknowledgements_api.c */
void acknowledgements_show(struct exchange *exchange);
void acknowledgements_confirm(struct exchange *exchange);
void acknowledgements_post(struct exchange *exchange);

/* receipts_api.c, receipts_batch.c */
void receipts_take(struct exchange *exchange);
void receipts_post(struct exchange *exchange);

/* inbound_api.c */
void inbound_receipt(struct exchange *exchange);
void inbound_events(struct exchange *exchange);
void inbound_voice(struct exchange *exchange);
void inbound_message(struct exchange *exchange);

/* replies_api.c, replies_list.c */
void replies_post(struct exchange *exchange);
void replies_list(struct exchange *exchange);
void replies_get(struct exchange *exchange);
void replies_of_campaign(struct exchange *exchange);

/* assets_api.c: what the dashboard is made of, by the request's path */
void assets_get(struct exchange *exchange);

/* audiences_api.c */
void audiences_list(struct exchange *exchange);
void audiences_get(struct exchange *exchange);
void audiences_refusals(struct exchange *exchange);
void audiences_recipients(struct exchange *exchange);
void audiences_recipient(struct exchange *exchange);

/* uploads_api.c */
void uploads_post(struct exchange *exchange);
void uploads_list(struct exchange *exchange);

/* campaigns_api.c, campaigns_launch.c, campaigns_list.c, campaign_retry.c */
void campaigns_post(struct exchange *exchange);
void campaigns_list(struct exchange *exchange);
void campaigns_get(struct exchange *exchange);
void campaigns_patch(struct exchange *exchange);
void campaigns_launch(struct exchange *exchange);
void campaigns_pause(struct exchange *exchange);
void campaigns_resume(struct exchange *exchange);
void campaigns_cancel(struct exchange *exchange);
void campaigns_retry(struct exchange *exchange);
/* Puts the document, as it stands now, into the record. */
void campaigns_keep(struct api *api, const struct campaign_document *document);
/* Answers with the campaign, which has just changed, once that is on disk; `event` is for the log.
 */
void campaigns_tell_changed(struct exchange *exchange, uint64_t id, const char *event);
/* What the request says of a trace; false: nothing, or nothing that W3C Trace Context allows, which
 * is passed over, as that wants. */
bool campaigns_read_trace(const struct exchange *exchange, struct trace_context *trace);

/* evidence_api.c */
void evidence_get(struct exchange *exchange);
void evidence_key(struct exchange *exchange);
void evidence_key_rotate(struct exchange *exchange);
void evidence_heads(struct exchange *exchange);

/* exports_api.c */
void exports_get(struct exchange *exchange);

/* plans_api.c */
void plans_list(struct exchange *exchange);
void plans_get(struct exchange *exchange);
void plans_put(struct exchange *exchange);
void plans_delete(struct exchange *exchange);

/* preflight_api.c */
void preflight_post(struct exchange *exchange);
void preflight_unreachable(struct exchange *exchange);

/* reports_api.c */
void reports_get(struct exchange *exchange);

/* suppressions_api.c, suppression_import.c */
void suppressions_list(struct exchange *exchange);
void suppressions_put(struct exchange *exchange);
void suppressions_get(struct exchange *exchange);
void suppressions_delete(struct exchange *exchange);
void suppressions_export(struct exchange *exchange);
void suppressions_import(struct exchange *exchange);

/* unsubscribe_api.c */
void unsubscribe_show(struct exchange *exchange);
void unsubscribe_post(struct exchange *exchange);

/* deliveries_api.c */
void deliveries_list(struct exchange *exchange);
void deliveries_get(struct exchange *exchange);

/* texts_api.c */
void texts_get(struct exchange *exchange);

/* audit_api.c */
void audit_list(struct exchange *exchange);
void audit_export(struct exchange *exchange);

/* recipients_api.c */
void recipients_find(struct exchange *exchange);

/* providers_api.c, workers_api.c */
void providers_list(struct exchange *exchange);
void providers_get(struct exchange *exchange);
void providers_patch(struct exchange *exchange);
void providers_reset(struct exchange *exchange);
void workers_list(struct exchange *exchange);

json_t *providers_show(const struct api *api, const struct provider_view *view);
json_t *workers_show(const struct worker_view *view);

/* events_api.c, feed_alarms.c */
void events_get(struct exchange *exchange);
void alarms_list(struct exchange *exchange);

/* subscriptions_api.c, dead_letters_api.c */
struct subscription *subscriptions_find(struct exchange *exchange); /* NULL: it was answered */
void subscriptions_list(struct exchange *exchange);
void subscriptions_post(struct exchange *exchange);
void subscriptions_get(struct exchange *exchange);
void subscriptions_patch(struct exchange *exchange);
void subscriptions_delete(struct exchange *exchange);
void subscriptions_rotate(struct exchange *exchange);
void subscriptions_dead_letters(struct exchange *exchange);
void subscriptions_redeliver(struct exchange *exchange);

/* keys_api.c */
void keys_list(struct exchange *exchange);
void keys_rotate(struct exchange *exchange);

/* tokens_api.c */
void tokens_list(struct exchange *exchange);
void tokens_post(struct exchange *exchange);
void tokens_get(struct exchange *exchange);
void tokens_delete(struct exchange *exchange);
void tokens_me(struct exchange *exchange);

/* system_api.c */
void system_healthz(struct exchange *exchange);
void system_readyz(struct exchange *exchange);
void system_status(struct exchange *exchange);

/* metrics_api.c */
void metrics_get(struct exchange *exchange);

#endif
