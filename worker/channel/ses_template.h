/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ses_template: a message as a template of Amazon SES, which are Handlebars: each slot becomes
 * {{{v0}}}, {{{v1}}}, ..., with three braces as the values are escaped already. Whatever in the
 * text could be read as Handlebars becomes a value, too: {{{o}}} for an opening brace, {{{c}}} for
 * a closing one, {{{b}}} for a backslash. Pure.
 */
#ifndef TOCSIN_CHANNEL_SES_TEMPLATE_H
#define TOCSIN_CHANNEL_SES_TEMPLATE_H

#include "common/buf.h"
#include "worker/merge.h"

/* Which of {{{o}}}, {{{c}}}, {{{b}}} a template has. */
enum ses_used { SES_USED_OPEN = 1, SES_USED_CLOSE = 2, SES_USED_BACKSLASH = 4 };

/* Appends the part; returns a sum of enum ses_used. */
unsigned ses_template_write(struct buf *buf, const struct merge_part *part);
/* Appends the template's data as a JSON object: the values of the slots, and those of `used`. */
void ses_template_data(struct buf *buf, const struct slice *values, uint32_t count, unsigned used);
/* Appends the part as the recipient reads it. */
void ses_template_fill(struct buf *buf, const struct merge_part *part, const struct slice *values);

#endif
