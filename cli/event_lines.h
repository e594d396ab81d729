/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event_lines: server-sent events out of bytes as they come (WHATWG HTML, "Interpreting an event
 * stream"): lines end with CR LF, LF or CR; what is longer than EVENT_LINES_MAX is an error.
 */
#ifndef TOCSIN_CLI_EVENT_LINES_H
#define TOCSIN_CLI_EVENT_LINES_H

#include <stdbool.h>

#include "common/buf.h"
#include "common/slice.h"

#define EVENT_LINES_MAX ((size_t)1024 * 1024) /* of one event */

struct event_lines {
    struct buf line; /* that is not whole yet */
    struct buf data; /* of the event, its lines joined */
    struct buf id;   /* the last that was given; stays for events without one */
    bool has_data;
    bool is_after_cr;
};

/* The data of one event; false ends it. */
typedef bool (*event_lines_fn)(void *arg, struct slice data);
/* False: `each` said so, or the event is too long. */
bool event_lines_take(struct event_lines *lines, struct slice bytes, event_lines_fn each,
                      void *arg);
/* Another answer begins: what is not whole is dropped, the last id is kept. */
void event_lines_begin(struct event_lines *lines);
void event_lines_release(struct event_lines *lines);

#endif
