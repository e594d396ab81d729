/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed_streams: those who listen to the feed over HTTP, by server-sent events (WHATWG HTML,
 * "Server- sent events"). A stream has next to nothing of its own: how far it has come in the
 * feed's list, or a few facts read from the ledger while it is behind that. So a slow one costs no
 * memory; what stands somehow it gets in its newest form alone, and one that takes nothing at all
 * for FEED_SLOW_MS is ended. Loop's thread only.
 */
#ifndef TOCSIN_API_FEED_STREAMS_H
#define TOCSIN_API_FEED_STREAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "coordinator/api/feed.h"

struct feed_streams;
struct http_request;

#define FEED_ALIVE_MS 15000 /* a comment, when there was nothing else for so long */
#define FEED_SLOW_MS  30000
#define FEED_RETRY_MS 3000 /* after which a client comes again */

/* The feed is borrowed. No more than `max` at a time. */
struct feed_streams *feed_streams_new(struct api *api, struct feed *feed, unsigned max);
void feed_streams_free(struct feed_streams *streams); /* NULL is fine; none is open any more */

bool feed_streams_are_full(const struct feed_streams *streams);
bool feed_streams_are_ending(const struct feed_streams *streams);
/* Answers the request with what happens after fact `after`; without `is_resumed`, from now on. In
 * any case first with how things stand. There is room. */
void feed_streams_open(struct feed_streams *streams, struct http_request *request,
                       const struct feed_filter *filter, bool is_resumed, uint64_t after);
/* Who listens has no right to any more: nothing follows but a word of that. False: it was not taken
 * for too long, or the request is no stream: it is to be broken off. */
bool feed_streams_sign_out(struct feed_streams *streams, const struct http_request *request);
/* Once in every turn of the loop: whoever has something to hear is woken. */
void feed_streams_turn(struct feed_streams *streams);
/* Ends all of them, with a word, and takes no more. */
void feed_streams_quiesce(struct feed_streams *streams);

struct feed_streams_tally {
    unsigned open;
    uint64_t opened;
    uint64_t refused; /* there were too many */
    uint64_t slow;    /* ended for it */
    uint64_t gaps;    /* came again too late to be told everything */
};
struct feed_streams_tally feed_streams_tally(const struct feed_streams *streams);
void feed_streams_count_refused(struct feed_streams *streams);

#endif
