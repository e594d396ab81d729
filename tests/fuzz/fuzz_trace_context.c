/* SPDX-License-Identifier: Apache-2.0 */
/* A traceparent that is taken has the form of version 00 once it is written, and is read as the
 * same; bytes of a message likewise. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "common/trace_context.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_again(const struct trace_context *context)
{
    struct trace_context again;
    char text[TRACE_CONTEXT_CHARS + 1];
    uint8_t bytes[TRACE_CONTEXT_BYTES];
    assert(trace_context_is_set(context));
    trace_context_write(context, text);
    assert(strlen(text) == TRACE_CONTEXT_CHARS);
    assert(trace_context_parse(slice_str(text), &again));
    assert(memcmp(&again, context, sizeof(again)) == 0);
    trace_context_pack(context, bytes);
    assert(trace_context_unpack(slice_of(bytes, sizeof(bytes)), &again));
    assert(memcmp(&again, context, sizeof(again)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct trace_context context;
    if (trace_context_parse(slice_of(data, size), &context)) {
        read_again(&context);
    } else {
        assert(!trace_context_is_set(&context));
    }
    if (trace_context_unpack(slice_of(data, size), &context)) {
        read_again(&context);
    }
    return 0;
}
