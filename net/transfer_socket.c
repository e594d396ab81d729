/* SPDX-License-Identifier: Apache-2.0 */
/*
 * At every request libcurl removes and adds the same descriptor. Its uv_poll_t therefore stays,
 * watching, until libcurl has the socket closed: no system call between two requests of a
 * connection. An event that nobody wants (the peer ends an idle connection) stops the watch.
 *
 * libcurl 7.88 does not always say when it closes a socket:
 * - Its resolver's pair is closed behind our back. Only sockets of the internet are kept; for
 * others CURL_POLL_REMOVE is the end.
 * - A socket that never got connected is closed behind our back. libcurl waits for answers only
 *   where it is connected, so until then CURL_POLL_REMOVE is the end as well.
 * - When one address fails, the socket for the next can get the same number, and libcurl says
 *   nothing since nothing changed in its eyes; but the kernel's watch has gone with the old socket.
 *   Hence opening a socket whose number is known renews the watch.
 */
#include "net/transfer_socket.h"

#include <assert.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/mem.h"

struct transfer_socket {
    uv_poll_t poll;
    struct transfer_sockets *sockets;
    curl_socket_t fd;
    int watched;   /* UV_ events that libuv reports now */
    bool wanted;   /* libcurl is interested */
    bool internet; /* a connection, not something of libcurl's own */
    bool connected;
    struct transfer *holder; /* who gets the events instead of libcurl */
};

static struct transfer_socket *socket_find(const struct transfer_sockets *sockets, curl_socket_t fd)
{
    return fd >= 0 && (size_t)fd < sockets->cap ? sockets->by_fd[fd] : NULL;
}

static void socket_on_closed(uv_handle_t *handle)
{
    struct transfer_socket *sock = handle->data;
    struct transfer_sockets *sockets = sock->sockets;
    mem_free(sock);
    sockets->open--;
    sockets->on_closed(sockets->hub);
}

/* libuv lets the descriptor go at once; the memory follows. */
static void socket_forget(struct transfer_socket *sock)
{
    sock->sockets->by_fd[sock->fd] = NULL;
    uv_close((uv_handle_t *)&sock->poll, socket_on_closed);
}

static void sockets_reserve(struct transfer_sockets *sockets, size_t fd)
{
    if (fd >= sockets->cap) {
        size_t cap = fd + 64;
        sockets->by_fd = mem_resize(sockets->by_fd, cap, sizeof(struct transfer_socket *));
        memset(sockets->by_fd + sockets->cap, 0,
               (cap - sockets->cap) * sizeof(struct transfer_socket *));
        sockets->cap = cap;
    }
}

static bool fd_is_internet(curl_socket_t fd)
{
    int domain = AF_UNSPEC;
    socklen_t len = sizeof(domain);
    (void)getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len);
    return domain == AF_INET || domain == AF_INET6;
}

/* NULL if libuv cannot poll it. */
static struct transfer_socket *socket_add(struct transfer_sockets *sockets, curl_socket_t fd)
{
    sockets_reserve(sockets, (size_t)fd);
    struct transfer_socket *sock = mem_zalloc(1, sizeof(*sock));
    if (uv_poll_init(sockets->loop, &sock->poll, fd) != 0) {
        mem_free(sock);
        return NULL;
    }
    sock->poll.data = sock;
    sock->sockets = sockets;
    sock->fd = fd;
    sock->internet = fd_is_internet(fd);
    sockets->by_fd[fd] = sock;
    sockets->open++;
    return sock;
}

static void socket_on_event(uv_poll_t *poll, int status, int events);

static void socket_watch(struct transfer_socket *sock, int uv_events)
{
    if (sock->watched != uv_events) {
        sock->watched = uv_events;
        (void)uv_poll_start(&sock->poll, uv_events, socket_on_event);
    }
}

static void socket_tell(struct transfer_socket *sock, int events)
{
    if (sock->holder != NULL) {
        sock->holder->on_event(sock->holder, events);
        return;
    }
    int flags = ((events & UV_READABLE) != 0 ? CURL_CSELECT_IN : 0) |
                ((events & UV_WRITABLE) != 0 ? CURL_CSELECT_OUT : 0);
    sock->sockets->on_ready(sock->sockets->hub, sock->fd, flags);
}

/* libuv stops the watch when the socket has an error, but there may be bytes to read before it: the
 * error is for whoever reads on, so the watch goes on as well. */
static void socket_tell_error(struct transfer_socket *sock)
{
    struct transfer_sockets *sockets = sock->sockets;
    curl_socket_t fd = sock->fd;
    int watched = sock->watched;
    sock->watched = 0;
    socket_tell(sock, UV_READABLE);
    if (socket_find(sockets, fd) == sock && sock->watched == 0) {
        socket_watch(sock, watched);
    }
}

static void socket_on_event(uv_poll_t *poll, int status, int events)
{
    struct transfer_socket *sock = poll->data;
    if (sock->holder == NULL && !sock->wanted) {
        uv_poll_stop(poll);
        sock->watched = 0;
    } else if (status < 0) {
        socket_tell_error(sock);
    } else {
        socket_tell(sock, events);
    }
}

void transfer_sockets_release(struct transfer_sockets *sockets)
{
    assert(sockets->open == 0);
    mem_free(sockets->by_fd);
}

curl_socket_t transfer_socket_on_open(void *arg, curlsocktype purpose,
                                      struct curl_sockaddr *address)
{
    (void)purpose;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0) {
        return CURL_SOCKET_BAD;
    }
    struct transfer_sockets *sockets = arg;
    if (sockets->tally != NULL) {
        sockets->tally->connections++;
        sockets->tally->connected++;
    }
    struct transfer_socket *sock = socket_find(sockets, fd);
    if (sock != NULL) {
        int watched = sock->watched;
        uv_poll_stop(&sock->poll);
        sock->watched = 0;
        sock->connected = false;
        if (watched != 0) {
            socket_watch(sock, watched);
        }
    }
    return fd;
}

int transfer_socket_on_close(void *arg, curl_socket_t fd)
{
    struct transfer_sockets *sockets = arg;
    if (sockets->tally != NULL) {
        sockets->tally->connections--;
    }
    struct transfer_socket *sock = socket_find(sockets, fd);
    if (sock != NULL) {
        socket_forget(sock);
    }
    return close(fd);
}

int transfer_socket_on_wanted(CURL *easy, curl_socket_t fd, int what, void *arg, void *assigned)
{
    (void)easy;
    (void)assigned;
    struct transfer_sockets *sockets = arg;
    struct transfer_socket *sock = socket_find(sockets, fd);
    if (what == CURL_POLL_REMOVE) {
        if (sock != NULL && sock->internet && sock->connected) {
            sock->wanted = false;
        } else if (sock != NULL) {
            socket_forget(sock);
        }
        return 0;
    }
    if (sock == NULL) {
        sock = socket_add(sockets, fd);
    }
    if (sock == NULL) {
        return -1;
    }
    sock->wanted = what != CURL_POLL_NONE;
    sock->connected = sock->connected || (what & CURL_POLL_IN) != 0;
    if (sock->wanted) {
        socket_watch(sock, ((what & CURL_POLL_IN) != 0 ? UV_READABLE : 0) |
                               ((what & CURL_POLL_OUT) != 0 ? UV_WRITABLE : 0));
    }
    return 0;
}

void transfer_socket_hand_over(struct transfer_sockets *sockets, curl_socket_t fd,
                               struct transfer *holder, int uv_events)
{
    struct transfer_socket *sock = socket_find(sockets, fd);
    assert(sock != NULL);
    sock->holder = holder;
    socket_watch(sock, uv_events);
}
