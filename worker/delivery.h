/* SPDX-License-Identifier: Apache-2.0 */
/*
 * delivery: the worker's core. Messages of the coordinator come in, attempts are started, outcomes
 * go back.
 *
 * It knows no socket, loop or clock: time comes in as now_ms (unix, never going back), what is to
 * be done goes out through the shell's functions, so that a simulation can run many of them in one
 * process. It is made of parts that are as pure: session (where it stands with the coordinator),
 * inbox (batches waiting, by provider), catalog and render (texts), throttle (pace), flight
 * (attempts under way), outbox (outcomes until they are durable), credit. One thread.
 *
 * Life: delivery_connect says HELLO until it is answered; nothing is taken before WELCOME. A larger
 * epoch replaces the present one: what was not started is returned under its old lease (the new
 * life has it in its journal, or passes over it), what is under way is reported when it ends, and
 * outcomes not yet confirmed are sent again. After a break within the same epoch outcomes are sent
 * again and work goes on; but when the coordinator was not heard of for the lease time, nothing is
 * started any more, and what was not started is returned as soon as it is heard of again.
 *
 * Every recipient of every batch is reported exactly once, whatever happens, unless the process
 * ends; messages that carry reports may be repeated.
 */
#ifndef TOCSIN_WORKER_DELIVERY_H
#define TOCSIN_WORKER_DELIVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/histogram.h"
#include "proto/token.h"
#include "proto/wire.h"
#include "worker/merge.h"

struct delivery;

/* One try to reach one recipient: what a channel needs. Slices are valid during the call only. */
struct attempt {
    uint32_t id; /* given back with the result; unique among those under way */
    uint8_t provider;
    enum channel_kind channel;
    struct slice endpoint;
    struct slice key; /* the recipient's */
    /* What stays the same however often it is tried: channels derive stable ids from it
     * (Message-ID). */
    uint64_t campaign;
    uint32_t ordinal;
    uint8_t step;
    uint8_t round; /* of the campaign; 0 is the first */
    char token[TOKEN_CHARS];
    const uint8_t *token_key; /* the campaign's: for the token of a request to several of it */
    const struct trace_context *trace; /* that the campaign belongs to; NULL: none */
    struct slice public_url; /* what callbacks to the coordinator begin with; empty: it has none */
    struct slice subject;
    struct slice text;
    struct slice html;
    const char *const *attachments; /* names of files that the worker has */
    unsigned attachment_count;
    /* If the provider's form is merged, in place of the three: the message, which is the same
     * pointer for everybody of a campaign who gets it in the same language, and the recipient's
     * values, one for each slot. */
    const struct merge *merge;
    const struct slice *values;
    /* Any variable of the recipient by name, for adapters whose settings have templates. */
    bool (*variable)(const struct attempt *attempt, struct slice name, struct slice *value);
    const void *variable_arg;
};

struct attempt_result {
    enum outcome outcome;
    uint16_t reason;
    uint32_t retry_after_ms;
    struct slice ref; /* provider's id; valid during the call */
};

/* How a provider takes messages. Zeroed: one by one, as rendered. */
struct delivery_form {
    uint32_t bulk;  /* recipients of one campaign that one request takes at most */
    bool is_merged; /* attempts carry `merge` and `values` */
};

struct delivery_shell {
    void *arg;
    /* False: the link is down or full; the core keeps what it says and tries again later. */
    bool (*send)(void *arg, const struct wire_message *message);
    /* Opens, opens anew or (settings NULL) closes a provider's channel. If it fails, what was open
     * before stays so until it is closed. The core logs the problem and tells the coordinator,
     * which leases nothing of a provider without a channel to this worker. */
    enum err (*open_provider)(void *arg, const struct wire_provider *provider,
                              struct problem *problem);
    /* How many attempts of the provider may be under way together. */
    uint32_t (*concurrency)(void *arg, uint8_t provider);
    /* May call delivery_on_result before it returns. */
    void (*start)(void *arg, const struct attempt *attempt);
    /* Nothing more of the provider is started now: what a channel gathers for one request goes. May
     * be NULL. */
    void (*flush)(void *arg, uint8_t provider);
    /* Asked when a provider has been opened. May be NULL: all have the form of zeros. */
    struct delivery_form (*form)(void *arg, uint8_t provider);
    /* Can this recipient of this message be started, or are all connections taken and no request
     * that is being gathered could take him? Asked only of providers whose form is merged. */
    bool (*has_room)(void *arg, uint8_t provider, const struct merge *merge, struct slice endpoint);
    /* A token of the provider for the adapter of this name, valid during the call. May be NULL. */
    void (*set_bearer)(void *arg, uint8_t provider, const char *adapter, struct slice bearer);
};

struct delivery_settings {
    const char *name;
    const char *build;
    uint64_t instance;         /* random, not 0 */
    uint32_t outcome_every_ms; /* how often outcomes are sent at least; 20 */
    uint32_t outbox_max_bytes; /* unconfirmed outcomes; beyond it nothing is started; 8 MiB */
    uint32_t credit_max;       /* recipients of one channel in hand at most; 65,536 */
    uint32_t credit_min;       /* at least; 1,024 */
};

struct delivery *delivery_new(const struct delivery_settings *settings,
                              const struct delivery_shell *shell);
void delivery_free(struct delivery *delivery);

/* The link is up (again): say hello. */
void delivery_connect(struct delivery *delivery, uint64_t now_ms);
/* The message and its payload are valid during the call; pages are copied. */
void delivery_on_message(struct delivery *delivery, const struct wire_message *message,
                         uint64_t now_ms);
void delivery_on_result(struct delivery *delivery, uint32_t attempt,
                        const struct attempt_result *result, uint64_t now_ms);
/* Starts what may be started (a bounded number), sends outcomes, credit and heartbeats that are
 * due. Returns in how many ms it wants to be called again; 0: at once, after other events had their
 * turn. */
uint32_t delivery_run(struct delivery *delivery, uint64_t now_ms);
/* Finish what is under way, return the rest, say BYE when all of it is durable. */
void delivery_drain(struct delivery *delivery, uint64_t now_ms);
/* Secrets may have changed: opens every provider anew. One that cannot be opened now goes on as it
 * was. */
void delivery_reload(struct delivery *delivery);
/* Drained and BYE sent. */
bool delivery_is_done(const struct delivery *delivery);

struct delivery_stats {
    uint64_t epoch; /* 0: not connected */
    uint64_t batches;
    uint64_t started;
    uint64_t outcomes[OUTCOMES];
    uint64_t resent_messages;
    uint64_t refused_batches; /* of smaller epochs, unknown providers */
    uint32_t in_hand;
    uint32_t in_flight;
    uint32_t in_hand_by_channel[CHANNEL_KINDS];
    uint32_t credit[CHANNEL_KINDS]; /* as the coordinator was told last */
    uint32_t outbox_messages;       /* of outcomes that are not known to be durable */
    uint32_t outbox_bytes;
    bool refused; /* the coordinator refused us; why was logged */
};
void delivery_stats(const struct delivery *delivery, struct delivery_stats *stats);

/* Of this life and this provider: a number that another one has by now begins anew. */
struct delivery_provider_stats {
    char provider[WIRE_NAME_MAX + 1];
    bool is_open;
    bool is_held; /* it asked everybody to slow down, and nothing is started for that */
    uint32_t in_flight;
    uint64_t outcomes[OUTCOMES];
    struct histogram attempts; /* from the start to the result: HISTOGRAM_MS */
};
/* False: the coordinator has told of no provider of this number. */
bool delivery_provider_stats(const struct delivery *delivery, uint8_t provider, uint64_t now_ms,
                             struct delivery_provider_stats *stats);

#endif
