/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed_watch: looks at the engine, and tells the feed what has changed and how things stand. What
 * becomes of a campaign is told in the record that has it; the rest is looked at about once a
 * second, a few campaigns in a turn. How things stand is written only while somebody listens.
 * Loop's thread only.
 */
#ifndef TOCSIN_API_FEED_WATCH_H
#define TOCSIN_API_FEED_WATCH_H

#include <stdint.h>

#include "common/err.h"
#include "coordinator/api/feed.h"

struct api;
struct feed_watch;

/* The engine has recovered: what it came to that was not told any more is told now. */
enum err feed_watch_open(struct feed_watch **out, struct api *api,
                         struct problem *problem) WARN_UNUSED;
void feed_watch_close(struct feed_watch *watch); /* NULL is fine */
/* Something may have become of the campaign by the API: it is looked at at once. */
void feed_watch_campaign(struct feed_watch *watch, uint64_t campaign);
/* Once in every turn of the loop, before the record is handed over. Returns in how many ms to call
 * again at the latest. */
uint32_t feed_watch_turn(struct feed_watch *watch);

#endif
