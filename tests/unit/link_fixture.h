/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link_fixture: a link with a real engine and ledger behind it, and a port that keeps what is sent.
 */
#ifndef TOCSIN_TESTS_UNIT_LINK_FIXTURE_H
#define TOCSIN_TESTS_UNIT_LINK_FIXTURE_H

#include "coordinator/ledger/changelog.h"
#include "coordinator/link/link.h"
#include "coordinator/link/peers.h"

#define EPOCH        7
#define HEARTBEAT_MS 1000
#define LEASE_MS     15000

#define SENT_MAX 64
#define INSTANCE UINT64_C(0xabc)

#define PAGE_BYTES "a sealed page"

struct sent {
    char peer[WIRE_NAME_MAX + 1];
    struct wire_message message; /* lies in the fixture's arena */
    struct buf payload;
};

/* The real engine and turn, and a port of the test's own. */
struct fixture {
    struct ledger *ledger;
    struct engine *engine;
    struct turn *turn;
    struct changelog *changelog;
    struct link *link;
    struct arena arena;
    uint64_t now_ms;
    bool is_full;      /* send says that the queue is full */
    enum err page_err; /* of reading a page */
    int log_read;      /* what was logged */
    int log_write;
    unsigned sent_count;
    struct sent sent[SENT_MAX];
};

int set_up(void **state);
int tear_down(void **state);
void say(struct fixture *fixture, const char *peer, const struct wire_message *message);
void say_hello(struct fixture *fixture, const char *name, uint64_t instance);
void say_credit(struct fixture *fixture, const char *name, uint64_t epoch);
void say_heartbeat(struct fixture *fixture, const char *name, uint64_t epoch);
void launch(struct fixture *fixture, uint32_t slots);
/* As the loop does before it sleeps. */
void turn_over(struct fixture *fixture);
void become_durable(struct fixture *fixture);
/* What was sent since the last look; there is but one, or none. */
const struct sent *take_sent(struct fixture *fixture);
const struct wire_message *take_message(struct fixture *fixture, const char *peer,
                                        enum wire_type type);
/* A worker with credit, and a campaign that is leased to it as far as it can be. */
void join_and_lease(struct fixture *fixture, uint32_t slots);
uint32_t count_of(struct fixture *fixture, enum delivery_state state);
struct link_stats stats_of(const struct fixture *fixture);
/* All that was logged so far. */
const char *logged(struct fixture *fixture);
unsigned lines_with(const char *text, const char *words);

#endif
