/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uplink: the worker's end of the wire: messages as structs on one side, frames on the bus on the
 * other. Loop's thread only.
 */
#ifndef TOCSIN_WORKER_UPLINK_H
#define TOCSIN_WORKER_UPLINK_H

#include <stdbool.h>
#include <uv.h>

#include "common/bus.h"
#include "proto/wire.h"

struct uplink;

struct uplink_settings {
    const char *coordinator; /* endpoint */
    const char *name;        /* of the worker; its routing id */
    /* CURVE; all NULL for none. Z85 text. */
    const char *secret_key;
    const char *public_key; /* NULL: computed from the secret one */
    const char *coordinator_key;
};

/* The message and what it points to are valid during the call. */
typedef void (*uplink_message_fn)(void *arg, const struct wire_message *message);

/* As bus_open. */
enum err uplink_open(struct uplink **out, uv_loop_t *loop, const struct uplink_settings *settings,
                     uplink_message_fn on_message, void *arg, struct problem *problem) WARN_UNUSED;
/* False: the link is not there, or full; nothing was sent. */
bool uplink_send(struct uplink *uplink, const struct wire_message *message);
/* Waits up to linger_ms for what was sent to leave. Not from on_message. */
void uplink_close(struct uplink *uplink, int linger_ms);

#endif
