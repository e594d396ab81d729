/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acknowledgement_page: what a recipient sees who follows the link of his message. One column of
 * text and one button; no script, no picture, nothing from elsewhere, so that it works in any
 * browser and with any reader.
 */
#ifndef TOCSIN_API_ACKNOWLEDGEMENT_PAGE_H
#define TOCSIN_API_ACKNOWLEDGEMENT_PAGE_H

#include "common/buf.h"
#include "coordinator/api/http_server.h"

#define ACKNOWLEDGEMENT_PAGE_TYPE "text/html; charset=utf-8"

/* Answers with the question and the button; the form posts to where the page came from. */
void acknowledgement_page_ask(struct http_request *http, const char *campaign);
/* The page that thanks, to be sent when the acknowledgement is durable. */
void acknowledgement_page_thanks(struct http_request *http, const char *campaign, struct buf *html);
/* Answers that the link leads nowhere (403, 404), no more (410), or not now (503). */
void acknowledgement_page_refuse(struct http_request *http, unsigned status);

#endif
