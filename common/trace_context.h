/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_context: which trace something belongs to, as the header `traceparent` of W3C Trace Context
 * (Recommendation of 2021-11-23, section 3.2) says it:
 *
 *     00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
 *     version, trace-id, parent-id, trace-flags; lower case hexadecimals
 *
 * `tracestate` is of no concern here: nothing of it is read or passed on. A value.
 */
#ifndef TOCSIN_COMMON_TRACE_CONTEXT_H
#define TOCSIN_COMMON_TRACE_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/slice.h"

#define TRACE_ID_BYTES      16
#define TRACE_PARENT_BYTES  8
#define TRACE_CONTEXT_CHARS 55
/* trace-id, parent-id, flags. */
#define TRACE_CONTEXT_BYTES (TRACE_ID_BYTES + TRACE_PARENT_BYTES + 1)

/* Zeroed memory is none. */
struct trace_context {
    uint8_t trace_id[TRACE_ID_BYTES];      /* not all zero */
    uint8_t parent_id[TRACE_PARENT_BYTES]; /* of whoever made the request; not all zero */
    bool is_sampled; /* the caller may have recorded it. Other flags are not passed on. */
};

static inline bool trace_context_is_set(const struct trace_context *context)
{
    for (unsigned i = 0; i < TRACE_ID_BYTES; i++) {
        if (context->trace_id[i] != 0) {
            return true;
        }
    }
    return false;
}
/* The value of a header. Of a later version than 00 the parts that version 00 has are read, as the
 * standard wants; version ff, upper case, ids of zeros and whatever else it forbids are refused:
 * false, and *context is none. */
bool trace_context_parse(struct slice text, struct trace_context *context);
/* In version 00, with a zero behind it. */
void trace_context_write(const struct trace_context *context, char text[TRACE_CONTEXT_CHARS + 1]);
/* The same trace for a request made on its behalf, which is told apart by `name`: its parent-id is
 * computed of both (BLAKE2b), so that whoever knows the two finds it again. */
struct trace_context trace_context_child(const struct trace_context *context, struct slice name);

/* As bytes of a message. False: of another length, or ids of zeros. */
void trace_context_pack(const struct trace_context *context, uint8_t bytes[TRACE_CONTEXT_BYTES]);
bool trace_context_unpack(struct slice bytes, struct trace_context *context);

#endif
