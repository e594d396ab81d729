/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push_form: the JSON of a push message. Each service has its own basic form, with templates
 * (channel_fields.h) as texts; what settings hold is laid over it, member by member; null takes a
 * member out. The title is left out of messages without a subject.
 */
#ifndef TOCSIN_CHANNEL_PUSH_FORM_H
#define TOCSIN_CHANNEL_PUSH_FORM_H

#include <jansson.h>
#include <stdbool.h>

#include "worker/channel/channel_fields.h"

struct push_form;

struct push_form_settings {
    json_t *take_base;
    json_t *over;      /* a map, or NULL */
    const char *alert; /* JSON pointer of the map whose member `title` it is */
};

/* `where` begins the problem's text, `key` names the map that is laid over. ERR_INVALID. */
enum err push_form_new(struct push_form **out, struct channel_fields *fields,
                       const struct push_form_settings *settings, const char *where,
                       const char *key, struct problem *problem) WARN_UNUSED;
void push_form_free(struct push_form *form); /* NULL is fine */
/* Appends the message. False if the recipient lacks a variable. */
bool push_form_fill(const struct push_form *form, const struct attempt *attempt, struct buf *buf);

#endif
