/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/http/http_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include "common/mem.h"
#include "coordinator/http/http_daemon.h"
#include "coordinator/http/http_response.h"
#include "coordinator/http/http_server_state.h"
#include "coordinator/http/http_socket.h"
#include "coordinator/http/http_tls.h"

void http_settings_defaults(struct http_settings *settings)
{
    *settings = (struct http_settings){
        .key = "listen.api",
        .connections_max = 1024,
        .connections_per_address = 1024,
        .body_max = (size_t)1024 * 1024,
        .head_ms = 30000,
        .request_ms = 30000,
        .stream_idle_ms = 60000,
    };
}

enum err http_server_open(struct http_server **out, uv_loop_t *loop,
                          const struct http_settings *settings, const struct http_handler *handler,
                          struct problem *problem)
{
    struct http_server *server = mem_zalloc(1, sizeof(*server));
    server->settings = *settings;
    server->handler = *handler;
    server->connections.max = settings->connections_max;
    *out = NULL;
    int fd = -1;
    enum err err =
        settings->tls == NULL ? ERR_OK : http_tls_open(&server->tls, settings->tls, problem);
    if (err == ERR_OK) {
        err = listen_address_open(&fd, &settings->listen, settings->key, &server->address, problem);
    }
    if (err == ERR_OK && !http_daemon_start(server, loop, fd)) {
        (void)close(fd);
        err = problem_set(problem, ERR_IO, "the HTTP server could not be started");
    }
    if (err != ERR_OK) {
        http_tls_close(server->tls);
        mem_free(server);
        return err;
    }
    server->bare = http_response_bare_new();
    *out = server;
    return ERR_OK;
}

enum err http_server_reload_tls(struct http_server *server, struct problem *problem)
{
    return server->tls == NULL ? ERR_OK : http_tls_reload(server->tls, problem);
}

uint64_t http_server_certificate_expires_ms(const struct http_server *server)
{
    return server->tls == NULL ? 0 : http_tls_expires_ms(server->tls);
}

const struct listen_address *http_server_address(const struct http_server *server)
{
    return &server->address;
}

void http_server_quiesce(struct http_server *server)
{
    if (server->is_quiet) {
        return;
    }
    server->is_quiet = true;
    http_daemon_quiesce(server);
    http_connections_shut_idle(&server->connections);
}

unsigned http_server_connections(const struct http_server *server)
{
    return server->connections.count;
}

uint64_t http_server_evictions(const struct http_server *server)
{
    return server->connections.evictions;
}

unsigned http_server_requests(const struct http_server *server)
{
    return server->request_count;
}

static void on_daemon_closed(struct http_server *server)
{
    http_kept_release(&server->kept);
    mem_free(server);
}

/* An answer that ends with its connection must not seem to be whole. */
static bool is_cut_short(const struct http_request *request)
{
    return request != NULL && request->phase == HTTP_SENDING && request->answer.is_bulk;
}

void http_server_close(struct http_server *server)
{
    if (server == NULL) {
        return;
    }
    http_server_quiesce(server);
    server->is_closing = true;
    for (struct http_connection *connection = server->connections.first; connection != NULL;
         connection = connection->next) {
        if (connection->request != NULL && connection->request->is_suspended) {
            http_connection_wake(connection);
        }
        if (is_cut_short(connection->request)) {
            http_socket_reset(connection->fd);
        } else {
            (void)shutdown(connection->fd, SHUT_RDWR);
        }
    }
    http_daemon_close(server, on_daemon_closed);
    http_tls_close(server->tls);
    http_response_bare_free(server->bare);
}
