/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inflow: bytes on their way from the loop's thread to the thread that reads them, in blocks, with
 * back-pressure. One thread pushes, one takes.
 */
#ifndef TOCSIN_AUDIENCE_INFLOW_H
#define TOCSIN_AUDIENCE_INFLOW_H

#include <stdbool.h>

#include "common/slice.h"

#define INFLOW_BLOCK_BYTES 262144
#define INFLOW_BLOCKS_MAX                                                                          \
    8 /* when so many wait, the pusher is asked to pause; until half of them is gone */

struct inflow;

/* Called in the taking thread after inflow_push has said false and there is room again. */
typedef void (*inflow_room_fn)(void *arg);

struct inflow *inflow_new(inflow_room_fn room, void *arg);
void inflow_free(struct inflow *inflow); /* NULL is fine; both threads are done with it */
/* Copies. False: the bytes were taken, but wait for room. After inflow_stop they are dropped, and
 * it says true. */
bool inflow_push(struct inflow *inflow, struct slice bytes);
/* No more bytes come. */
void inflow_end(struct inflow *inflow);
/* From either thread: nobody wants the bytes any more. inflow_take returns at once. */
void inflow_stop(struct inflow *inflow);
/* Waits for the next bytes, valid until the next call. False at the end and after inflow_stop. */
bool inflow_take(struct inflow *inflow, struct slice *bytes);
bool inflow_is_stopped(struct inflow *inflow);

#endif
