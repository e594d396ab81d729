/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exchange: one request as the resources see it, and the ways to answer it. Lives as long as the
 * request.
 */
#ifndef TOCSIN_API_EXCHANGE_H
#define TOCSIN_API_EXCHANGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/err.h"
#include "coordinator/api/api_state.h"
#include "coordinator/api/cursor.h"
#include "coordinator/api/fingerprint.h"
#include "coordinator/api/principal.h"
#include "coordinator/api/problem_reply.h"
#include "coordinator/api/route.h"
#include "coordinator/content/document_reader.h"
#include "coordinator/http/query_string.h"

#define EXCHANGE_LIMIT     100
#define EXCHANGE_LIMIT_MAX 1000

struct decisions;

struct exchange {
    struct api *api;
    const struct api_listener *listener; /* where it came in */
    struct http_request *http;
    struct arena *arena;
    const struct route *route;
    struct principal principal;         /* who asks; none if the route is open */
    const char *parts[ROUTE_PARTS_MAX]; /* of the path */
    struct query_string query;
    const char *key; /* of idempotency, in the arena; NULL: none */
    bool has_claim;  /* the key is ours */
    bool is_replay;  /* the key has an answer already: it is given when the body turns out to be the
                        same */
    struct fingerprint fingerprint;
    const char *note;            /* of the change, for the audit log; NULL: none */
    struct pending *pending;     /* its change is decided and not durable yet */
    struct decisions *decisions; /* that are being made for it (decisions.h) */
    void *resource;              /* of the route's handler; it hears of the end by on_finished */
    void (*on_complete)(struct exchange *exchange); /* ROUTE_STREAM: the body is complete */
    void (*on_finished)(struct exchange *exchange); /* the client is gone, or was answered */
};

/* ---- answers ---- */

void exchange_json(struct exchange *exchange, unsigned status, json_t *take_json);
void exchange_problem(struct exchange *exchange, const struct problem_reply *reply);
/* The status that fits, or `status` if that is not 0. */
void exchange_refuse(struct exchange *exchange, unsigned status, const struct problem *problem);
void exchange_refuse_document(struct exchange *exchange, const struct document_problem *problem);
/* The body of a request that has nothing to say: none, or {}. False: the request was answered. */
bool exchange_empty_body(struct exchange *exchange);
void exchange_not_found(struct exchange *exchange, const char *what, const char *id);
void exchange_refuse_parameter(struct exchange *exchange, const char *parameter, const char *format,
                               ...) PRINTF_LIKE(3, 4);

/* ---- views: what the engine says, which is ahead of the disk ---- */

/* Answers when all that was decided so far is durable, so that no crash takes back what a client
 * saw. When that takes longer than a few seconds: 503. */
void exchange_view(struct exchange *exchange, json_t *take_json);
void exchange_view_text(struct exchange *exchange, const char *type, const char *text);
/* A command that does not fit the state: the refusal tells of it, and waits as well. */
void exchange_refuse_view(struct exchange *exchange, const struct problem *problem);
/* For what is read from the journal: calls `read`, which answers, when all that was decided so far
 * is there, so that a client that saw a state finds its cause. Late: 503. */
void exchange_read_durable(struct exchange *exchange, route_fn read);

/* The campaign has ended, and all that was decided of it is on disk. */
bool exchange_is_at_rest(const struct exchange *exchange, uint64_t campaign);
/* exchange_view and exchange_read_durable where only this campaign is told of: if it is at rest,
 * nothing is waited for. */
void exchange_view_campaign(struct exchange *exchange, uint64_t campaign, json_t *take_json);
void exchange_read_campaign(struct exchange *exchange, uint64_t campaign, route_fn read);

/* ---- changes ---- */

/* What was decided is in the engine or the record. Notes in the same record who did it (audit.h),
 * keeps the answer under the client's key in the same record, and answers when that is durable;
 * `durable` (may be NULL) is called before, also if the client is gone by then. With false it only
 * frees: the program ends before it is told. location may be NULL. */
typedef void (*exchange_durable_fn)(struct api *api, void *arg, bool is_durable);
void exchange_commit(struct exchange *exchange, unsigned status, const char *location,
                     json_t *take_json, exchange_durable_fn durable, void *arg);
/* The same, but a text member of the answer that must not be kept anywhere: whoever repeats the
 * request under its key gets the answer without it. */
void exchange_commit_secret(struct exchange *exchange, unsigned status, const char *location,
                            json_t *take_json, const char *member, const char *secret);
/* The same for a person's page, which is kept under no key. */
void exchange_commit_text(struct exchange *exchange, unsigned status, const char *type,
                          const char *text);
/* The same for a program that wants to know no more than that it was stored: 204. */
void exchange_commit_bare(struct exchange *exchange);
/* A few words of what is changed, for the audit log, before the change is committed: "rate 2.5 ->
 * 5". No text of a message, and nothing that is secret. */
void exchange_note(struct exchange *exchange, const char *format, ...) PRINTF_LIKE(2, 3);
/* Nothing can be taken in now: the disk is full (ERR_NO_SPACE) or fails or is too slow. */
bool exchange_is_stalled(const struct api *api, struct problem *problem);
/* Claims the client's key, if it gave one. False: the request was answered. */
bool exchange_claim(struct exchange *exchange);
/* Gives the kept answer, or says that it is for another request. The fingerprint has all of the
 * body. */
void exchange_replay(struct exchange *exchange);
/* From http_server: the last word. */
void exchange_finish(struct exchange *exchange);
/* Whoever has waited for too long is answered 503. */
void exchange_sweep(struct api *api);
/* The changes that are not durable yet will not be told of any more. */
void exchange_drop_all(struct api *api);

/* ---- lists ---- */

struct exchange_page {
    uint64_t position; /* where to go on; 0 at first */
    unsigned limit;
};
/* Of `limit` and `cursor`. False: the request was answered. */
bool exchange_page(struct exchange *exchange, enum cursor_list list, uint64_t scope,
                   struct exchange_page *page);
/* {"items":[...],"next":...}; there is more if `more`, from `position` on. */
json_t *exchange_list(json_t *take_items, enum cursor_list list, uint64_t scope, bool more,
                      uint64_t position);

/* ---- small things ---- */

/* The number in `parts[index]`; false: the request was answered 404. */
bool exchange_audience(struct exchange *exchange, const struct audience_info **info);
bool exchange_campaign(struct exchange *exchange, struct campaign_view *view);
/* As the workers are told of it, by its number; NULL if there is none of that number now. */
const struct wire_provider *exchange_provider(const struct api *api, uint32_t number);
json_t *exchange_time(uint64_t unix_ms); /* 0 is null */
json_t *exchange_text(const char *text); /* as much of it as is UTF-8; it may have been cut off */
json_t *exchange_share(double share);    /* 0 to 1: four digits behind the point */
json_t *exchange_rate(double per_s);     /* measured: one digit behind the point */
json_t *exchange_limit(double per_s);    /* set: three; none but 0, for no limit, becomes 0 */

#endif
