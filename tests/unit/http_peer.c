/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/http_peer.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "tests/unit/unit.h"

#define PIECE 65536

struct http_peer http_peer_open(const struct listen_address *address, void (*turn)(void *arg),
                                void *arg)
{
    struct http_peer peer = {
        .fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0),
        .turn = turn,
        .arg = arg,
    };
    assert_true(peer.fd >= 0);
    assert_int_equal(connect(peer.fd, &address->any, address->len), 0);
    return peer;
}

void http_peer_release(struct http_peer *peer)
{
    (void)close(peer->fd);
    buf_release(&peer->got);
}

size_t http_peer_push(struct http_peer *peer, const uint8_t *bytes, size_t len, unsigned turns)
{
    size_t sent_all = 0;
    for (unsigned i = 0; i < turns && sent_all < len; i++) {
        size_t piece = len - sent_all > PIECE ? PIECE : len - sent_all;
        ssize_t sent = send(peer->fd, bytes + sent_all, piece, MSG_DONTWAIT | MSG_NOSIGNAL);
        sent_all += sent > 0 ? (size_t)sent : 0;
        peer->turn(peer->arg);
    }
    return sent_all;
}

void http_peer_send(struct http_peer *peer, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    uint64_t end_ms = clock_monotonic_ms() + HTTP_PEER_PATIENCE_MS;
    while (len > 0) {
        size_t sent = http_peer_push(peer, at, len, 1);
        at += sent;
        len -= sent;
        assert_true(clock_monotonic_ms() < end_ms);
    }
}

void http_peer_say(struct http_peer *peer, const char *text)
{
    http_peer_send(peer, text, strlen(text));
}

void http_peer_read(struct http_peer *peer)
{
    ssize_t got;
    do {
        got = recv(peer->fd, buf_reserve(&peer->got, PIECE), PIECE, MSG_DONTWAIT);
        peer->got.len += got > 0 ? (size_t)got : 0;
    } while (got > 0);
    peer->is_closed |= got == 0 || errno == ECONNRESET;
}

static unsigned count(struct http_peer *peer, const char *text)
{
    unsigned found = 0;
    for (const char *at = buf_cstr(&peer->got); (at = strstr(at, text)) != NULL; at++) {
        found++;
    }
    return found;
}

bool http_peer_has(struct http_peer *peer, const char *text)
{
    return count(peer, text) > 0;
}

void http_peer_expect_times(struct http_peer *peer, const char *text, unsigned times)
{
    uint64_t end_ms = clock_monotonic_ms() + HTTP_PEER_PATIENCE_MS;
    while (count(peer, text) < times) {
        peer->turn(peer->arg);
        http_peer_read(peer);
        if (clock_monotonic_ms() > end_ms || (peer->is_closed && count(peer, text) < times)) {
            fail_msg("no \"%s\" but: %s", text, buf_cstr(&peer->got));
        }
    }
}

void http_peer_expect(struct http_peer *peer, const char *text)
{
    http_peer_expect_times(peer, text, 1);
}

void http_peer_expect_close(struct http_peer *peer)
{
    uint64_t end_ms = clock_monotonic_ms() + HTTP_PEER_PATIENCE_MS;
    while (!peer->is_closed) {
        peer->turn(peer->arg);
        http_peer_read(peer);
        assert_true(clock_monotonic_ms() < end_ms);
    }
}
