/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inbound: what providers send back: receipts, replies, key presses. One adapter for each provider
 * that has a form of its own (a file inbound_<name>.c and a row in inbound.c); providers without
 * one use the generic form of /r/{provider}/{token}.
 *
 * An adapter is given one request, checks that it is the provider's, and says in our words what it
 * reports. It is pure: no socket, no clock; what it has to fetch it names, and is asked again.
 * What it emits is checked once more by whoever takes it: a token must be one of ours whoever
 * signed the request. Everything that comes of a request may come again; the same event twice
 * does no harm.
 *
 * Settings: an adapter reads its own keys of the provider's `settings`, and passes over those of
 * the worker, which refuses what neither of them knows. Loop's thread only.
 */
#ifndef TOCSIN_INBOUND_INBOUND_H
#define TOCSIN_INBOUND_INBOUND_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/err.h"
#include "common/slice.h"
#include "coordinator/engine/engine.h"
#include "proto/channel_kind.h"

#define INBOUND_EVENTS_MAX 10000
#define INBOUND_TEXT_MAX   4096 /* bytes of a reply's text; what is longer is cut off */

/* By which path the request came. */
enum inbound_way {
    INBOUND_WAY_RECEIPT, /* /r/{provider}/{token}: of one attempt */
    INBOUND_WAY_EVENTS,  /* /r/{provider}: many events, each with its token */
    INBOUND_WAY_VOICE,   /* /v/{provider}/{token}: a key was pressed during a call */
    INBOUND_WAY_MESSAGE  /* /i/{provider}: a message of a person */
};

struct inbound_request {
    enum inbound_way way;
    const char *method; /* "GET" or "POST" */
    /* As it was registered at the provider: the public base URL, the path and the query as they
     * were sent. NULL if the coordinator has no public_url. */
    const char *url;
    struct slice query;     /* as sent */
    struct slice token;     /* of the path, decoded; empty if it has none */
    const char *media_type; /* with its parameters; NULL: none */
    struct slice body;      /* as sent */
    const char *(*header)(void *arg, const char *name); /* NULL: not there */
    void *header_arg;
    uint64_t now_ms;
    struct arena *arena; /* as long as the request: events may point into it */
};

/* ---- What a request reports ---- */

/* What became of a message. */
struct inbound_receipt {
    struct slice token; /* of the attempt */
    /* Of a request that had several numbers in it: which of them (proto/token.h,
     * TOKEN_OF_REQUEST). Empty: the token says it. */
    struct slice endpoint;
    enum receipt_kind kind;
    uint16_t reason; /* proto/outcome.h: 100..599 the provider's, or ours; REASON_NONE */
};

/* What the provider makes of a reply by rules of its own, set up there. */
enum inbound_hint { INBOUND_HINT_NONE, INBOUND_HINT_STOP, INBOUND_HINT_START, INBOUND_HINT_HELP };

/* What a person sent. */
struct inbound_reply {
    enum channel_kind channel;
    struct slice from;        /* his endpoint, as the provider writes it: not normalised */
    struct slice to;          /* ours */
    struct slice text;        /* UTF-8 */
    struct slice ref;         /* the provider's id of this message; empty: it has none */
    struct slice in_reply_to; /* the provider's id of our message that he answers; empty: unknown */
    struct slice token;       /* of our message; empty: unknown */
    enum inbound_hint hint;
    uint64_t at_ms; /* when it was sent, or else came in */
};

enum inbound_event_kind {
    INBOUND_RECEIPT,
    INBOUND_REPLY,
    INBOUND_ACKNOWLEDGEMENT, /* by a key or a button */
    INBOUND_OPT_OUT          /* of the endpoint that the token's message went to */
};

struct inbound_event {
    enum inbound_event_kind kind;
    union {
        struct inbound_receipt receipt;
        struct inbound_reply reply;
        struct slice token; /* of an acknowledgement, or of an opt-out */
    };
};

/* ---- What is made of a request ---- */

enum inbound_verdict {
    INBOUND_TAKEN,    /* to be answered when the events are durable */
    INBOUND_FORGED,   /* not the provider's, altered, or too old: 403, and counted as forged */
    INBOUND_REFUSED,  /* not understood: `why` says what and what would be right; 400 */
    INBOUND_NOT_HERE, /* the provider has nothing to send by this way: 404 */
    INBOUND_CLOSED,   /* cannot be checked at present: 503, and the provider sends it again */
    INBOUND_FETCH     /* `fetch_url` is needed first; the same request is then given once more */
};

struct inbound_result {
    enum inbound_verdict verdict;
    const char *why; /* unless taken; a sentence without secrets */
    const char *fetch_url;
    /* The answer to a request that was taken. type NULL: 204, and no body. */
    const char *type;
    struct slice body;
    struct inbound_event *events;
    unsigned count;
    unsigned room; /* of `events` */
    unsigned
        unknown; /* events that are none of ours: without a token, or of a kind not asked for */
    struct arena *arena;
};

/* False: there are INBOUND_EVENTS_MAX already, and the result says so. */
bool inbound_emit(struct inbound_result *result, const struct inbound_event *event);
/* Sets verdict and reason: `return inbound_end(...)`. */
void inbound_end(struct inbound_result *result, enum inbound_verdict verdict, const char *format,
                 ...) PRINTF_LIKE(3, 4);

/* ---- Adapters ---- */

struct inbound_adapter {
    const char *name;
    /* `settings` is the provider's object; secrets are resolved now. On an error *out is NULL. */
    enum err (*open)(void **out, const json_t *settings, struct problem *problem);
    void (*close)(void *self); /* NULL is fine */
    void (*take)(void *self, const struct inbound_request *request, struct inbound_result *result);
    /* What take asked for; an empty body: it cannot be had. NULL: never asks. */
    void (*fetched)(void *self, const char *url, struct slice body, uint64_t now_ms);
};

/* NULL: this adapter has no form of its own. */
const struct inbound_adapter *inbound_adapter_find(const char *name);
/* The row at `index`, or NULL behind the last one. */
const struct inbound_adapter *inbound_adapter_at(unsigned index);

/* An adapter, opened with a provider's settings. */
struct inbound;
/* `settings` as JSON text. ERR_INVALID, ERR_NOT_FOUND (a secret): what would be right. */
enum err inbound_open(struct inbound **out, const char *adapter, const char *settings,
                      struct problem *problem) WARN_UNUSED;
void inbound_close(struct inbound *inbound); /* NULL is fine */
void inbound_take(struct inbound *inbound, const struct inbound_request *request,
                  struct inbound_result *result);
void inbound_fetched(struct inbound *inbound, const char *url, struct slice body, uint64_t now_ms);

#endif
