/* SPDX-License-Identifier: Apache-2.0 */
/*
 * callback_url: the addresses that providers are given to report at. A path names the provider, as
 * the coordinator's settings have it, and ends with a token, which is the proof of who calls
 * (proto/token.h): /r/{provider}/{token} for receipts, /v/{provider}/{token} for keys that are
 * pressed during a call.
 */
#ifndef TOCSIN_CHANNEL_CALLBACK_URL_H
#define TOCSIN_CHANNEL_CALLBACK_URL_H

#include "common/buf.h"
#include "common/err.h"
#include "proto/token.h"

#define CALLBACK_RECEIPT "/r/"
#define CALLBACK_VOICE   "/v/"

/* Appends it; `base` is without the last slash. */
void callback_url_put(struct buf *buf, struct slice base, const char *way, const char *provider,
                      const char token[TOKEN_CHARS]);
/* Is the setting `key` a URL that something can be appended to, if there is one? ERR_INVALID. */
enum err callback_url_check(const char *url, const char *where, const char *key,
                            struct problem *problem) WARN_UNUSED;

#endif
