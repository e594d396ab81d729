/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api_rig: the API with everything below it, for unit tests, over real sockets; but the store is
 * memory, the clock is turned by hand, and nothing becomes durable before the test says so.
 */
#ifndef TOCSIN_TESTS_UNIT_API_RIG_H
#define TOCSIN_TESTS_UNIT_API_RIG_H

#include <jansson.h>

#include "coordinator/api/api.h"
#include "coordinator/api/auth.h"
#include "tests/unit/http_peer.h"
#include "tests/unit/unit.h"

#define ARCHIVE_MS       UINT64_C(3600000)
#define AUDIT_KEPT_MS    (100 * ARCHIVE_MS)
#define REPLIES_KEPT_MS  (50 * ARCHIVE_MS)
#define REPLIES_MATCH_MS (ARCHIVE_MS / 2)

struct house {
    uv_loop_t loop;
    struct store *store; /* outlives a crash */
    struct ledger *ledger;
    struct engine *engine;
    struct turn *turn;
    struct changelog *changelog;
    struct audience_registry *audiences;
    struct campaign_registry *campaigns;
    struct suppression_list *suppressions;
    struct hard_failures *failures;
    struct reply_store *replies;
    struct reply_rules reply_rules;
    struct plan_registry *plans;
    struct token_registry *tokens;
    struct api *api;
    uint64_t now_ms;
    uint64_t tick_ms; /* the clock moves on so much with each turn */
    unsigned waits;   /* turns since an open record waits for the clock */
    bool is_writing;  /* records become durable in the turn after they are handed over */
    unsigned lives;
    bool has_public;   /* in the next life there is a public listener */
    bool has_code_url; /* in the next life a provider's settings name the reply code */
    struct wire_provider providers[2];
    /* In the next life: an adapter that takes what comes in, and its settings; NULL: as ever. */
    const char *adapters[2];
    const char *settings[2];
    const char *public_url; /* in the next life */
    char dir[64];
    char token[ACCESS_TOKEN_CHARS + 1]; /* that requests are sent with; empty: none */
    struct zone_clock *zone_clock;
    struct provider_controls controls;
    struct delivery_keys keys;
    struct head_signer *signer;
    bool is_signing; /* heads: each makes a record, which a clock that stands still never writes */
};

struct answer {
    unsigned status;
    char *text; /* head and body */
    json_t *json;
};

#define HOUSE_TEST(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

int house_setup(void **state);
int house_teardown(void **state);
/* One turn of the loop and of the journal. */
void house_turn(void *arg);
/* Turns for so long, by the machine's clock. */
void house_turn_for(struct house *house, uint64_t ms);
/* The house starts again from what was written; the rest is gone. */
void house_crash(struct house *house);

/* Headers are whole lines, each with its line end. The peer is the caller's to release, or to give
 * to take_answer. */
struct http_peer send_request(struct house *house, const char *method, const char *path,
                              const char *headers, const char *body);
/* Waits for the answer, and releases the peer. */
struct answer take_answer(struct http_peer *peer);
void answer_release(struct answer *answer);
/* A request and its answer. */
struct answer ask(struct house *house, const char *method, const char *path, const char *headers,
                  const char *body);
/* A text of the answer's object; "" if it has none of that name. */
const char *text_of(const struct answer *answer, const char *member);
/* The answer has this status, and the words are somewhere in its head or body. */
void expect(struct house *house, const char *method, const char *path, const char *headers,
            const char *body, unsigned status, const char *words);
void expect_get(struct house *house, const char *path, unsigned status, const char *words);
/* The status of a request to the public listener. */
unsigned public_status(struct house *house, const char *method, const char *path);

#define CSV "Content-Type: text/csv\r\n"
#define ROWS                                                                                       \
    "id,phone,first_name\nk1,+4790000001,Ann\nk2,+4790000002,Bo\nk1,+4790000003,Dup\n"             \
    "k4,nonsense,Dee\nk5,+4790000005,Eve\n"
#define CAMPAIGN                                                                                   \
    "{\"name\":\"Outage\",\"audience\":\"a1\",\"channel\":\"sms\","                                \
    "\"content\":{\"sms\":{\"text\":\"Hi {{first_name}}\"}}}"

/* The audience of ROWS; the first is a1, with k1, k2 and k5. */
void upload(struct house *house);
/* A draft of CAMPAIGN, to a1; the first is c1. */
void create_campaign(struct house *house);

/* Paths stand in the function's own memory until it is called again. */
/* Where a link leads that was written under that key. */
const char *link_under(struct house *house, uint32_t key, uint64_t campaign, uint32_t ordinal);
/* Where the recipient's link leads, as long as no key was rotated. */
const char *link_to(struct house *house, uint64_t campaign, uint32_t ordinal);
/* Where a provider's receipts for a recipient of c1 go, with a query. */
const char *callback_to(struct house *house, const char *provider, uint32_t ordinal,
                        const char *query);

#endif
