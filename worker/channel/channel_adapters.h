/* SPDX-License-Identifier: Apache-2.0 */
/*
 * channel_adapters: the rows of channel.c's table. A new adapter is one file, one line here and one
 * in the table.
 */
#ifndef TOCSIN_CHANNEL_CHANNEL_ADAPTERS_H
#define TOCSIN_CHANNEL_CHANNEL_ADAPTERS_H

#include "worker/channel/channel.h"

extern const struct channel_adapter channel_null_adapter;
extern const struct channel_adapter channel_http_adapter;
extern const struct channel_adapter channel_smtp_adapter;
extern const struct channel_adapter channel_kannel_adapter;
extern const struct channel_adapter channel_twilio_adapter;
extern const struct channel_adapter channel_twilio_voice_adapter;
extern const struct channel_adapter channel_webhook_adapter;
extern const struct channel_adapter channel_sendgrid_adapter;
extern const struct channel_adapter channel_whatsapp_adapter;
extern const struct channel_adapter channel_slack_adapter;
extern const struct channel_adapter channel_teams_adapter;
extern const struct channel_adapter channel_ses_adapter;
extern const struct channel_adapter channel_fcm_adapter;
extern const struct channel_adapter channel_apns_adapter;
extern const struct channel_adapter channel_webpush_adapter;
extern const struct channel_adapter channel_push_adapter;

#endif
