/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_rig: a server (http_server.h) with an application of a few paths, and peers that talk to it
 * in the same loop.
 */
#ifndef TOCSIN_TESTS_UNIT_HTTP_RIG_H
#define TOCSIN_TESTS_UNIT_HTTP_RIG_H

#include "coordinator/http/http_server.h"
#include "tests/unit/http_peer.h"

struct fixture {
    uv_loop_t loop;
    struct http_server *server;
    struct http_request *waiting[256]; /* of /later, in the order of their coming */
    unsigned waiting_count;
    unsigned heads;
    unsigned finished;
    unsigned unanswered;
    unsigned last_status;
    uint64_t streamed; /* bytes of /stream */
    uint64_t room;     /* a stream takes so many bytes, then asks for a pause; 0: any number */
    unsigned pauses;
    unsigned pieces_in_pause;
    struct http_request *paused;
    uint64_t pulled;
    bool pull_is_done;
    struct http_request *tailing; /* /tail; NULL when it is done */
    const char *tail;             /* what there is for it; NULL: nothing for now */
    bool tail_ends;
};

void on_head(void *arg, struct http_request *request);
void on_request(void *arg, struct http_request *request);
void on_finished(void *arg, struct http_request *request);
void refuse(void *arg, struct http_request *request, unsigned status, const char *why);
struct http_settings test_settings(void);
void open_server(struct fixture *fixture, const struct http_settings *settings);
int setup(void **state);
void close_server(struct fixture *fixture);
int teardown(void **state);
void turn(struct fixture *fixture);
struct http_peer connect_to(struct fixture *fixture);

#endif
