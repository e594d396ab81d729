/* SPDX-License-Identifier: Apache-2.0 */
/*
 * receipts: what the two ways in have in common, one receipt by its address (receipts_api.c) and
 * many in a body (receipts_batch.c).
 */
#ifndef TOCSIN_API_RECEIPTS_H
#define TOCSIN_API_RECEIPTS_H

#include "common/err.h"
#include "coordinator/api/api_state.h"
#include "coordinator/api/delivery_token.h"
#include "coordinator/api/receipt_report.h"

struct exchange;

#define RECEIPTS_NO_PROVIDER WIRE_PROVIDERS_MAX

/* By its name, as the settings have it; RECEIPTS_NO_PROVIDER if there is none. */
unsigned receipts_provider(const struct api *api, const char *name);
/* Whose receipt it is; a forged one is counted as its provider's. */
enum delivery_token_state receipts_read_token(struct api *api, struct slice text,
                                              struct receipt *receipt);
/* The newest attempt is meant, as whoever sent it knew the recipient alone. */
#define RECEIPTS_NEWEST 0xff /* in the place of a step */
/* What only looks must change nothing: a HEAD is answered 405, and true returned. */
bool receipts_is_head(struct exchange *exchange);
/* Told to the engine, and counted when that takes it. ERR_NOT_FOUND: no such recipient;
 * ERR_CONFLICT: the campaign was not launched; ERR_CLOSED: it has ended, page_wake first. An
 * endpoint that is refused for good, or complains, is put on the suppression list soon. */
enum err receipts_decide(struct api *api, const struct receipt *receipt) WARN_UNUSED;
/* The newest attempt on the step of the receipt, if the endpoint of its rank is tried there; else
 * the receipt stays as it is, of an earlier one. */
void receipts_find_newest(const struct api *api, struct receipt *receipt);

#endif
