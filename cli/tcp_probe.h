/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp_probe: does somebody take connections there, and could we listen here? Both without sending
 * a byte.
 */
#ifndef TOCSIN_CLI_TCP_PROBE_H
#define TOCSIN_CLI_TCP_PROBE_H

#include <stdbool.h>

#include "common/err.h"

#define TCP_PROBE_HOST_MAX 255

struct tcp_place {
    char host[TCP_PROBE_HOST_MAX + 1]; /* a name or an address, without brackets */
    char port[6];
};

/* "http://host:8080/path", "tcp://127.0.0.1:7400", "127.0.0.1:7480", "[::1]:25"; a port that is not
 * named is the scheme's (http, https, smtp, smtps). False when there is none, or no host. */
bool tcp_place_parse(struct tcp_place *place, const char *address);
/* Connects within a few seconds. The problem says why not. */
enum err tcp_probe_connect(const struct tcp_place *place, struct problem *problem) WARN_UNUSED;
/* Binds and lets go. ERR_BUSY: somebody listens there already. */
enum err tcp_probe_listen(const struct tcp_place *place, struct problem *problem) WARN_UNUSED;

#endif
