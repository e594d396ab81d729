/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inbound_fetch: gets what an adapter needs to check a request: a certificate, or the address by
 * which a subscription is confirmed. A plain GET without redirects; the adapter has said which
 * hosts it trusts. Few at a time, as a stranger's request must not make us ask others for much.
 */
#ifndef TOCSIN_API_INBOUND_FETCH_H
#define TOCSIN_API_INBOUND_FETCH_H

#include <stdbool.h>
#include <uv.h>

#include "common/slice.h"

struct inbound_fetcher;
/* ca_file: whom the host's certificate must be issued by; NULL: the system's authorities. */
struct inbound_fetcher *inbound_fetcher_new(uv_loop_t *loop, const char *ca_file);
/* What is under way is told as not to be had before this returns. NULL is fine. */
void inbound_fetcher_close(struct inbound_fetcher *fetcher);

/* body: of a 2xx answer that is all there, else empty. */
typedef void (*inbound_fetched_fn)(void *arg, struct slice body);
/* False: too many are under way. The callback comes later, once. */
bool inbound_fetch(struct inbound_fetcher *fetcher, const char *url, inbound_fetched_fn fetched,
                   void *arg);
/* The arg is gone: the callback does not come. A fetcher of NULL is fine. */
void inbound_fetch_forget(struct inbound_fetcher *fetcher, const void *arg);

#endif
