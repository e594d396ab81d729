/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bulk: HTTP requests that carry one message to many recipients. What is started is gathered in
 * parcels, one for each message; a parcel leaves when it is full or when it is flushed, and comes
 * back with the answer. The adapter writes what stands in a parcel, judges the answer, and says for
 * every recipient what became of him; it may instead have those of whom it has not said so sent
 * again, together or in halves, when the answer means that nobody was taken.
 *
 *     body = head entry "," entry "," entry tail
 *
 * Loop's thread only.
 */
#ifndef TOCSIN_CHANNEL_BULK_H
#define TOCSIN_CHANNEL_BULK_H

#include "net/http_client.h"
#include "worker/channel/channel.h"

struct bulk;
struct bulk_parcel;

typedef void (*bulk_write_fn)(void *arg, const struct attempt *attempt, struct buf *body);
/* For each recipient of the parcel a bulk_tell, or one bulk_send_again or bulk_split for the rest.
 */
typedef void (*bulk_answer_fn)(void *arg, struct bulk_parcel *parcel,
                               const struct http_answer *answer);

struct bulk_settings {
    struct http_client_settings http; /* on_answer and arg are ours */
    uint32_t size;                    /* recipients of a request at most */
    size_t full_bytes;                /* of a body that takes nobody more; 0: no matter */
    bool is_distinct;                 /* no address twice in a request, whatever its case */
    bulk_write_fn write_head;
    bulk_write_fn write_entry;
    const char *tail; /* not copied */
    bool is_traced;   /* requests carry the trace of their first attempt */
    bulk_answer_fn on_answer;
    void *arg; /* of these three */
    struct channel_context context;
};

struct bulk *bulk_new(const struct bulk_settings *settings);
/* Everybody is told before this returns. */
void bulk_close(struct bulk *bulk);

/* As channel_adapter's. */
bool bulk_has_room(const struct bulk *bulk, const struct merge *merge, struct slice address);
void bulk_add(struct bulk *bulk, const struct attempt *attempt);
void bulk_flush(struct bulk *bulk);
uint32_t bulk_concurrency(const struct bulk *bulk);
uint32_t bulk_size(const struct bulk *bulk);

/* ---- Of a parcel whose answer has come ---- */

uint32_t bulk_count(const struct bulk_parcel *parcel);
/* What became of its index-th recipient, who has not been told of. */
void bulk_tell(struct bulk_parcel *parcel, uint32_t index, const struct attempt_result *result);
/* The same of all who have not been told of. */
void bulk_tell_rest(struct bulk_parcel *parcel, const struct attempt_result *result);
/* How many have not been told of. */
uint32_t bulk_rest(const struct bulk_parcel *parcel);
/* Those who have not been told of are sent to again, in one request, or, if they are two or more,
 * in two. */
void bulk_send_again(struct bulk_parcel *parcel);
void bulk_split(struct bulk_parcel *parcel);

#endif
