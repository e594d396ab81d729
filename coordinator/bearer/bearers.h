/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bearers: the tokens that providers want made once for all workers, and renewed in time: Apple's
 * for a team (signed here), and Google's access token (asked for with a signed assertion). Keys are
 * read when a token is made, so that a new file is seen at the next renewal, and kept no longer.
 *
 * What cannot be made is logged and tried again; until then the provider's attempts are
 * misconfigured (REASON_TOKEN_MISSING) or have the last token. Providers with the same key share
 * one. Loop's thread only.
 */
#ifndef TOCSIN_BEARER_BEARERS_H
#define TOCSIN_BEARER_BEARERS_H

#include <stdint.h>
#include <uv.h>

#include "common/slice.h"
#include "proto/wire.h"

struct bearers;

struct bearers_context {
    uv_loop_t *loop;
    void *arg;
    uint64_t (*now_ms)(void *arg); /* unix time */
    /* A token for the adapter of this name; valid during the call. */
    void (*made)(void *arg, uint32_t provider, const char *adapter, struct slice token);
};

/* Begins at once, in the next turn of the loop. The providers are borrowed. Those that want no
 * token are passed over; what is wrong with their settings is the workers' to say. */
struct bearers *bearers_open(const struct bearers_context *context,
                             const struct wire_provider *providers, unsigned count);
/* All of them anew, with the keys as they are now. */
void bearers_renew(struct bearers *bearers);
/* NULL is fine. Run the loop until it has no handles afterwards. */
void bearers_close(struct bearers *bearers);

#endif
