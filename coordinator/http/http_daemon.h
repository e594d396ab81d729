/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_daemon: libmicrohttpd's daemon in our loop: starts it, runs it when it has something to do,
 * sweeps what takes too long in between, and ends it. What it calls meanwhile is http_access. A
 * part of http_server.
 */
#ifndef TOCSIN_HTTP_HTTP_DAEMON_H
#define TOCSIN_HTTP_HTTP_DAEMON_H

#include <stdbool.h>
#include <uv.h>

struct MHD_Daemon;
struct http_server;

struct http_daemon {
    struct MHD_Daemon *library;
    uv_poll_t poll;
    uv_timer_t run_timer; /* when libmicrohttpd wants to be run */
    uv_timer_t sweep_timer;
    uv_idle_t idle; /* active when a connection was resumed, or the last run closed one */
    unsigned open_handles;
    bool has_moved; /* something came of the run that goes on, or was the last */
    void (*on_closed)(struct http_server *server);
};

/* Serves the listening socket fd, which is the daemon's from then on; the server's settings, tls
 * and connections are ready. False: it could not be started, and fd is the caller's. */
bool http_daemon_start(struct http_server *server, uv_loop_t *loop, int fd);
/* Runs it in this turn of the loop: a connection was resumed. */
void http_daemon_run_soon(struct http_server *server);
/* Takes no more connections. */
void http_daemon_quiesce(struct http_server *server);
/* Runs it until all connections have ended, or for so long as that should take; then ends it, and
 * with it those that are left. on_closed comes when the loop has run once more. */
void http_daemon_close(struct http_server *server, void (*on_closed)(struct http_server *server));

#endif
