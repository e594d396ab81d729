/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recipient_page: what a recipient sees who follows a link of his message. One column of text and
 * one button, in his own language; no script and nothing from elsewhere, so that it works in any
 * browser and with any reader.
 */
#ifndef TOCSIN_API_RECIPIENT_PAGE_H
#define TOCSIN_API_RECIPIENT_PAGE_H

#include "coordinator/api/exchange.h"
#include "coordinator/api/recipient_texts.h"
#include "proto/token.h"

enum recipient_page {
    RECIPIENT_PAGE_CONFIRM, /* asks, under the campaign's name */
    RECIPIENT_PAGE_THANKS,
    RECIPIENT_PAGE_UNSUBSCRIBE, /* asks */
    RECIPIENT_PAGE_UNSUBSCRIBED,
    RECIPIENT_PAGE_UNCHANGED,
    RECIPIENT_PAGE_OLD,
    RECIPIENT_PAGE_LATER,
    RECIPIENT_PAGE_BROKEN
};

/* The language for the recipient that a genuine token names (NULL: the token is none): that of his
 * locale in the audience, else what his browser asks for, else English. Reads his page. */
const struct recipient_texts *recipient_page_texts(const struct exchange *exchange,
                                                   const struct token *token);
/* The same for the form of RECIPIENT_PAGE_CONFIRM, which says what language it was in. */
const struct recipient_texts *recipient_page_form_texts(const struct exchange *exchange,
                                                        const struct token *token);

/* Answers. `campaign` is its name, for the first two pages. A form posts to where it came from. */
void recipient_page_reply(struct exchange *exchange, unsigned status, enum recipient_page page,
                          const struct recipient_texts *texts, const char *campaign);
/* Answers when what was decided is durable. */
void recipient_page_commit(struct exchange *exchange, enum recipient_page page,
                           const struct recipient_texts *texts, const char *campaign);
/* The page for a status: not understood (400), no more (410), not now (503), or a link that leads
 * nowhere. */
void recipient_page_refuse(struct exchange *exchange, unsigned status,
                           const struct recipient_texts *texts);

#endif
