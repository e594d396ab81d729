/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inbound_adapters: the adapters, for their table, and what they have in common. For the files of
 * this room alone.
 */
#ifndef TOCSIN_INBOUND_INBOUND_ADAPTERS_H
#define TOCSIN_INBOUND_INBOUND_ADAPTERS_H

#include "common/buf.h"
#include "coordinator/inbound/form.h"
#include "coordinator/inbound/inbound.h"

extern const struct inbound_adapter inbound_kannel;
extern const struct inbound_adapter inbound_sendgrid;
extern const struct inbound_adapter inbound_ses;
extern const struct inbound_adapter inbound_slack;
extern const struct inbound_adapter inbound_twilio;
extern const struct inbound_adapter inbound_twilio_voice;
extern const struct inbound_adapter inbound_whatsapp;

/* ---- settings ---- */

/* The secret that `key` refers to; without the key nothing is written, and that is no error. */
enum err inbound_read_secret(const json_t *settings, const char *key, struct buf *secret,
                             struct problem *problem) WARN_UNUSED;
/* A string; *text is NULL without the key. Belongs to `settings`. */
enum err inbound_read_text(const json_t *settings, const char *key, const char **text,
                           struct problem *problem) WARN_UNUSED;
/* Without the key *ms stays as it is. */
enum err inbound_read_duration(const json_t *settings, const char *key, uint64_t min_ms,
                               uint64_t max_ms, uint64_t *ms, struct problem *problem) WARN_UNUSED;

/* ---- requests ---- */

const char *inbound_header(const struct inbound_request *request, const char *name);
bool inbound_is_post(const struct inbound_request *request);
/* Within max_age_ms before now, and five minutes after it, as clocks differ. */
bool inbound_is_recent(uint64_t at_ms, uint64_t now_ms, uint64_t max_age_ms);
/* Query and, of a POST, the body if it is a form. False: too many parameters, and the result says
 * so. */
bool inbound_form(const struct inbound_request *request, struct form *form,
                  struct inbound_result *result);

/* A body of JSON. NULL: it is none, and the result says so. */
json_t *inbound_json(struct slice body, struct inbound_result *result);
/* A member that is a string, copied into the arena; empty if there is none. */
struct slice inbound_json_text(const json_t *object, const char *member, struct arena *arena);

/* ---- events ---- */

/* What an enhanced status code says of the address (RFC 3463), "5.1.1" or a reply code, "550";
 * `otherwise` if it says nothing. */
uint16_t inbound_reason_of_status(struct slice status, uint16_t otherwise);

void inbound_emit_receipt(struct inbound_result *result, struct slice token, enum receipt_kind kind,
                          uint16_t reason);

#endif
