/* SPDX-License-Identifier: Apache-2.0 */
/*
 * render: the texts of one recipient. A render is a campaign's content with its templates parsed
 * once; it is filled for each recipient from the page's columns. One thread.
 *
 * Variables are the audience's columns by name (`id`, `phone`, `first_name`) and some of our own,
 * which no column can shadow: `token`, `campaign` (the campaign's name), `reply_code` (what he
 * writes back, proto/reply_code.h; missing if the content has no codes), and, if the content has a
 * public URL, the recipient's links `ack_url` and `unsubscribe_url`. A value that is absent from
 * the page is missing: the recipient cannot be served.
 */
#ifndef TOCSIN_WORKER_RENDER_H
#define TOCSIN_WORKER_RENDER_H

#include "common/buf.h"
#include "common/err.h"
#include "proto/token.h"
#include "proto/wire.h"
#include "worker/merge.h"

struct render;
struct render_body; /* the templates of one channel and locale; lives as long as its render */

/* Where the cursor of `view` stands; token has TOKEN_CHARS characters. */
struct render_row {
    const struct render *render;
    const struct page_view *view;
    const char *token;
    uint32_t ordinal; /* of the recipient there */
};

struct render_texts {
    struct slice subject;
    struct slice text;
    struct slice html;
};

/* Copies what it needs of the content. On error (a template does not parse, or names a variable
 * that does not exist) the problem says in which body. */
enum err render_new(struct render **out, const struct wire_content *content,
                    struct problem *problem) WARN_UNUSED;
void render_free(struct render *render);

/* The column of a recipient's rank-th endpoint on a channel, or -1. */
int render_endpoint(const struct render *render, enum channel_kind channel, unsigned rank);
/* Empty if the content has none. */
struct slice render_public_url(const struct render *render);
bool render_has_channel(const struct render *render, enum channel_kind channel);
/* The body in the recipient's language: for its locale ("de-AT"), else for the language ("de"),
 * else the default, else (better a warning in a foreign language than none) the channel's first.
 * NULL only if the channel has no body. Case does not matter, and `_` is as good as `-`. */
const struct render_body *render_body_for(const struct render *render, enum channel_kind channel,
                                          const struct page_view *view);
/* Names of the files that go with the body; borrowed. */
const char *const *render_attachments(const struct render_body *body, unsigned *count);
/* Fills subject, text and html into buf (cleared before) and points *texts there. -1, or the number
 * of the first variable that is missing. */
int render_fill(const struct render_body *body, const struct render_row *row, struct buf *buf,
                struct render_texts *texts);
/* The same message in its form for many, which lives as long as the render and is one for each
 * body; and one recipient's values of it, in `values` (which has merge->slot_count), valid until
 * those of another row are asked for. -1, or the number of the first variable that is missing. */
const struct merge *render_merge(const struct render_body *body);
int render_values(const struct merge *merge, const struct render_row *row, struct buf *buf,
                  struct slice *values);
struct slice render_variable_name(const struct render *render, int number);
/* The value of any variable by its name, valid until that of another row is asked for; false if
 * there is no such variable or it is missing. */
bool render_value(const struct render_row *row, struct slice name, struct slice *value);

#endif
