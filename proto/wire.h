/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire: the messages between coordinator and worker, as structs of ours. wire_encode.c and
 * wire_decode.c are the only users of the code that protobuf-c generates from tocsin.proto.
 *
 * A message is one or two frames: a protobuf Envelope, and for WIRE_BATCH the sealed page as it is
 * stored. Who sends what:
 *
 *     HELLO             worker: name, versions
 *     WELCOME           coordinator: epoch, providers; or REFUSED, with the reason
 *     BEARER            coordinator: a token of a provider
 *     CREDIT            worker: what it takes
 *     BATCH             coordinator: a lease and its page
 *     CONTENT_REQUEST   worker: a campaign
 *     CONTENT           coordinator: template, schema and token key, once a campaign
 *     OUTCOMES          worker: seq, what happened
 *     OUTCOMES_DURABLE  coordinator: this seq is on disk
 *     HEARTBEAT         both
 *     CANCEL            coordinator: return what is not sent (pause, cancel)
 *     RECALL            coordinator: one recipient: do not send
 *     DRAIN             coordinator: finish and go
 *     BYE               worker: drained
 *
 * Everything but HELLO carries the epoch it belongs to; a receiver drops what is from a smaller
 * one. The coordinator takes OUTCOMES of any epoch whose lease it knows.
 *
 * Decoding checks every size against the WIRE_ limits before anything is allocated, and copies into
 * the arena of the message; nothing points into the received frames but `page_bytes`. Strings are
 * UTF-8: names of workers, providers, adapters and locales have at most WIRE_NAME_MAX bytes,
 * `build`, `why` and the campaign's name WIRE_LINE_MAX, settings and templates WIRE_TEXT_MAX.
 */
#ifndef TOCSIN_PROTO_WIRE_H
#define TOCSIN_PROTO_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/bitmap.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/hash.h"
#include "common/trace_context.h"
#include "proto/channel_kind.h"
#include "proto/outcome.h"
#include "proto/page.h"
#include "proto/reply_code.h"

#define WIRE_VERSION         3       /* the newest that this build speaks */
#define WIRE_VERSION_MIN     3       /* the oldest */
#define WIRE_FRAME_MAX       4194304 /* 4 MiB */
#define WIRE_PAGE_FRAME_MAX  (PAGE_RAW_MAX + 64)
#define WIRE_PROVIDERS_MAX   64
#define WIRE_BODIES_MAX      64
#define WIRE_ATTACHMENTS_MAX 8 /* of one body */
#define WIRE_GROUPS_MAX      256
#define WIRE_RUNS_MAX        65536           /* in one OUTCOMES message */
#define WIRE_GROUP_RUNS_MAX  PAGE_RECIPIENTS /* in one group: a place of the page comes once */
#define WIRE_PAGE_NUMBER_MAX (UINT32_MAX / PAGE_RECIPIENTS) /* ordinals have 32 bits */
#define WIRE_STEPS_MAX       16                             /* as a token can tell */
#define WIRE_NAME_MAX        64
#define WIRE_LINE_MAX        1024
#define WIRE_BEARER_MAX      16384
#define WIRE_TEXT_MAX        262144 /* 256 KiB */

enum wire_type {
    WIRE_HELLO,
    WIRE_WELCOME,
    WIRE_REFUSED,
    WIRE_CREDIT,
    WIRE_CONTENT_REQUEST,
    WIRE_CONTENT,
    WIRE_BATCH,
    WIRE_OUTCOMES,
    WIRE_OUTCOMES_DURABLE,
    WIRE_CANCEL,
    WIRE_DRAIN,
    WIRE_HEARTBEAT,
    WIRE_BYE,
    WIRE_RECALL,
    WIRE_BEARER,
    WIRE_TYPES
};

struct wire_hello {
    uint32_t version_min;
    uint32_t version_max;
    const char *name;  /* of the worker, unique in the cluster: "w1", "w1/2" for its third loop */
    uint64_t instance; /* random at each start of the process: tells a restart from a reconnect */
    const char *build; /* for people */
};

struct wire_provider {
    uint32_t id; /* 0..WIRE_PROVIDERS_MAX-1, stable while the coordinator lives */
    const char *name;
    enum channel_kind channel;
    const char *adapter;  /* a name of proto/adapter.h */
    const char *settings; /* a JSON object: what the adapter needs; secrets only by reference */
};

struct wire_welcome {
    uint32_t version;
    uint64_t epoch;
    uint32_t heartbeat_ms;
    uint32_t lease_ms;
    unsigned provider_count;
    const struct wire_provider *providers;
};

struct wire_refused {
    uint32_t version_min; /* of the coordinator */
    uint32_t version_max;
    const char *why;
};

/* A provider that the worker was told of and could not open. */
struct wire_unopened {
    uint32_t provider;
    const char *why; /* a sentence for people */
};

/* Absolute, not incremental, so that a lost or repeated message does no harm: `limit` is how many
 * recipients of the channel the worker holds at most, leased to it and not yet reported; of the
 * providers in `unopened` it takes none. */
struct wire_credit {
    uint64_t epoch;
    uint32_t limit[CHANNEL_KINDS];
    unsigned unopened_count; /* at most WIRE_PROVIDERS_MAX */
    const struct wire_unopened *unopened;
};

struct wire_content_request {
    uint64_t epoch;
    uint64_t campaign;
};

struct wire_body {
    enum channel_kind channel;
    const char *locale;  /* "" is the default */
    const char *subject; /* templates; "" if the channel has none */
    const char *text;
    const char *html;
    unsigned attachment_count;
    const char *const *attachments; /* names of files that the worker has (text_is_file_name) */
};

struct wire_content {
    uint64_t epoch;
    uint64_t campaign;
    const char *name;                  /* of the campaign */
    const char *public_url;            /* what links to recipients begin with; "": there are none */
    uint8_t token_key[HASH_KEY_BYTES]; /* of its delivery tokens, as long as it lives */
    struct reply_range reply_range;    /* of its reply codes; all 0: there are none */
    struct trace_context trace;        /* that it belongs to; all 0: none */
    struct page_schema schema;
    unsigned body_count;
    const struct wire_body *bodies;
};

/* The right to dispatch some recipients of one page until the worker is given up. */
struct wire_batch {
    uint64_t epoch;
    uint64_t
        instance; /* of the worker it is meant for: a restarted one of the same name drops it */
    uint64_t lease;
    uint64_t campaign;
    uint32_t page; /* ordinal of a recipient = page * PAGE_RECIPIENTS + place */
    uint8_t provider;
    uint8_t step;          /* below TOKEN_STEPS */
    uint8_t round;         /* of the campaign, below TOKEN_ROUNDS, as in the token */
    uint32_t wait_ms;      /* start nobody before so long after it came; 0: at once */
    uint32_t spread_ms;    /* start them evenly over this time, from then; 0 is at once */
    uint64_t not_after_ms; /* unix time from which on nobody is started; 0: none */
    uint16_t count;        /* recipients in it */
    bool whole;            /* places 0..count-1; else `places` says which */
    struct bitmap places;
    /* One byte a recipient of the batch in the order of places, or NULL when all are 0. */
    const uint8_t *attempts;  /* number of the attempt as in the token, 0 is the first */
    const uint8_t *endpoints; /* rank of the endpoint */
    struct slice page_bytes;  /* the sealed page: the second frame; not copied */
};

struct wire_outcome_group {
    uint64_t lease;
    uint64_t campaign;
    uint32_t page;
    unsigned run_count; /* at most WIRE_GROUP_RUNS_MAX */
    const struct outcome_run *runs;
    uint32_t timed;      /* attempts among them that the provider answered */
    uint64_t latency_ms; /* from their start to the answer, of all together */
};

struct wire_outcomes {
    uint64_t epoch; /* of the leases' coordinator life as the worker knows it */
    uint64_t instance;
    uint64_t seq; /* 1, 2, 3, ... for each instance */
    unsigned group_count;
    const struct wire_outcome_group *groups;
};

struct wire_outcomes_durable {
    uint64_t epoch;
    uint64_t instance;
    uint64_t seq; /* of exactly this message, not of those before it */
};

struct wire_cancel {
    uint64_t epoch;
    uint64_t campaign;
    bool for_good; /* cancelled; else paused */
};

/* He has acknowledged, or must not be sent to: what has not left to him must not, in whatever batch
 * it is by now, also one whose lease was given up. */
struct wire_recall {
    uint64_t epoch;
    uint64_t campaign;
    uint32_t page;
    uint16_t place; /* in the page, < PAGE_RECIPIENTS */
    uint8_t step;   /* only what is of this step, plus one; 0: of any; at most WIRE_STEPS_MAX */
};

/* A token of the provider's that the coordinator made for all workers: after each WELCOME, and when
 * there is a new one. A secret. */
struct wire_bearer {
    uint64_t epoch;
    uint32_t provider;
    const char *adapter; /* whose token it is: a provider may be made of several adapters */
    struct slice token;  /* 1 to WIRE_BEARER_MAX visible ASCII characters */
};

struct wire_drain {
    uint64_t epoch;
};

struct wire_heartbeat {
    uint64_t epoch;
    uint64_t at_ms;     /* sender's unix time, for people */
    uint32_t in_hand;   /* worker: recipients leased and not yet reported */
    uint32_t in_flight; /* worker: attempts under way */
};

struct wire_bye {
    uint64_t epoch;
    uint64_t instance;
};

struct wire_message {
    enum wire_type type;
    union {
        struct wire_hello hello;
        struct wire_welcome welcome;
        struct wire_refused refused;
        struct wire_credit credit;
        struct wire_content_request content_request;
        struct wire_content content;
        struct wire_batch batch;
        struct wire_outcomes outcomes;
        struct wire_outcomes_durable outcomes_durable;
        struct wire_cancel cancel;
        struct wire_drain drain;
        struct wire_recall recall;
        struct wire_bearer bearer;
        struct wire_heartbeat heartbeat;
        struct wire_bye bye;
    };
};

const char *wire_type_name(enum wire_type type);
/* Appends the first frame to buf. The second frame of a batch is message->batch.page_bytes. Limits
 * of texts are the caller's to keep (NULL is ""); more providers, bodies, groups or runs than the
 * limits are a bug. */
void wire_encode(const struct wire_message *message, struct buf *buf);
/* payload is the second frame, or empty. Everything allocated lies in the arena, also after an
 * error. ERR_INVALID for garbage, ERR_LIMIT for what is too large, ERR_UNSUPPORTED for a type of a
 * later version; *problem says which. */
enum err wire_decode(struct slice frame, struct slice payload, struct arena *arena,
                     struct wire_message *message, struct problem *problem) WARN_UNUSED;

#endif
