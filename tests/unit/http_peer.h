/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_peer: an HTTP client for unit tests, in the same thread as the server it speaks to: its
 * socket does not block, and while it waits it turns the server's loop. What does not come within
 * ten seconds fails the test.
 */
#ifndef TOCSIN_TESTS_UNIT_HTTP_PEER_H
#define TOCSIN_TESTS_UNIT_HTTP_PEER_H

#include <stdbool.h>

#include "common/buf.h"
#include "common/listen_address.h"

#define HTTP_PEER_PATIENCE_MS 10000

struct http_peer {
    int fd;
    struct buf got;
    bool is_closed;
    void (*turn)(void *arg); /* one turn of the loop, without waiting */
    void *arg;
};

struct http_peer http_peer_open(const struct listen_address *address, void (*turn)(void *arg),
                                void *arg);
void http_peer_release(struct http_peer *peer);
void http_peer_send(struct http_peer *peer, const void *bytes, size_t len);
void http_peer_say(struct http_peer *peer, const char *text);
/* Sends what goes in so many turns; how much it was. */
size_t http_peer_push(struct http_peer *peer, const uint8_t *bytes, size_t len, unsigned turns);
/* Takes what has come. */
void http_peer_read(struct http_peer *peer);
bool http_peer_has(struct http_peer *peer, const char *text);
void http_peer_expect(struct http_peer *peer, const char *text);
void http_peer_expect_times(struct http_peer *peer, const char *text, unsigned times);
void http_peer_expect_close(struct http_peer *peer);

#endif
