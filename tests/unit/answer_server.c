/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/answer_server.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/unit.h"

/* Is the request in `text` complete: head, and the body its length or chunks announce? */
static bool is_complete(const char *text)
{
    const char *body = strstr(text, "\r\n\r\n");
    if (body == NULL) {
        return false;
    }
    const char *length = strstr(text, "Content-Length: ");
    if (length != NULL && length < body) {
        return strlen(body + 4) >= strtoul(length + 16, NULL, 10);
    }
    return strstr(text, "Transfer-Encoding: chunked") == NULL ||
           strstr(body, "\r\n0\r\n\r\n") != NULL;
}

static void *server_run(void *arg)
{
    struct answer_server *server = arg;
    for (unsigned i = 0; server->answers[i] != NULL; i++) {
        int fd = accept(server->fd, NULL, NULL);
        char *text = server->requests[i];
        size_t len = 0;
        ssize_t got = 1;
        while (!is_complete(text) && got > 0 && len < REQUEST_BYTES - 1) {
            got = recv(fd, text + len, REQUEST_BYTES - 1 - len, 0);
            len += got > 0 ? (size_t)got : 0;
        }
        server->asked++;
        (void)send(fd, server->answers[i], strlen(server->answers[i]), MSG_NOSIGNAL);
        (void)shutdown(fd, SHUT_WR);
        (void)close(fd);
    }
    return NULL;
}

struct answer_server *answer_server_new(const char *const *answers)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    struct answer_server *server = calloc(1, sizeof(*server));
    assert_non_null(server);
    server->fd = socket(AF_INET, SOCK_STREAM, 0);
    server->answers = answers;
    assert_int_equal(bind(server->fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(server->fd, ASKED_MAX), 0);
    assert_int_equal(getsockname(server->fd, (struct sockaddr *)&address, &len), 0);
    (void)snprintf(server->api, sizeof(server->api), "http://127.0.0.1:%u/",
                   (unsigned)ntohs(address.sin_port));
    assert_int_equal(pthread_create(&server->thread, NULL, server_run, server), 0);
    return server;
}

void answer_server_wait(struct answer_server *server)
{
    assert_int_equal(pthread_join(server->thread, NULL), 0);
    (void)close(server->fd);
}
