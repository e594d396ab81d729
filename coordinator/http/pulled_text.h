/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pulled_text: the text of an answer that is made piece by piece, as much at a time as the client
 * takes (http_reply_stream).
 */
#ifndef TOCSIN_HTTP_PULLED_TEXT_H
#define TOCSIN_HTTP_PULLED_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

/* Zeroed: none. */
struct pulled_text {
    struct buf text; /* the piece at hand, to be appended to */
    size_t sent;     /* of that */
};

void pulled_text_release(struct pulled_text *pulled);
bool pulled_text_is_sent(const struct pulled_text *pulled);
/* The next piece: nothing of it is there yet. */
void pulled_text_begin(struct pulled_text *pulled);
/* As much of it as there is room for; what an http_pull_fn returns. */
long pulled_text_take(struct pulled_text *pulled, uint8_t *into, size_t room);

#endif
