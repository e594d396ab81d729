/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kannel_batch: what one request to Kannel sends: a text, and the numbers that get it. Batches are
 * kept and used again; a shelf has those that nobody uses.
 */
#ifndef TOCSIN_CHANNEL_KANNEL_BATCH_H
#define TOCSIN_CHANNEL_KANNEL_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "worker/channel/http_link.h"
#include "worker/delivery.h"

#define KANNEL_NUMBER_MAX 24 /* characters */

struct kannel_recipient {
    uint32_t attempt;
    uint8_t len;
    char number[KANNEL_NUMBER_MAX];
};

struct kannel_batch {
    struct kannel_batch *next; /* in the list that it stands in */
    uint32_t count;
    uint32_t cap;
    struct kannel_recipient *recipients;
    struct buf text;
    bool is_ucs2;
    uint64_t campaign;
    uint8_t step;
    uint8_t round;
    char token[TOKEN_CHARS]; /* of the attempt, or of the request if it has several numbers */
    char trace[HTTP_TRACE_LINE_BYTES]; /* the header, of the first attempt; "": none */
    struct buf base;                   /* of the URL for receipts */
    struct buf dlr_url; /* that URL, once it is sent; empty: no receipts are asked for */
};

/* A queue; zeroed it is empty. */
struct kannel_batches {
    struct kannel_batch *first;
    struct kannel_batch *last;
};

void kannel_batches_put(struct kannel_batches *list, struct kannel_batch *batch);
struct kannel_batch *kannel_batches_take(struct kannel_batches *list); /* NULL: it is empty */

/* One of the shelf, or a new one: without recipients, text and URLs. */
struct kannel_batch *kannel_batch_take(struct kannel_batches *shelf);
void kannel_batch_put_back(struct kannel_batches *shelf, struct kannel_batch *batch);
void kannel_batch_free(struct kannel_batch *batch); /* NULL is fine */

/* "+4790000001": a plus, or none, and digits. What else stands in a number would make two of it, or
 * none. */
bool kannel_number_is_valid(struct slice number);
/* One to a valid number. The first says what the batch is of; the text is the caller's to write. */
void kannel_batch_add(struct kannel_batch *batch, const struct attempt *attempt);
/* May the attempt go with it: the same campaign, step, round and text, to a number that it has not
 * got yet? */
bool kannel_batch_fits(const struct kannel_batch *batch, const struct attempt *attempt,
                       struct slice text);
/* Appends the numbers, with blanks between them. */
void kannel_batch_numbers(const struct kannel_batch *batch, struct buf *buf);

#endif
