/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_body: a JSON document of settings as a template. It is printed once, at opening, so that
 * filling it is as cheap as filling a text; values are escaped as the inside of a string.
 */
#ifndef TOCSIN_CHANNEL_JSON_BODY_H
#define TOCSIN_CHANNEL_JSON_BODY_H

#include <jansson.h>

#include "common/err.h"
#include "worker/channel/channel_fields.h"

/* Appends the document as text of a template: `\{{` stays what it is. */
void json_body_print(struct buf *text, const json_t *document);
/* Is it JSON once it is filled? `where` begins the problem's text. ERR_INVALID. */
enum err json_body_check(struct channel_fields *fields, const struct template *body,
                         const char *where, struct problem *problem) WARN_UNUSED;
/* Both, for a document that is not changed; placeholders may stand in names and in texts.
 * ERR_INVALID. The fields must outlive the template. */
enum err json_body_template(struct template **out, struct channel_fields *fields,
                            const json_t *document, const char *where,
                            struct problem *problem) WARN_UNUSED;

#endif
