/* SPDX-License-Identifier: Apache-2.0 */
/*
 * channel: an open way to send, one for each provider and loop; made by an adapter from the
 * provider's settings. One adapter per file, one row in the table of channel.c and one in
 * proto/adapter.h. Loop's thread only.
 */
#ifndef TOCSIN_CHANNEL_CHANNEL_H
#define TOCSIN_CHANNEL_CHANNEL_H

#include <jansson.h>
#include <stdint.h>
#include <uv.h>

#include "common/err.h"
#include "net/transfer_tally.h"
#include "worker/delivery.h"

/* May start the next attempt of any channel, but not close the channel that it came from. */
typedef void (*channel_result_fn)(void *arg, uint32_t attempt, const struct attempt_result *result);

struct channel_context {
    uv_loop_t *loop;
    channel_result_fn result;
    void *arg;
    struct transfer_tally *tally; /* of the provider; outlives the channel; NULL: nobody counts */
};

/* The first member of every adapter's own struct. */
struct channel {
    const struct channel_adapter *adapter;
};

struct channel_adapter {
    const char *name; /* of proto/adapter.h */
    /* settings: the provider's JSON object. ERR_INVALID with a problem that names the key and what
     * would be right; a secret that is not there is ERR_NOT_FOUND. */
    enum err (*open)(struct channel **out, const struct channel_context *context,
                     const struct wire_provider *provider, json_t *settings,
                     struct problem *problem);
    /* How many attempts may be under way together; 0 while it waits for something that it needs.
     * More are a bug of the caller. */
    uint32_t (*concurrency)(const struct channel *channel);
    /* Copies what it keeps; calls context.result once, now or later. An adapter whose requests take
     * many recipients may gather attempts here until one is full. */
    void (*start)(struct channel *channel, const struct attempt *attempt);
    bool takes_attachments;
    /* Sends what start has gathered: nothing follows at once that could go with it. NULL: every
     * attempt goes alone. */
    void (*flush)(struct channel *channel);
    /* Recipients of one campaign that one request takes at most; the core then waits a little
     * until so many may start. NULL: it waits for nobody. */
    uint32_t (*bulk)(const struct channel *channel);
    /* Attempts carry `merge` and `values` in place of the rendered texts. */
    bool is_merged;
    /* With is_merged: can this recipient of this message be started, into a request that is being
     * gathered or by an idle connection? What was started is sent before the core runs again, so
     * that nobody is called back in vain. NULL: as concurrency allows. */
    bool (*has_room)(const struct channel *channel, const struct merge *merge,
                     struct slice endpoint);
    /* A token that the coordinator made, for the adapter of this name (one channel may be made of
     * several, and passes over what is for none); visible ASCII, a secret, valid during the call.
     * Attempts that need one and find none are misconfigured. NULL: it needs none. */
    void (*set_bearer)(struct channel *channel, const char *adapter, struct slice bearer);
    /* Attempts under way are given up: their results still come (uncertain or deferred) before this
     * returns. What libuv still holds is freed in later turns: run the loop until it has no handles
     * before uv_loop_close. */
    void (*close)(struct channel *channel);
};

/* By the provider's adapter name; ERR_NOT_FOUND names the nearest. */
enum err channel_open(struct channel **out, const struct channel_context *context,
                      const struct wire_provider *provider, struct problem *problem) WARN_UNUSED;

#endif
