/* SPDX-License-Identifier: Apache-2.0 */
#include "common/listen_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/slice.h"
#include "common/text.h"

/* A flood of new connections waits here until the loop takes them. One that finds no room is tried
 * again by its client's TCP after a whole second (RFC 6298), so there is room for as many as Linux
 * gives by itself (net.core.somaxconn). */
#define BACKLOG 4096

static enum err refuse(struct problem *problem, const char *text)
{
    return problem_set(problem, ERR_INVALID,
                       "\"%.100s\" is no address to listen on; write it as \"127.0.0.1:7480\" or "
                       "\"[::1]:7480\"",
                       text);
}

static bool parse_host(struct listen_address *address, const char *host, uint16_t port)
{
    if (strcmp(host, "localhost") == 0) {
        host = "127.0.0.1";
    }
    if (inet_pton(AF_INET, host, &address->v4.sin_addr) == 1) {
        address->v4.sin_family = AF_INET;
        address->v4.sin_port = htons(port);
        address->len = sizeof(address->v4);
        return true;
    }
    if (inet_pton(AF_INET6, host, &address->v6.sin6_addr) == 1) {
        address->v6.sin6_family = AF_INET6;
        address->v6.sin6_port = htons(port);
        address->len = sizeof(address->v6);
        return true;
    }
    return false;
}

enum err listen_address_parse(struct listen_address *address, const char *text,
                              struct problem *problem)
{
    memset(address, 0, sizeof(*address));
    const char *colon = strrchr(text, ':');
    uint64_t port;
    if (colon == NULL || !text_number(slice_str(colon + 1), 0, UINT16_MAX, &port)) {
        return refuse(problem, text);
    }
    const char *from = text;
    size_t len = (size_t)(colon - text);
    bool is_bracketed = len >= 2 && text[0] == '[' && colon[-1] == ']';
    if (is_bracketed) {
        from++;
        len -= 2;
    }
    char host[INET6_ADDRSTRLEN];
    if (len == 0 || len >= sizeof(host)) {
        return refuse(problem, text);
    }
    memcpy(host, from, len);
    host[len] = '\0';
    bool is_v6 = strchr(host, ':') != NULL;
    return is_v6 == is_bracketed && parse_host(address, host, (uint16_t)port)
               ? ERR_OK
               : refuse(problem, text);
}

bool listen_address_is_loopback(const struct listen_address *address)
{
    if (address->any.sa_family == AF_INET) {
        return (ntohl(address->v4.sin_addr.s_addr) >> 24) == IN_LOOPBACKNET;
    }
    return IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
}

void listen_address_write(const struct listen_address *address, char text[LISTEN_ADDRESS_CHARS])
{
    char host[INET6_ADDRSTRLEN] = "";
    if (address->any.sa_family == AF_INET) {
        (void)inet_ntop(AF_INET, &address->v4.sin_addr, host, sizeof(host));
        (void)snprintf(text, LISTEN_ADDRESS_CHARS, "%s:%u", host, ntohs(address->v4.sin_port));
    } else {
        (void)inet_ntop(AF_INET6, &address->v6.sin6_addr, host, sizeof(host));
        (void)snprintf(text, LISTEN_ADDRESS_CHARS, "[%s]:%u", host, ntohs(address->v6.sin6_port));
    }
}

static enum err refuse_to_listen(const struct listen_address *address, const char *key, int code,
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

enum err listen_address_open(int *fd, const struct listen_address *address, const char *key,
                             struct listen_address *bound, struct problem *problem)
{
    int made = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (made < 0 || !bind_and_listen(made, address, bound)) {
        int code = errno;
        if (made >= 0) {
            (void)close(made);
        }
        return refuse_to_listen(address, key, code, problem);
    }
    *fd = made;
    return ERR_OK;
}
