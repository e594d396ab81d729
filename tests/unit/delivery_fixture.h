/* SPDX-License-Identifier: Apache-2.0 */
/*
 * delivery_fixture: a worker's core with a coordinator and providers that do what the test says.
 * Time stands still until the test moves it. What the core does is written down: messages by type,
 * outcomes by lease and place, attempts.
 */
#ifndef TOCSIN_TESTS_UNIT_DELIVERY_FIXTURE_H
#define TOCSIN_TESTS_UNIT_DELIVERY_FIXTURE_H

#include "tests/unit/unit.h"
#include "worker/delivery.h"

#define FIXTURE_TEXT         "Dear {{first_name}}, {{campaign}} {{token}}"
#define FIXTURE_LEASES_MAX   512
#define FIXTURE_ATTEMPTS_MAX 65536
#define FIXTURE_SEQS_MAX     65536
#define FIXTURE_REQUESTS_MAX 4096
#define FIXTURE_INSTANCE     77
#define FIXTURE_HEARTBEAT_MS 1000
#define FIXTURE_LEASE_MS     15000

enum fixture_column { COLUMN_ID, COLUMN_PHONE, COLUMN_PHONE_2, COLUMN_NAME, COLUMNS };

/* What is known of one place of one lease. */
struct fixture_place {
    uint8_t outcome;
    uint16_t reason;
    unsigned reports; /* by messages with different numbers */
    unsigned starts;
};

struct fixture_lease {
    uint64_t campaign;
    uint32_t page;
    bool is_given;
    struct bitmap places;
    struct fixture_place place[PAGE_RECIPIENTS];
    unsigned runs; /* in all messages */
    unsigned timed;
    uint64_t latency_ms;
    char ref[64]; /* of the last run that had one */
};

struct fixture_attempt {
    uint32_t id;
    uint8_t provider;
    uint32_t ordinal;
    uint64_t at_ms;
    bool is_ended;
    char endpoint[64];
    char text[160];
    char key[32];
    struct token token;
};

/* A request of a provider whose form is merged. */
struct fixture_request {
    const struct merge *merge;
    unsigned count;
    uint64_t at_ms; /* sent; 0: being gathered */
};

struct fixture {
    struct delivery *delivery;
    uint64_t now_ms;
    uint64_t epoch;
    bool is_link_down;   /* send says false */
    bool is_deaf;        /* messages leave and reach nobody */
    bool is_unconfirmed; /* outcomes are not confirmed */
    struct page_schema schema;
    struct buf page;
    uint64_t campaign_of_next_lease;
    /* Providers */
    bool is_answering; /* start answers at once with `answer` */
    struct attempt_result answer;
    uint32_t concurrency;
    uint32_t in_flight;
    uint32_t most_in_flight;
    struct delivery_form form; /* set it before the welcome */
    uint32_t connections;      /* of a merged form; 0: as many as one likes */
    struct fixture_request requests[FIXTURE_REQUESTS_MAX];
    unsigned request_count;
    enum err open_err;    /* what opening a provider gives, */
    const char *open_why; /* and why, or NULL */
    unsigned opened;
    unsigned closed;
    /* What came */
    unsigned sent[WIRE_TYPES];
    uint32_t credit[CHANNEL_KINDS];
    unsigned unopened_count; /* as said with the credit; the first of them: */
    uint32_t unopened;
    char unopened_why[WIRE_LINE_MAX + 1];
    uint64_t asked_campaign;
    uint64_t outcomes_epoch; /* of the last OUTCOMES */
    uint64_t seqs[64];       /* numbers of the last OUTCOMES, in order */
    unsigned seq_count;
    bool is_seq_seen[FIXTURE_SEQS_MAX];
    struct fixture_lease leases[FIXTURE_LEASES_MAX]; /* by id */
    struct fixture_attempt *attempts;
    unsigned attempt_count;
};

int fixture_setup(void **state);
int fixture_teardown(void **state);
/* Connects and answers HELLO. */
void fixture_join(struct fixture *fixture);
void fixture_welcome(struct fixture *fixture, uint64_t epoch);
/* With provider 0 (sms) and, if count is 2, provider 1 (email); 0 for none. */
void fixture_welcome_with(struct fixture *fixture, uint64_t epoch, unsigned count);
void fixture_content(struct fixture *fixture, uint64_t campaign, const char *text);
/* The state's fixture, joined, with the content of campaign 5 (FIXTURE_TEXT) known. */
struct fixture *fixture_ready(void **state);
/* A whole page of `count` recipients, at once. */
void fixture_batch(struct fixture *fixture, uint64_t lease, unsigned count);
struct wire_batch fixture_make_batch(struct fixture *fixture, uint64_t lease, unsigned count);
void fixture_give(struct fixture *fixture, const struct wire_batch *batch);
void fixture_say(struct fixture *fixture, const struct wire_message *message);
void fixture_heartbeat(struct fixture *fixture);
void fixture_cancel(struct fixture *fixture, uint64_t campaign, bool for_good);
void fixture_confirm(struct fixture *fixture, uint64_t seq);
/* Runs the core until it wants to wait; returns for how long. */
uint32_t fixture_run(struct fixture *fixture);
/* Lets time pass in steps of at most step_ms, running the core after each; the coordinator sends
 * heartbeats unless it is deaf. */
void fixture_pass(struct fixture *fixture, uint64_t ms, uint64_t step_ms);
/* Ends the first `count` attempts under way. */
void fixture_end(struct fixture *fixture, unsigned count, enum outcome outcome);
void fixture_end_with(struct fixture *fixture, unsigned count, enum outcome outcome,
                      uint16_t reason);
/* Makes a page of `count` rows; row i lacks a phone if i is in `no_phone`, a name if in `no_name`.
 */
void fixture_make_page(struct fixture *fixture, unsigned count, const struct bitmap *no_phone,
                       const struct bitmap *no_name);
/* How many places of the lease were reported with this outcome and, if not 0, this reason. */
unsigned fixture_reported(const struct fixture *fixture, uint64_t lease, enum outcome outcome,
                          uint16_t reason);
/* Every recipient given was reported once, and started at most once. */
void fixture_assert_all_reported(const struct fixture *fixture);
struct delivery_stats fixture_stats(const struct fixture *fixture);

#endif
