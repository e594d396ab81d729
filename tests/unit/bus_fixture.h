/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus_fixture: a router and a dealer on one loop, and what each has received.
 */
#ifndef TOCSIN_TESTS_UNIT_BUS_FIXTURE_H
#define TOCSIN_TESTS_UNIT_BUS_FIXTURE_H

#include "common/buf.h"
#include "common/bus.h"

enum { DEADLINE_MS = 20000, FRAME_MAX = 4 * 1024 * 1024 };

struct node {
    struct bus *bus;
    unsigned got; /* messages */
    unsigned misplaced;
    struct buf peer; /* of the last message */
    struct buf frame;
    struct buf payload;
    bool answers;
    bool is_counted; /* frames are numbers that must count upwards */
    bool closes;
};

struct fixture {
    uv_loop_t loop;
    uv_timer_t tick; /* the loop never sleeps longer than this */
    struct node router;
    struct node dealer;
    char directory[32];
    char ipc[64];
};

void on_message(void *arg, struct slice peer, struct slice frame, struct slice payload);
int set_up(void **state);
void node_release(struct node *node);
int tear_down(void **state);
struct bus_settings router_settings(const char *endpoint);
struct bus_settings dealer_settings(const char *endpoint);
void open_node(struct node *node, uv_loop_t *loop, struct bus_settings settings);
void open_pair(struct fixture *fixture, const char *endpoint);
void run_until(struct fixture *fixture, const unsigned *count, unsigned value);
void run_for(struct fixture *fixture, uint64_t ms);
/* Tries until the bus takes it. */
void send_soon(struct fixture *fixture, struct node *node, struct slice peer, struct slice frame);
void greet(struct fixture *fixture);
void exchange(struct fixture *fixture);

#endif
