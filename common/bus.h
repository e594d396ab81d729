/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus: messages of one or two frames between processes over ZeroMQ, on a libuv loop. The only user
 * of zmq.h (with bus_settings.c).
 *
 * One end binds (a ROUTER: it names its peers), many connect (a DEALER each). All calls from the
 * loop's thread. ZMQ_FD is edge-triggered: after every send and receive the socket is drained, a
 * bounded number of messages a turn. Across hosts the link is encrypted and authenticated by CURVE
 * (RFC 26): the binding end has a key pair and a list of the public keys it lets in.
 *
 * A lost connection is made again by itself, for ever. Nothing is queued for a peer that is not
 * there: what was sent and had not left is lost with its connection, and what must not be lost is
 * sent again by the caller.
 */
#ifndef TOCSIN_COMMON_BUS_H
#define TOCSIN_COMMON_BUS_H

#include <stdbool.h>
#include <uv.h>

#include "common/err.h"
#include "common/slice.h"

#define BUS_KEY_CHARS 40  /* Z85 text of a CURVE key, without the zero */
#define BUS_PEER_MAX  255 /* bytes of a peer's routing id */

struct bus;

struct bus_settings {
    const char *endpoint;   /* "tcp://127.0.0.1:7400", "ipc:///run/tocsin.sock" */
    bool bind;              /* ROUTER; else DEALER */
    const char *name;       /* DEALER: its routing id, 1..255 bytes; a newer peer of the same name
                             * takes the place of the older */
    size_t frame_max_bytes; /* larger messages close the connection (ZMQ_MAXMSGSIZE) */
    int high_water;         /* messages queued to one peer before bus_send says false */
    /* CURVE; all NULL for none. Z85 text. */
    const char *secret_key;
    const char *public_key;          /* NULL: computed from the secret one */
    const char *server_key;          /* DEALER: whom it trusts */
    const char *const *allowed_keys; /* ROUTER: NULL-terminated public keys */
};

/* peer is empty for a DEALER. Frames are valid during the call only. */
typedef void (*bus_receive_fn)(void *arg, struct slice peer, struct slice frame,
                               struct slice payload);

/* ERR_CONFLICT: address in use; ERR_INVALID: endpoint or key malformed; *problem says which and
 * what would be right. */
enum err bus_open(struct bus **out, uv_loop_t *loop, const struct bus_settings *settings,
                  bus_receive_fn receive, void *arg, struct problem *problem) WARN_UNUSED;
/* Sends one message; payload may be empty (then one frame). peer is ignored by a DEALER. False: the
 * peer is gone or its queue is full (a DEALER: not connected yet, for some milliseconds after
 * bus_open); nothing was sent. Copies. */
bool bus_send(struct bus *bus, struct slice peer, struct slice frame, struct slice payload);
/* The endpoint really bound (a port of 0 or * resolved). */
const char *bus_endpoint(const struct bus *bus);
/* How often a DEALER got connected. It connects again by itself; a larger number than before says
 * that messages of either direction may have been lost in between. 0 for a ROUTER. */
uint64_t bus_connections(const struct bus *bus);
/* How many connection attempts were refused for their key since the start. */
uint64_t bus_refused(const struct bus *bus);
/* Waits up to linger_ms for what was sent to leave, blocking the loop; frees after the handles are
 * closed, that is after the loop has run once more. May be called from the receive callback. */
void bus_close(struct bus *bus, int linger_ms);

/* A new CURVE key pair as Z85 text, zero-terminated. */
void bus_keypair(char public_key[BUS_KEY_CHARS + 1], char secret_key[BUS_KEY_CHARS + 1]);
bool bus_key_is_valid(const char *key);

#endif
