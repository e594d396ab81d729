/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inbound_rig: an adapter with its settings, and requests to it.
 */
#ifndef TOCSIN_TESTS_UNIT_INBOUND_RIG_H
#define TOCSIN_TESTS_UNIT_INBOUND_RIG_H

#include "coordinator/inbound/inbound.h"
#include "coordinator/inbound/signature.h"
#include "tests/unit/unit.h"

#define INBOUND_URL   "https://n.example"
#define INBOUND_TOKEN "AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define INBOUND_NOW   UINT64_C(1764428400000)
#define INBOUND_FORM  "application/x-www-form-urlencoded"
#define INBOUND_JSON  "application/json"

#define INBOUND_HEADERS 6

struct desk {
    struct arena arena;
    struct inbound *inbound;
    struct inbound_request request;
    struct inbound_result result;
    const char *names[INBOUND_HEADERS];
    const char *values[INBOUND_HEADERS];
    struct problem problem;
};

#define DESK_TEST(name) cmocka_unit_test_setup_teardown(name, desk_setup, desk_teardown)
int desk_setup(void **state);
int desk_teardown(void **state);

/* Secrets come from the environment: TOCSIN_TEST_SECRET is "12345". Closes what was open. */
#define DESK_SECRET "12345"
enum err desk_open(struct desk *desk, const char *adapter, const char *settings);
/* A new request without headers: `path` is that behind the base URL, with its query. */
void desk_request(struct desk *desk, enum inbound_way way, const char *method, const char *path,
                  const char *media_type, const char *body);
void desk_header(struct desk *desk, const char *name, const char *value);
/* HMAC over the texts, up to NULL, under DESK_SECRET; in the arena. */
const char *desk_hmac_hex(struct desk *desk, const char *const *parts);
const char *desk_hmac_base64(struct desk *desk, enum signature_hash hash, const char *const *parts);
const char *desk_base64(struct desk *desk, struct slice bytes);
enum inbound_verdict desk_take(struct desk *desk);
/* The only event is this receipt. */
void desk_expect_receipt(struct desk *desk, enum receipt_kind kind, unsigned reason);
/* It is not taken, for this reason. */
void desk_expect_end(struct desk *desk, enum inbound_verdict verdict, const char *words);

#endif
