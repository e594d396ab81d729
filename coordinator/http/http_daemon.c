/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmicrohttpd 0.9.75 with an epoll descriptor that our loop watches: MHD_run works off what is
 * ready, in the loop's thread and nowhere else. Its traps while it runs, and what is done about
 * them (those of requests and answers stand in http_access.c):
 *
 * Resuming sets a flag that the next MHD_run looks at, and nothing wakes up for it: our idle handle
 * does.
 *
 * With as many connections as it takes at all, it takes the listening socket out of its epoll set,
 * and puts it back in the run after the one that closed some: nothing would wake it up for those
 * who wait to be accepted. So it is run once more when connections were closed.
 *
 * Its timeout counts inactivity only. Deadlines for whole heads and bodies are ours (http_sweep.c).
 *
 * Stopping it with suspended connections aborts the process: all are resumed and ended before.
 *
 * While the handshake of a TLS connection waits for its client, the library takes that connection
 * for ready and wants to be run again at once, for as long as it lasts. Its word is believed only
 * when something came of the last run; else it is run when something comes, and now and then
 * (run_again). A timer of 0 ms would be worse still: it is due again before the loop does
 * anything else.
 */
#include "coordinator/http/http_daemon.h"

#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "coordinator/http/http_access.h"
#include "coordinator/http/http_server_state.h"
#include "coordinator/http/http_tls.h"

#define MODULE        "http"
#define SWEEP_MS      250
#define SEND_IDLE_S   60U /* a client that does not take its answer */
#define CLOSE_RUNS    64
#define RUN_US        1000 /* of the loop's time at once */
#define GREETING_MS   10   /* between two runs that only handshakes ask for, */
#define GREETING_REST 4    /* and so many times what a run takes */
/* What libmicrohttpd takes above the limit while others are closed for it. */
#define EVICT_HEADROOM 128U

static void server_run(struct http_server *server);

static void on_run_timer(uv_timer_t *timer)
{
    server_run(timer->data);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    server_run(poll->data);
}

static void on_idle(uv_idle_t *idle)
{
    uv_idle_stop(idle);
    server_run(idle->data);
}

static void on_sweep(uv_timer_t *timer)
{
    const struct http_server *server = timer->data;
    http_sweep(server->connections.first, clock_monotonic_ms());
    if (server->tls != NULL) {
        http_tls_sweep(server->tls);
    }
}

/* The library wants to be run at once. */
static void run_again(struct http_server *server, uint64_t took_us)
{
    if (server->connections.greeting == 0 || server->daemon.has_moved) {
        uv_idle_start(&server->daemon.idle, on_idle);
        return;
    }
    uint64_t wait_ms = took_us * GREETING_REST / 1000;
    wait_ms = wait_ms < GREETING_MS ? GREETING_MS : wait_ms;
    uv_timer_start(&server->daemon.run_timer, on_run_timer,
                   http_connections_are_sending(&server->connections) ? 1 : wait_ms, 0);
}

/* Whether the library wants to be run once more; else *wait_ms is when, -1 for never. */
static bool run_once(struct http_server *server, int64_t *wait_ms)
{
    MHD_UNSIGNED_LONG_LONG library_ms;
    server->daemon.has_moved = false;
    (void)MHD_run(server->daemon.library);
    http_connections_make_room(&server->connections);
    bool has_time = MHD_get_timeout(server->daemon.library, &library_ms) == MHD_YES;
    *wait_ms = has_time ? (int64_t)library_ms : -1;
    return *wait_ms == 0;
}

/* A request's body comes in small pieces, so that it is run as long as that brings something; but
 * others want their turn as well. */
static void server_run(struct http_server *server)
{
    uint64_t began_us = clock_monotonic_us();
    uint64_t last_us = began_us;
    int64_t wait_ms;
    bool wants_more;
    server->connections.has_closed = false;
    uv_timer_stop(&server->daemon.run_timer);
    do {
        last_us = clock_monotonic_us();
        wants_more = run_once(server, &wait_ms);
    } while (wants_more && server->daemon.has_moved && last_us - began_us < RUN_US);
    if (server->connections.has_closed) {
        uv_idle_start(&server->daemon.idle, on_idle); /* there may be room for who waits outside */
    }
    if (wants_more) {
        run_again(server, clock_monotonic_us() - last_us);
    } else if (wait_ms > 0) {
        uv_timer_start(&server->daemon.run_timer, on_run_timer, (uint64_t)wait_ms, 0);
    }
}

PRINTF_LIKE(2, 0)
static void on_library_line(void *arg, const char *format, va_list args)
{
    (void)arg;
    char line[256];
    (void)vsnprintf(line, sizeof(line), format, args);
    line[strcspn(line, "\n")] = '\0';
    for (char *at = line; *at != '\0'; at++) {
        if (*at == '"') {
            *at = '\'';
        }
    }
    LOG_D(MODULE, "library", "said=\"%s\"", line);
}

static void start_handles(struct http_server *server, uv_loop_t *loop)
{
    int fd = MHD_get_daemon_info(server->daemon.library, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    uv_poll_init(loop, &server->daemon.poll, fd);
    uv_timer_init(loop, &server->daemon.run_timer);
    uv_timer_init(loop, &server->daemon.sweep_timer);
    uv_idle_init(loop, &server->daemon.idle);
    server->daemon.poll.data = server;
    server->daemon.run_timer.data = server;
    server->daemon.sweep_timer.data = server;
    server->daemon.idle.data = server;
    server->daemon.open_handles = 4;
    uv_poll_start(&server->daemon.poll, UV_READABLE, on_readable);
    uv_timer_start(&server->daemon.sweep_timer, on_sweep, SWEEP_MS, SWEEP_MS);
}

/* The library takes texts that it only reads without saying so. */
static void *unconst(const char *text)
{
    return (void *)(uintptr_t)text;
}

/* What follows MHD_OPTION_ARRAY. Without TLS it ends at once. */
static void tls_options(struct http_server *server, struct MHD_OptionItem options[4])
{
    unsigned count = 0;
    if (server->tls != NULL) {
        const struct MHD_OptionItem all[] = {
            {MHD_OPTION_HTTPS_MEM_CERT, 0, unconst(http_tls_certificate_pem(server->tls))},
            {MHD_OPTION_HTTPS_MEM_KEY, 0, unconst(http_tls_key_pem(server->tls))},
            {MHD_OPTION_HTTPS_PRIORITIES, 0, unconst(http_tls_priorities(server->tls))},
        };
        memcpy(options, all, sizeof(all));
        count = sizeof(all) / sizeof(all[0]);
    }
    options[count] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
}

static struct MHD_Daemon *start_library(struct http_server *server, int fd)
{
    const struct http_settings *settings = &server->settings;
    const unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    struct MHD_OptionItem tls[4];
    unsigned per_address = settings->connections_per_address;
    if (per_address >= settings->connections_max) {
        per_address += EVICT_HEADROOM; /* all of one address: a proxy */
    }
    tls_options(server, tls);
    return MHD_start_daemon(
        server->tls == NULL ? flags : flags | MHD_USE_TLS, 0, NULL, NULL, http_access_on_call,
        server, MHD_OPTION_EXTERNAL_LOGGER, on_library_line, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, HTTP_CONNECTION_MEMORY, MHD_OPTION_CONNECTION_LIMIT,
        settings->connections_max + EVICT_HEADROOM, MHD_OPTION_PER_IP_CONNECTION_LIMIT, per_address,
        MHD_OPTION_CONNECTION_TIMEOUT, SEND_IDLE_S, MHD_OPTION_NOTIFY_CONNECTION,
        http_access_on_connection, server, MHD_OPTION_NOTIFY_COMPLETED, http_access_on_completed,
        server, MHD_OPTION_URI_LOG_CALLBACK, http_access_on_uri, server, MHD_OPTION_ARRAY, tls,
        MHD_OPTION_END);
}

bool http_daemon_start(struct http_server *server, uv_loop_t *loop, int fd)
{
    server->daemon.library = start_library(server, fd);
    if (server->daemon.library == NULL) {
        return false;
    }
    start_handles(server, loop);
    return true;
}

void http_daemon_run_soon(struct http_server *server)
{
    uv_idle_start(&server->daemon.idle, on_idle);
}

void http_daemon_quiesce(struct http_server *server)
{
    MHD_socket fd = MHD_quiesce_daemon(server->daemon.library);
    if (fd != MHD_INVALID_SOCKET) {
        (void)close(fd);
    }
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct http_server *server = handle->data;
    if (--server->daemon.open_handles == 0) {
        server->daemon.on_closed(server);
    }
}

void http_daemon_close(struct http_server *server, void (*on_closed)(struct http_server *server))
{
    struct http_daemon *daemon = &server->daemon;
    for (unsigned i = 0; i < CLOSE_RUNS && server->connections.first != NULL; i++) {
        (void)MHD_run(daemon->library);
    }
    daemon->on_closed = on_closed;
    uv_close((uv_handle_t *)&daemon->poll, on_handle_closed);
    uv_close((uv_handle_t *)&daemon->run_timer, on_handle_closed);
    uv_close((uv_handle_t *)&daemon->sweep_timer, on_handle_closed);
    uv_close((uv_handle_t *)&daemon->idle, on_handle_closed);
    MHD_stop_daemon(daemon->library); /* ends the connections that are left */
}
