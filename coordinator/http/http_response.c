/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/http/http_response.h"

#include <microhttpd.h>

#include "common/mem.h"
#include "coordinator/http/http_server_state.h"
#include "coordinator/http/http_socket.h"

#define PULL_BLOCK ((size_t)32 * 1024)
#define BULK_BLOCK ((size_t)256 * 1024)

struct pull {
    struct http_request *request;
    http_pull_fn pull;
    http_pull_done_fn done;
    void *arg;
};

static ssize_t on_pull(void *arg, uint64_t at, char *into, size_t room)
{
    (void)at;
    const struct pull *pull = arg;
    pull->request->connection->server->daemon.has_moved = true;
    if (pull->request->connection->server->is_closing) {
        return MHD_CONTENT_READER_END_WITH_ERROR; /* it must not wait once more */
    }
    long got = pull->pull(pull->arg, (uint8_t *)into, room);
    if (got == 0) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    if (got == HTTP_PULL_LATER) {
        http_connection_suspend(pull->request->connection);
        return 0;
    }
    if (got < 0) {
        http_socket_reset(pull->request->connection->fd);
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    return got;
}

static void on_pull_done(void *arg)
{
    struct pull *pull = arg;
    if (pull->done != NULL) {
        pull->done(pull->arg);
    }
    mem_free(pull);
}

struct MHD_Response *http_response_bare_new(void)
{
    struct MHD_Response *bare = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    (void)MHD_add_response_header(bare, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    return bare;
}

void http_response_bare_free(struct MHD_Response *bare)
{
    MHD_destroy_response(bare);
}

/* Takes the body, or what pulls it, out of the answer. */
static struct MHD_Response *response_of(struct http_request *request)
{
    struct http_answer *answer = &request->answer;
    if (answer->pull != NULL) {
        struct pull *pull = mem_alloc(sizeof(*pull));
        *pull = (struct pull){request, answer->pull, answer->pull_done, answer->pull_arg};
        answer->pull_done = NULL;
        struct MHD_Response *response = MHD_create_response_from_callback(
            MHD_SIZE_UNKNOWN, answer->is_bulk ? BULK_BLOCK : PULL_BLOCK, on_pull, pull,
            on_pull_done);
        if (answer->is_bulk) { /* or its pieces would be what is left of the connection's memory */
            (void)MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
        }
        return response;
    }
    if (answer->body.len == 0) { /* the library reads what it is lent, and says otherwise */
        return MHD_create_response_from_buffer(
            answer->lent.len, (void *)(uintptr_t)answer->lent.data, MHD_RESPMEM_PERSISTENT);
    }
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback(
        answer->body.len, answer->body.data, mem_free);
    answer->body = (struct buf){0};
    return response;
}

bool http_response_queue(struct http_request *request)
{
    struct http_answer *answer = &request->answer;
    const struct http_server *server = request->connection->server;
    if (request->is_bare && !server->is_quiet) {
        request->phase = HTTP_SENDING;
        return MHD_queue_response(request->connection->mhd, answer->status, server->bare) ==
               MHD_YES;
    }
    struct MHD_Response *response = response_of(request);
    for (unsigned i = 0; i < answer->header_count; i++) {
        (void)MHD_add_response_header(response, answer->headers[i].name, answer->headers[i].value);
    }
    if (request->is_bare) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    }
    if (server->is_quiet) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    }
    request->phase = HTTP_SENDING;
    enum MHD_Result result = MHD_queue_response(request->connection->mhd, answer->status, response);
    MHD_destroy_response(response);
    return result == MHD_YES;
}
