/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     bench_floor_receipts
 *
 * What libmicrohttpd can do at best: driven from a loop of ours, as the coordinator drives it, it
 * reads the same requests, answers 204 at once, and stores nothing. Prints its port on a line and
 * serves until its standard input ends.
 */
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#define CONNECTION_MEMORY ((size_t)8 * 1024)
#define CONNECTIONS_MAX   8192U

struct floor {
    struct MHD_Daemon *daemon;
    struct MHD_Response *response;
    uv_poll_t poll;
    uv_poll_t input;
};

/* NOLINTNEXTLINE(readability-function-size): the parameters are libmicrohttpd's */
static enum MHD_Result on_access(void *arg, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *data,
                                 size_t *len, void **context)
{
    static int begun;
    const struct floor *floor = arg;
    (void)url;
    (void)method;
    (void)version;
    (void)data;
    if (*context == NULL) {
        *context = &begun;
        return MHD_YES;
    }
    if (*len > 0) {
        *len = 0;
        return MHD_YES;
    }
    return MHD_queue_response(connection, MHD_HTTP_NO_CONTENT, floor->response);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    const struct floor *floor = poll->data;
    (void)status;
    (void)events;
    (void)MHD_run(floor->daemon);
}

static void on_input(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    if (getchar() == EOF) {
        uv_stop(poll->loop);
    }
}

int main(void)
{
    struct floor floor = {0};
    uv_loop_t loop;
    floor.response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    floor.daemon =
        MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_access, &floor,
                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY,
                         MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, MHD_OPTION_END);
    if (floor.daemon == NULL) {
        fprintf(stderr, "bench_floor_receipts: the server could not be started\n");
        return EXIT_FAILURE;
    }
    printf("%u\n", (unsigned)MHD_get_daemon_info(floor.daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    (void)fflush(stdout);
    uv_loop_init(&loop);
    uv_poll_init(&loop, &floor.poll,
                 MHD_get_daemon_info(floor.daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd);
    uv_poll_init(&loop, &floor.input, 0);
    floor.poll.data = &floor;
    uv_poll_start(&floor.poll, UV_READABLE, on_ready);
    uv_poll_start(&floor.input, UV_READABLE, on_input);
    uv_run(&loop, UV_RUN_DEFAULT);
    MHD_stop_daemon(floor.daemon);
    MHD_destroy_response(floor.response);
    return EXIT_SUCCESS;
}
