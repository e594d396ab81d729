/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client: requests to the coordinator's API, one at a time, for programs that do one thing after
 * another.
 *
 * What may be said twice without harm (a GET, or anything with an Idempotency-Key, which every
 * change carries) is tried again for up to half a minute when the connection breaks, when the
 * coordinator is busy (503 with Retry-After), or when it cannot be reached although it answered
 * before: then it is being restarted. One that never answered is reported at once.
 *
 * An interrupt (interrupt.h) breaks off whatever is under way.
 */
#ifndef TOCSIN_NET_CLIENT_H
#define TOCSIN_NET_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/slice.h"

struct client;

/* Something worth telling while the client waits and tries again: one sentence. */
typedef void (*client_note_fn)(void *arg, const char *note);

struct client_settings {
    const char *api;        /* "http://127.0.0.1:7480" */
    const char *token;      /* NULL for none */
    const char *token_from; /* where it came from, for messages; NULL for no token */
    const char *ca_file;    /* who is trusted to have signed its certificate; NULL: the system's */
    client_note_fn note;
    void *note_arg;
};

/* ERR_INVALID when the address is none. Copies the settings. */
enum err client_new(struct client **out, const struct client_settings *settings,
                    struct problem *problem) WARN_UNUSED;
void client_free(struct client *client);
const char *client_api(const struct client *client);

struct client_request {
    const char *method; /* "GET", "POST", "PUT", "PATCH", "DELETE" */
    const char *path;   /* "/v1/campaigns?limit=100", escaped */
    const char *accept; /* NULL: application/json */
    const char *body;   /* JSON text, or NULL */
    FILE *sink;         /* where the body of a 2xx answer goes as it comes; NULL: into the answer */
    bool once;          /* no second try */
    const char *key;    /* Idempotency-Key of a change; NULL: a new one */
};

struct client_answer {
    long status;     /* 0: none came */
    struct buf body; /* released by client_answer_release */
};

/* ERR_OK for 2xx. ERR_CLOSED: cannot be reached, or the connection broke; ERR_TIMEOUT;
 * ERR_UNAUTHORIZED: 401 and 403; ERR_NOT_FOUND, ERR_CONFLICT, ERR_INVALID, ERR_LIMIT, ERR_NO_SPACE,
 * ERR_BUSY, ERR_IO: what the status says. The answer is released by the caller in any case. */
enum err client_send(struct client *client, const struct client_request *request,
                     struct client_answer *answer, struct problem *problem) WARN_UNUSED;
void client_answer_release(struct client_answer *answer);

/* The same, with the answer as JSON, owned by the caller (NULL on error). */
enum err client_json(struct client *client, const struct client_request *request, json_t **json,
                     struct problem *problem) WARN_UNUSED;
enum err client_get(struct client *client, const char *path, json_t **json,
                    struct problem *problem) WARN_UNUSED;
enum err client_post(struct client *client, const char *path, const char *body, json_t **json,
                     struct problem *problem) WARN_UNUSED;

/* An answer of any size, taken as it comes. */
struct client_download {
    const char *path;          /* escaped */
    const char *accept;        /* NULL: application/json */
    const char *last_event_id; /* of a stream of events that is gone on with; NULL: none */
    const char *header;        /* one of the answer's that is wanted; NULL: none */
    void (*on_header)(void *arg, const char *value); /* before the first bytes */
    bool (*on_bytes)(void *arg, struct slice bytes); /* false breaks it off */
    void *arg;
};
/* One try: whoever wants to go on asks for the rest. ERR_OK also when the connection ended early,
 * if the answer does not say its length. ERR_CLOSED: it broke, or on_bytes broke it off; else as
 * client_send. A minute in which nothing comes is ERR_TIMEOUT. */
enum err client_download(struct client *client, const struct client_download *download,
                         struct problem *problem) WARN_UNUSED;
/* Has it ever answered? */
bool client_has_answered(const struct client *client);

/* A file as the body of a request. */
struct client_upload {
    const char *path; /* of the request, escaped */
    const char *content_type;
    const char *content_encoding; /* NULL for none */
    int fd;
    struct slice head; /* bytes already read from fd */
    bool has_size;
    bool can_rewind; /* fd is a regular file: the upload may be begun again */
    uint64_t size;
    void (*progress)(void *arg, uint64_t sent);
    void *arg;
};

enum err client_upload(struct client *client, const struct client_upload *upload, json_t **json,
                       struct problem *problem) WARN_UNUSED;

#endif
