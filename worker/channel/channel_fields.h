/* SPDX-License-Identifier: Apache-2.0 */
/*
 * channel_fields: the variables of an adapter's own templates (URLs, headers, bodies of settings):
 *
 *     to                  the endpoint
 *     subject text html   the message as rendered for this recipient
 *     token               the delivery token: new with each attempt, kept when one is repeated
 *     reference           campaign-ordinal-step: the same however often it is tried; -round behind
 * it key                 the recipient's secret.NAME         of the settings' map `secrets`
 *     anything else       the recipient's variable of that name
 */
#ifndef TOCSIN_CHANNEL_CHANNEL_FIELDS_H
#define TOCSIN_CHANNEL_CHANNEL_FIELDS_H

#include <jansson.h>
#include <stdbool.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/template.h"
#include "worker/delivery.h"

#define CHANNEL_REFERENCE_CHARS 48

struct channel_fields;

/* secrets: a JSON map of names to references, or NULL. ERR_NOT_FOUND for one that is not there. */
enum err channel_fields_new(struct channel_fields **out, json_t *secrets, const char *where,
                            struct problem *problem) WARN_UNUSED;
void channel_fields_free(struct channel_fields *fields);

/* A template over all fields. `where` begins the problem's text. The fields must outlive it. */
enum err channel_fields_template(struct template **out, struct channel_fields *fields,
                                 struct slice text, enum template_escape escape, const char *where,
                                 struct problem *problem) WARN_UNUSED;
/* One over the secrets alone, which are not escaped. */
enum err channel_fields_secret_template(struct template **out, struct channel_fields *fields,
                                        struct slice text, const char *where,
                                        struct problem *problem) WARN_UNUSED;
/* Does the text depend on the attempt? */
bool channel_fields_vary(struct channel_fields *fields, const struct template *template);
/* Appends the filled text. `attempt` may be NULL for a template that does not vary. False if the
 * recipient lacks a variable. */
bool channel_fields_fill(struct channel_fields *fields, const struct template *template,
                         const struct attempt *attempt, struct buf *buf);
/* The same with the digit 1 for whatever varies: to check settings. */
void channel_fields_fill_sample(struct channel_fields *fields, const struct template *template,
                                struct buf *buf);

/* Writes campaign-ordinal-step, and behind it the round (2, ...) if it is not the first; returns
 * its length. */
size_t channel_fields_reference(const struct attempt *attempt,
                                char reference[CHANNEL_REFERENCE_CHARS]);

#endif
