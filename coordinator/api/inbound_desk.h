/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inbound_desk: the adapters of the providers that send something in forms of their own, opened
 * with their settings. One whose secrets cannot be had is logged, shown with the provider, and
 * stays closed: what it sends is answered 503, and comes again when the secret is there and was
 * read anew.
 */
#ifndef TOCSIN_API_INBOUND_DESK_H
#define TOCSIN_API_INBOUND_DESK_H

#include <stdbool.h>

#include "coordinator/api/api_state.h"
#include "coordinator/inbound/inbound.h"

/* Opens those that are closed, and opens the others again: secrets are read anew. A provider whose
 * settings have become bad keeps what it had. */
void inbound_desk_open(struct api *api);
void inbound_desk_close(struct api *api);
/* The provider's adapter has a form of its own. */
bool inbound_desk_has_form(const struct api *api, unsigned provider);
/* Why the provider's callbacks cannot be checked at present; NULL: they can, or it has none. */
const char *inbound_desk_why_closed(const struct api *api, unsigned provider);
void inbound_desk_take(struct api *api, unsigned provider, const struct inbound_request *request,
                       struct inbound_result *result);
void inbound_desk_fetched(struct api *api, unsigned provider, const char *url, struct slice body);

#endif
