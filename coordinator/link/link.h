/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link: the coordinator's side of the wire. What workers say becomes calls of the engine, by a
 * table of handlers; the engine's effects become messages once the turn that decided them is
 * durable.
 *
 * It knows no socket and no clock: frames come in and go out through the port, so the simulation
 * runs the same code. Loop's thread only. Engine and turn are borrowed.
 */
#ifndef TOCSIN_LINK_LINK_H
#define TOCSIN_LINK_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/err.h"
#include "common/histogram.h"
#include "common/slice.h"
#include "coordinator/engine/engine.h"
#include "coordinator/ledger/store.h"
#include "coordinator/ledger/turn.h"
#include "proto/wire.h"

struct link;

struct link_port {
    void *arg;
    /* False: the peer is gone or its queue is full; nothing was sent. */
    bool (*send)(void *arg, struct slice peer, struct slice frame, struct slice payload);
    uint64_t (*now_ms)(void *arg);
    /* Fills all but the epoch; what it points to lies in the arena or outlives the call.
     * ERR_NOT_FOUND. */
    enum err (*content)(void *arg, uint64_t campaign, struct arena *arena,
                        struct wire_content *content);
    /* A sealed page as it is stored. */
    enum err (*page)(void *arg, uint64_t audience, uint32_t page, struct store_value *value);
    /* ENGINE_REFUSED; NULL: nobody asks. */
    void (*refused)(void *arg, const struct engine_effect *effect);
};

struct link_settings {
    uint64_t epoch;
    uint32_t heartbeat_ms;
    uint32_t lease_ms;
    unsigned provider_count;
    const struct wire_provider *providers; /* borrowed */
};

struct link_stats {
    uint64_t received[WIRE_TYPES];
    uint64_t sent[WIRE_TYPES];
    uint64_t garbage;         /* frames that are no message for us, and those of peers too many */
    uint64_t refused;         /* workers of another wire version */
    uint64_t unsent_batches;  /* the worker was gone or its queue full */
    struct histogram durable; /* from outcomes that came until they were on disk, by recipients:
                                 HISTOGRAM_MS */
};

struct link *link_new(const struct link_settings *settings, const struct link_port *port,
                      struct engine *engine, struct turn *turn);
void link_free(struct link *link); /* what waits for the turn is dropped */

/* A token of a provider for the adapter of this name: told to every worker that is here, and to
 * those that come. It replaces the one before. A secret, copied. */
void link_set_bearer(struct link *link, uint32_t provider, const char *adapter, struct slice token);
/* One message of a worker. Garbage is counted, logged and dropped. */
void link_on_frames(struct link *link, struct slice peer, struct slice frame, struct slice payload);
/* Takes the engine's effects: each is carried out when what was decided so far is durable. After
 * every call of the engine. */
void link_take_effects(struct link *link);
void link_stats(const struct link *link, struct link_stats *stats);

#endif
