/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command_table.h"

#include <stddef.h>

const struct command_group command_table[] = {
    {"send", "import a file, send everybody in it a message, and watch", send_commands},
    {"audience", "lists of recipients", audience_commands},
    {"campaign", "messages to audiences", campaign_commands},
    {"plan", "ladders of channels that have a name", plan_commands},
    {"preflight", "what a draft would meet if it were launched", preflight_commands},
    {"recipient", "what became of one, or of those in a state", recipient_commands},
    {"evidence", "prove to others what was sent, and check such proof", evidence_commands},
    {"export", "every delivery of a campaign, to a file", export_commands},
    {"reply", "take in what somebody wrote or said back", reply_commands},
    {"report", "what became of a campaign, as text, JSON, CSV or a page", report_commands},
    {"suppression", "who must not be sent to", suppression_commands},
    {"worker", "the workers", worker_commands},
    {"provider", "the providers", provider_commands},
    {"key", "keys of delivery tokens", key_commands},
    {"token", "who may use the API, and for what", token_commands},
    {"audit", "who did what", audit_commands},
    {"events", "what happens, as it happens", events_commands},
    {"subscription", "who is told of events by webhooks", subscription_commands},
    {"doctor", "find out what is wrong", doctor_commands},
    {"keygen", "make keys for workers on other hosts", keygen_commands},
    {NULL, NULL, NULL},
};
