/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transfer: libcurl's transfers on a libuv loop. A hub is one multi handle with its sockets, its
 * timers and the deadlines of its transfers; a transfer is one easy handle, kept for many requests.
 * What is asked and what is answered is the business of http_client and smtp_client, the only ones
 * that include this header. Loop's thread only.
 *
 * A transfer sits inside its owner's struct. Its life is idle -> started -> done (the callback,
 * with the easy handle still in the multi, so that it can be asked) -> ended -> idle.
 */
#ifndef TOCSIN_NET_TRANSFER_H
#define TOCSIN_NET_TRANSFER_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "common/err.h"
#include "net/address_guard.h"
#include "net/transfer_tally.h"
#include "proto/outcome.h"

struct transfer_hub;
struct transfer;

/* Never inside a callback of libcurl: everything is allowed but closing the hub. */
typedef void (*transfer_done_fn)(struct transfer *transfer, CURLcode result);
/* Something happened on the socket of a transfer that watches it: UV_ flags, or TRANSFER_OVERDUE.
 */
typedef void (*transfer_event_fn)(struct transfer *transfer, int uv_events);
#define TRANSFER_OVERDUE 0

struct transfer {
    struct transfer_hub *hub;
    CURL *easy;
    transfer_done_fn on_done;
    transfer_event_fn on_event; /* when it watches its socket */
    bool started;               /* in the multi */
    bool done;                  /* on_done was called, transfer_end was not yet */
    bool dialled;               /* a socket was opened for it */
    bool refused;               /* the guard let no address through */
    bool requested;             /* connected, and the request is on its way */
    long tunnel_bytes;          /* that were went to a proxy before it, for a tunnel */
    uint64_t started_ms;        /* of uv_now */
    uint64_t deadline_ms;       /* 0: none */
    struct transfer *next;      /* of those that have a deadline */
    struct transfer *before;
};

struct transfer_hub_settings {
    uv_loop_t *loop;
    uint32_t connections;        /* how many stay open */
    uint32_t streams;            /* HTTP/2: requests together on one of them; 0: as many as libcurl
                                    likes, and as many connections to one host as are wanted */
    uint32_t connect_timeout_ms; /* from the start until the request can be written */
    uint32_t timeout_ms;         /* from the start until all of the answer is there */
    /* Asked before each connection; outlives the hub. NULL: any address will do. */
    const struct address_guard *guard;
    struct transfer_tally *tally; /* NULL: nothing is counted */
};

/* What all easy handles of a hub have in common. */
struct transfer_options {
    const char *protocols; /* "http,https" */
    const char *ca_file;   /* NULL: the system's */
    bool insecure_tls;
    const char *proxy; /* NULL: none; the environment is never asked */
    const char *user;  /* NULL: none */
    const char *password;
    bool http2; /* if the peer speaks it: by ALPN with https, unasked with http */
};

struct transfer_hub *transfer_hub_new(const struct transfer_hub_settings *settings);
/* Every transfer has been released before. Frees when libuv has closed the hub's handles. */
void transfer_hub_close(struct transfer_hub *hub);

/* Makes the easy handle and sets what all have in common; the owner sets the rest on
 * transfer->easy. */
void transfer_init(struct transfer *transfer, struct transfer_hub *hub,
                   const struct transfer_options *options, transfer_done_fn on_done);
void transfer_release(struct transfer *transfer);
void transfer_start(struct transfer *transfer);
/* Out of the multi; also cuts off what is still under way. */
void transfer_end(struct transfer *transfer);
/* Breaks off what is under way: on_done comes before this returns. Nothing if nothing is. */
void transfer_abort(struct transfer *transfer);
/* Has some of the request itself left? */
bool transfer_has_sent(const struct transfer *transfer);
/* Only with CURLOPT_CONNECT_ONLY, when done: the socket is the owner's from now on, until
 * transfer_end: `on_event` is called when uv_events (UV_READABLE, UV_WRITABLE) happen there. */
void transfer_watch(struct transfer *transfer, int uv_events, transfer_event_fn on_event);
/* And with TRANSFER_OVERDUE, once, after so long a time; 0: no longer. */
void transfer_expect(struct transfer *transfer, uint32_t timeout_ms);

/* What a failed transfer means. `sent`: some of the request has left. */
struct transfer_failure {
    enum outcome outcome;
    enum reason reason;
};
struct transfer_failure transfer_failure_of(CURLcode result, bool sent);

#endif
