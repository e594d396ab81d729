/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outlets: the open channels of a worker loop, one for each provider. A provider that is opened
 * anew gets a new channel at once; the old one takes no more attempts and is closed when its last
 * has ended, so that nobody becomes uncertain because settings or a secret changed. Loop's thread
 * only.
 */
#ifndef TOCSIN_WORKER_OUTLETS_H
#define TOCSIN_WORKER_OUTLETS_H

#include <stdbool.h>

#include "worker/channel/channel.h"

struct outlets;

/* `context` is that of the channels: results of all of them come there. Its tally is an array, by
 * provider, that outlives the loop's handles. */
struct outlets *outlets_new(const struct channel_context *context);
/* Attempts under way are given up, and their results come before this returns. Run the loop until
 * it has no handles afterwards. */
void outlets_free(struct outlets *outlets);

/* On failure the provider keeps the channel that it had. As channel_open, but ERR_UNSUPPORTED for
 * an adapter that this build does not have. */
enum err outlets_open(struct outlets *outlets, const struct wire_provider *provider,
                      struct problem *problem) WARN_UNUSED;
/* It has none any more. What is under way goes on. */
void outlets_shut(struct outlets *outlets, uint8_t provider);
/* A token of the provider for the adapter of this name: for its channel, and for those after it.
 * Copied. */
void outlets_set_bearer(struct outlets *outlets, uint8_t provider, const char *adapter,
                        struct slice bearer);
/* 0: it has none. */
uint32_t outlets_concurrency(const struct outlets *outlets, uint8_t provider);
/* The provider has a channel. */
void outlets_start(struct outlets *outlets, const struct attempt *attempt);
void outlets_flush(struct outlets *outlets, uint8_t provider);
struct delivery_form outlets_form(const struct outlets *outlets, uint8_t provider);
bool outlets_has_room(const struct outlets *outlets, uint8_t provider, const struct merge *merge,
                      struct slice endpoint);
/* Closes channels that are done with. Not in a callback of a channel. */
void outlets_sweep(struct outlets *outlets);

#endif
