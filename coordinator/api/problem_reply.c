/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/problem_reply.h"

#include <inttypes.h>

#include "common/text.h"

#define RETRY_AFTER_S "2"

/* As much of the text as is well-formed. */
static void put_text(struct buf *json, const char *name, const char *text)
{
    struct slice slice = slice_str(text);
    size_t bad_at;
    if (slice.len == 0) {
        return;
    }
    if (!text_is_utf8(slice, &bad_at)) {
        slice.len = bad_at;
    }
    buf_printf(json, ",\"%s\":\"", name);
    text_json_escape(json, slice);
    buf_u8(json, '"');
}

static void put_number(struct buf *json, const char *name, uint64_t number)
{
    if (number != 0) {
        buf_printf(json, ",\"%s\":%" PRIu64, name, number);
    }
}

void problem_reply_write(const struct problem_reply *reply, struct buf *json)
{
    buf_str(json, "{\"type\":\"about:blank\"");
    put_text(json, "title", http_status_phrase(reply->status));
    put_number(json, "status", reply->status);
    put_text(json, "detail", reply->detail);
    put_text(json, "pointer", reply->pointer);
    put_text(json, "parameter", reply->parameter);
    put_number(json, "line", reply->line);
    put_number(json, "column", reply->column);
    put_text(json, "column", reply->column_name);
    buf_u8(json, '}');
}

void problem_reply_send(struct http_request *request, const struct problem_reply *reply)
{
    struct buf json = {0};
    problem_reply_write(reply, &json);
    if (reply->status == 503) {
        http_reply_header(request, "Retry-After", RETRY_AFTER_S);
    }
    http_reply(request, reply->status, PROBLEM_REPLY_TYPE, buf_view(&json));
    buf_release(&json);
}

unsigned problem_reply_status(enum err err)
{
    switch (err) {
    case ERR_OK:
        return 200;
    case ERR_INVALID:
    case ERR_LIMIT:
        return 422;
    case ERR_NOT_FOUND:
        return 404;
    case ERR_EXISTS:
    case ERR_CONFLICT:
    case ERR_CLOSED:
        return 409;
    case ERR_UNAUTHORIZED:
        return 401;
    case ERR_UNSUPPORTED:
        return 415;
    case ERR_BUSY:
    case ERR_TIMEOUT:
    case ERR_IO:
    case ERR_LOCKED:
        return 503;
    case ERR_NO_SPACE:
        return 507;
    case ERR_NEWER_VERSION:
    case ERR_CORRUPT:
        return 500;
    }
    return 500;
}
