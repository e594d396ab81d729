/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed_sights: looks at providers, workers, replies and the ledger for the feed, once in a round of
 * feed_watch: tells what has changed since, shows how things stand, and says what is amiss. A part
 * of feed_watch.
 */
#ifndef TOCSIN_API_FEED_SIGHTS_H
#define TOCSIN_API_FEED_SIGHTS_H

#include <stdbool.h>
#include <stdint.h>

struct api;
struct feed_sights;

struct feed_sights *feed_sights_new(struct api *api);
void feed_sights_free(struct feed_sights *sights); /* NULL is fine */
/* is_showing: somebody listens. */
void feed_sights_look(struct feed_sights *sights, bool is_showing, uint64_t now_ms);
/* Nobody listens any more. */
void feed_sights_forget(struct feed_sights *sights);

#endif
