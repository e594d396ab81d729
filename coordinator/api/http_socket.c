/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/http_socket.h"

#include <errno.h>
#include <linux/sockios.h>
#include <linux/tcp.h> /* whose struct tcp_info is newer than that of netinet/tcp.h */
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* A flood of new connections waits here until the loop takes them. One that finds no room is tried
 * again by its client's TCP after a whole second (RFC 6298), so there is room for as many as Linux
 * gives by itself (net.core.somaxconn). */
#define BACKLOG 4096

static enum err refuse(const struct listen_address *address, const char *key, int code,
                       struct problem *problem)
{
    char text[LISTEN_ADDRESS_CHARS];
    listen_address_write(address, text);
    switch (code) {
    case EADDRINUSE:
        return problem_set(problem, ERR_CONFLICT,
                           "%s is in use by another process: stop that one, or set %s to another "
                           "port",
                           text, key);
    case EACCES:
        return problem_set(problem, ERR_UNAUTHORIZED,
                           "%s: ports below 1024 are for privileged processes: set %s to a higher "
                           "port, or give the program CAP_NET_BIND_SERVICE",
                           text, key);
    case EADDRNOTAVAIL:
        return problem_set(problem, ERR_INVALID,
                           "%s is no address of this machine: set %s to one that is", text, key);
    default:
        return problem_set(problem, err_from_errno(code), "cannot listen on %s: %s", text,
                           strerrordesc_np(code));
    }
}

static bool bind_and_listen(int fd, const struct listen_address *address,
                            struct listen_address *bound)
{
    int on = 1;
    *bound = *address;
    bound->len = sizeof(bound->v6);
    return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
           bind(fd, &address->any, address->len) == 0 && listen(fd, BACKLOG) == 0 &&
           getsockname(fd, &bound->any, &bound->len) == 0;
}

enum err http_socket_listen(int *fd, const struct listen_address *address, const char *key,
                            struct listen_address *bound, struct problem *problem)
{
    int made = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (made < 0 || !bind_and_listen(made, address, bound)) {
        int code = errno;
        if (made >= 0) {
            (void)close(made);
        }
        return refuse(address, key, code, problem);
    }
    *fd = made;
    return ERR_OK;
}

uint64_t http_socket_received(int fd)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof(info);
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 ? info.tcpi_bytes_received : 0;
}

void http_socket_reset_at_close(int fd)
{
    const struct linger linger = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

bool http_socket_has_unread(int fd)
{
    int bytes = 0;
    return ioctl(fd, SIOCINQ, &bytes) == 0 && bytes > 0;
}
