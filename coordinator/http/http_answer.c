/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/http/http_answer.h"

#include <assert.h>
#include <string.h>

void http_answer_release(struct http_answer *answer)
{
    if (answer->pull_done != NULL) {
        answer->pull_done(answer->pull_arg);
    }
    buf_release(&answer->body);
    *answer = (struct http_answer){0};
}

void http_answer_header(struct http_answer *answer, struct arena *arena, const char *name,
                        const char *value)
{
    unsigned at = 0;
    while (at < answer->header_count && strcmp(answer->headers[at].name, name) != 0) {
        at++;
    }
    assert(at < HTTP_ANSWER_HEADERS_MAX);
    answer->header_count += at == answer->header_count ? 1 : 0;
    answer->headers[at].name = arena_str(arena, slice_str(name));
    answer->headers[at].value = arena_str(arena, slice_str(value));
}

void http_answer_write(const struct http_answer *answer, struct buf *wire)
{
    buf_printf(wire, "HTTP/1.1 %u %s\r\nConnection: close\r\n", answer->status,
               http_status_phrase(answer->status));
    for (unsigned i = 0; i < answer->header_count; i++) {
        buf_printf(wire, "%s: %s\r\n", answer->headers[i].name, answer->headers[i].value);
    }
    buf_printf(wire, "Content-Length: %zu\r\n\r\n", answer->body.len + answer->lent.len);
    buf_slice(wire, buf_view(&answer->body));
    buf_slice(wire, answer->lent);
}
