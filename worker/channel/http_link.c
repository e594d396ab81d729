/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/channel/http_link.h"

#include <string.h>

enum err http_link_check(const struct http_link *link, const char *where, struct problem *problem)
{
    return channel_settings_file(link->ca_file, where, "ca_file", problem);
}

void http_link_put(const struct http_link *link, struct http_client_settings *settings)
{
    settings->connections = link->connections;
    settings->connect_timeout_ms =
        link->connect_timeout_ms < link->timeout_ms ? link->connect_timeout_ms : link->timeout_ms;
    settings->timeout_ms = link->timeout_ms;
    settings->ca_file = link->ca_file;
    settings->insecure_tls = link->insecure_tls;
    settings->proxy = link->proxy;
}

void http_link_trace_line(const struct attempt *attempt, char line[HTTP_TRACE_LINE_BYTES])
{
    static const char name[] = "traceparent: ";
    line[0] = '\0';
    if (attempt->trace != NULL) {
        struct trace_context own =
            trace_context_child(attempt->trace, slice_of(attempt->token, TOKEN_CHARS));
        memcpy(line, name, sizeof(name));
        trace_context_write(&own, line + sizeof(name) - 1);
    }
}

void http_link_put_trace(bool is_traced, const struct attempt *attempt,
                         struct http_request *request)
{
    char line[HTTP_TRACE_LINE_BYTES];
    if (is_traced && attempt->trace != NULL) {
        http_link_trace_line(attempt, line);
        http_request_header(request, line);
    }
}
