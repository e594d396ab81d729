/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/channel/http_link.h"

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
