/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/tcp_probe.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/slice.h"
#include "common/text.h"

#define CONNECT_MAX_MS 3000

static const char *default_port(struct slice scheme)
{
    static const struct {
        const char *scheme;
        const char *port;
    } map[] = {{"http", "80"}, {"https", "443"}, {"smtp", "25"}, {"smtps", "465"}};
    for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
        if (slice_is(scheme, map[i].scheme)) {
            return map[i].port;
        }
    }
    return "";
}

static bool set_port(struct tcp_place *place, struct slice port)
{
    uint64_t number;
    if (!text_number(port, 1, 65535, &number)) {
        return false;
    }
    memcpy(place->port, port.data, port.len);
    place->port[port.len] = '\0';
    return true;
}

bool tcp_place_parse(struct tcp_place *place, const char *address)
{
    const char *slashes = strstr(address, "://");
    struct slice scheme = slice_of(address, slashes == NULL ? 0 : (size_t)(slashes - address));
    const char *at = slashes == NULL ? address : slashes + 3;
    const char *end = at + strcspn(at, "/?#");
    const char *user = memchr(at, '@', (size_t)(end - at));
    at = user == NULL ? at : user + 1;
    const char *closing = *at == '[' ? memchr(at, ']', (size_t)(end - at)) : NULL;
    const char *colon = memchr(closing == NULL ? at : closing, ':',
                               (size_t)(end - (closing == NULL ? at : closing)));
    const char *host = closing == NULL ? at : at + 1;
    const char *host_end = closing != NULL ? closing : colon != NULL ? colon : end;
    size_t len = (size_t)(host_end - host);
    if (len == 0 || len > TCP_PROBE_HOST_MAX) {
        return false;
    }
    memcpy(place->host, host, len);
    place->host[len] = '\0';
    return set_port(place, colon == NULL ? slice_str(default_port(scheme))
                                         : slice_of(colon + 1, (size_t)(end - colon - 1)));
}

static enum err resolve(const struct tcp_place *place, int flags, struct addrinfo **list,
                        struct problem *problem)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | flags};
    int code = getaddrinfo(place->host, place->port, &hints, list);
    if (code != 0) {
        return problem_set(problem, ERR_NOT_FOUND, "%s has no address (%s)", place->host,
                           gai_strerror(code));
    }
    return ERR_OK;
}

/* 0, or why it did not work as an errno value. */
static int connect_within(int fd, const struct addrinfo *to)
{
    if (connect(fd, to->ai_addr, to->ai_addrlen) == 0) {
        return 0;
    }
    if (errno != EINPROGRESS) {
        return errno;
    }
    struct pollfd wait = {.fd = fd, .events = POLLOUT};
    int ready = poll(&wait, 1, CONNECT_MAX_MS);
    if (ready <= 0) {
        return ready == 0 ? ETIMEDOUT : errno;
    }
    int error = 0;
    socklen_t len = sizeof(error);
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 ? error : errno;
}

enum err tcp_probe_connect(const struct tcp_place *place, struct problem *problem)
{
    struct addrinfo *list;
    enum err err = resolve(place, 0, &list, problem);
    if (err != ERR_OK) {
        return err;
    }
    int error = ECONNREFUSED;
    for (const struct addrinfo *to = list; to != NULL && error != 0; to = to->ai_next) {
        int fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd >= 0) {
            error = connect_within(fd, to);
            (void)close(fd);
        }
    }
    freeaddrinfo(list);
    if (error == 0) {
        return ERR_OK;
    }
    return problem_set(
        problem, err_from_errno(error), "%s:%s takes no connection: %s", place->host, place->port,
        error == ECONNREFUSED ? "nobody listens there" : err_sentence(err_from_errno(error)));
}

enum err tcp_probe_listen(const struct tcp_place *place, struct problem *problem)
{
    struct addrinfo *list;
    enum err err = resolve(place, AI_PASSIVE, &list, problem);
    if (err != ERR_OK) {
        return err;
    }
    int on = 1;
    int error = 0;
    int fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(fd, list->ai_addr, list->ai_addrlen) != 0 || listen(fd, 1) != 0) {
        error = errno;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    freeaddrinfo(list);
    if (error == 0) {
        return ERR_OK;
    }
    const char *why = error == EADDRINUSE      ? "somebody listens there already"
                      : error == EADDRNOTAVAIL ? "it is no address of this machine"
                                               : err_sentence(err_from_errno(error));
    return problem_set(problem, err_from_errno(error), "%s:%s cannot be listened on: %s",
                       place->host, place->port, why);
}
