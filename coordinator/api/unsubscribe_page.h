/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unsubscribe_page: what people see at the link that ends messages to an endpoint. Works without
 * scripts; says nothing of whom it belongs to.
 */
#ifndef TOCSIN_API_UNSUBSCRIBE_PAGE_H
#define TOCSIN_API_UNSUBSCRIBE_PAGE_H

#include "common/buf.h"
#include "coordinator/api/http_server.h"

#define UNSUBSCRIBE_PAGE_TYPE "text/html; charset=utf-8"

/* Answers with the page that asks, or says why not. */
void unsubscribe_page_ask(struct http_request *http);
void unsubscribe_page_refuse(struct http_request *http, unsigned status);
/* Writes the page for when it is done, and the headers that it needs. */
void unsubscribe_page_done(struct http_request *http, struct buf *html);

#endif
