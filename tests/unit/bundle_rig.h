/* SPDX-License-Identifier: Apache-2.0 */
/* bundle_rig: a small ledger of two campaigns, and its bundles: made, read and changed. */
#ifndef TOCSIN_TESTS_BUNDLE_RIG_H
#define TOCSIN_TESTS_BUNDLE_RIG_H

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/merkle.h"
#include "common/text.h"
#include "coordinator/report/evidence_export.h"
#include "evidence/bundle.h"
#include "evidence/bundle_report.h"
#include "evidence/bundle_writer.h"
#include "evidence/manifest.h"
#include "proto/page.h"
#include "proto/page_rows.h"
#include "tests/unit/unit.h"

#define CAMPAIGN UINT64_C(7)
#define OTHER    UINT64_C(8)
#define AUDIENCE UINT64_C(12)
#define NOW_MS   UINT64_C(1700000000000)
#define PAGES    3
#define PLACE    2 /* of our recipient in page 1 */
#define ORDINAL  (PAGE_RECIPIENTS + PLACE)

extern const uint8_t audience_secret[ROWS_SECRET_BYTES];

struct fixture {
    struct ledger *ledger;
    uint64_t recno;
    uint64_t through; /* 0: all */
    struct page_schema schema;
    struct signing_key keys[3];
    unsigned signs; /* which of them */
    bool is_older;  /* the audience, sealed by a version that did not bind its rows one by one */
    struct key_statement statement;
    struct merkle pages;
    struct buf manifest;
    struct buf whole; /* bundles */
    struct buf one;
};

/* The bundles of the story that it tells are in the fixture. */
int setup(void **state);
int setup_older(void **state);
int teardown(void **state);

/* The ledger goes on. */
struct record *next_record(struct fixture *fixture);
void write_record(struct fixture *fixture, struct record *take_record);
void add_event(struct record *record, uint64_t campaign, uint32_t page, const struct event *event);
void put_same_manifest(const struct fixture *fixture, struct record *record);
void put_lost_statement(struct fixture *fixture, struct record *record);
void put_head(struct fixture *fixture, struct record *record, unsigned key_number);

/* A bundle, of one or of all; read; good, and signed by the fixture's key; refused for a reason
 * that has the word in it. */
enum err export_bundle(struct fixture *fixture, bool is_one, struct buf *into);
enum err check_bundle(struct slice bytes, struct bundle *bundle, struct problem *problem);
bool is_good(const struct fixture *fixture, struct slice bytes);
void assert_refused(const struct buf *bytes, const char *word);

/* Its lines, and some lines under a good signature. */
unsigned split_lines(struct slice bytes, struct slice *lines, unsigned max);
bool begins_with(struct slice line, const char *text);
void sign_anew(struct fixture *fixture, const struct slice *lines, unsigned count,
               struct buf *into);

#endif
