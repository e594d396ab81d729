/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transfer_socket: the sockets of a hub on its loop, found by their descriptors. Part of transfer;
 * nobody else includes it.
 */
#ifndef TOCSIN_NET_TRANSFER_SOCKET_H
#define TOCSIN_NET_TRANSFER_SOCKET_H

#include "net/transfer.h"

struct transfer_socket;

/* A member of the hub. */
struct transfer_sockets {
    uv_loop_t *loop;
    /* Events that libcurl waits for: CURL_CSELECT_ flags. */
    void (*on_ready)(struct transfer_hub *hub, curl_socket_t fd, int flags);
    /* libuv has closed a socket's handle. */
    void (*on_closed)(struct transfer_hub *hub);
    struct transfer_hub *hub;
    struct transfer_socket **by_fd;
    size_t cap;
    struct transfer_tally *tally; /* NULL: nothing is counted */
    unsigned open;                /* handles of libuv, closing ones included */
};

/* After the last handle was closed. */
void transfer_sockets_release(struct transfer_sockets *sockets);

/* Callbacks for libcurl; arg is the struct transfer_sockets. */
curl_socket_t transfer_socket_on_open(void *arg, curlsocktype purpose,
                                      struct curl_sockaddr *address);
int transfer_socket_on_close(void *arg, curl_socket_t fd);
int transfer_socket_on_wanted(CURL *easy, curl_socket_t fd, int what, void *arg, void *assigned);

/* Events of an open socket go to holder->on_event from now on. */
void transfer_socket_hand_over(struct transfer_sockets *sockets, curl_socket_t fd,
                               struct transfer *holder, int uv_events);

#endif
