/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/metrics_server.h"

#include <microhttpd.h>
#include <string.h>
#include <unistd.h>

#include "common/exposition.h"
#include "common/mem.h"

#define CONNECTIONS_MAX 16
#define TIMEOUT_S       10
#define MEMORY_BYTES    8192 /* of a connection, for its head */

struct metrics_server {
    struct listen_address address;
    metrics_server_write_fn write;
    void *arg;
    struct MHD_Daemon *daemon;
};

static enum MHD_Result reply(struct MHD_Connection *connection, unsigned status, const char *type,
                             struct buf take_body)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer_with_free_callback(take_body.len, take_body.data, mem_free);
    if (response == NULL) {
        return MHD_NO;
    }
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    }
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned status, const char *why)
{
    struct buf text = {0};
    buf_str(&text, why);
    return reply(connection, status, "text/plain; charset=utf-8", text);
}

/* Called once for the head, again for a body, whose bytes are passed over, and at its end. */
static enum MHD_Result on_access(void *arg, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *body,
                                 size_t *body_len, void **context)
{
    static int has_begun;
    const struct metrics_server *server = arg;
    (void)version;
    (void)body;
    if (*context == NULL) {
        *context = &has_begun;
        return MHD_YES;
    }
    if (*body_len > 0) {
        *body_len = 0;
        return MHD_YES;
    }
    if (strcmp(url, "/metrics") != 0) {
        return refuse(connection, MHD_HTTP_NOT_FOUND, "The metrics are at /metrics.\n");
    }
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
                      "Metrics can only be read: GET /metrics.\n");
    }
    struct buf text = {0};
    server->write(server->arg, &text);
    return reply(connection, MHD_HTTP_OK, EXPOSITION_TYPE, text);
}

enum err metrics_server_open(struct metrics_server **out, const struct listen_address *address,
                             metrics_server_write_fn write, void *arg, struct problem *problem)
{
    struct metrics_server *server = mem_zalloc(1, sizeof(*server));
    int fd = -1;
    *out = NULL;
    server->write = write;
    server->arg = arg;
    enum err err = listen_address_open(&fd, address, "metrics", &server->address, problem);
    if (err != ERR_OK) {
        mem_free(server);
        return err;
    }
    server->daemon = MHD_start_daemon(
        MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, on_access, server,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)MEMORY_BYTES, MHD_OPTION_END);
    if (server->daemon == NULL) {
        (void)close(fd);
        mem_free(server);
        return problem_set(problem, ERR_LIMIT, "metrics: no thread could be started to serve them");
    }
    *out = server;
    return ERR_OK;
}

const struct listen_address *metrics_server_address(const struct metrics_server *server)
{
    return &server->address;
}

void metrics_server_close(struct metrics_server *server)
{
    if (server != NULL) {
        MHD_stop_daemon(server->daemon); /* closes the socket */
        mem_free(server);
    }
}
