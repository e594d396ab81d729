/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exchange_internal: what the files of exchange share. For exchange.c, exchange_key.c and
 * exchange_pending.c alone.
 */
#ifndef TOCSIN_API_EXCHANGE_INTERNAL_H
#define TOCSIN_API_EXCHANGE_INTERNAL_H

#include "coordinator/api/exchange.h"

#define EXCHANGE_JSON_TYPE "application/json"

/* The caller's, to be freed with free. */
char *exchange_dump(json_t *take_json);
/* A refused request has changed nothing: its key can be used again. */
void exchange_release_claim(struct exchange *exchange);
/* The request is gone: what is on its way to the disk answers nobody. */
void exchange_abandon(struct exchange *exchange);

#endif
