/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle_internal: what the files that check a bundle share.
 */
#ifndef TOCSIN_EVIDENCE_BUNDLE_INTERNAL_H
#define TOCSIN_EVIDENCE_BUNDLE_INTERNAL_H

#include "coordinator/ledger/chain.h"
#include "evidence/bundle.h"

/* In the order of the lines. */
enum bundle_part {
    BUNDLE_HEADING,
    BUNDLE_KEYS,
    BUNDLE_MANIFEST,
    BUNDLE_VALUES,
    BUNDLE_SECRET,
    BUNDLE_PAGES,
    BUNDLE_PROVIDERS,
    BUNDLE_RECORDS,
    BUNDLE_TOTALS,
    BUNDLE_SIGNATURE,
    BUNDLE_DONE
};

struct bundle_wanted {
    uint32_t page;
    uint64_t at; /* of its digest among the record's */
    uint8_t check[CHAIN_CHECK_BYTES];
};

struct bundle_reader {
    struct bundle *bundle;
    enum bundle_part part;
    uint64_t line;
    uint8_t digest[HASH_DIGEST_BYTES]; /* of the lines before this one */
    struct problem *problem;           /* of the line under way */
    struct buf bytes[4];               /* what its members say */
    struct buf scratch;
    /* the record under way */
    uint64_t recno;
    uint8_t hash[HASH_DIGEST_BYTES];
    struct buf change_digests;
    struct buf digests;
    struct bundle_wanted *wanted; /* blocks that must follow, in this order */
    uint64_t wanted_count;
    uint64_t wanted_cap;
    uint64_t wanted_at;
    bool has_manifest; /* a change of the chain is it */
    bool has_begin;    /* the first record launched the campaign */
    bool is_launched;  /* a record before this one began to send; a scheduled one waits for that */
    bool will_launch;  /* the one under way does */
    bool has_head;     /* a head has signed the record under way */
    bool is_covered;   /* and its key is the bundle's, or one that leads to it */
    struct bundle_pages *pages; /* NULL: there was none yet */
};

enum err bundle_fail(struct bundle_reader *reader, const char *format, ...) PRINTF_LIKE(2, 3);
/* The text of a member as bytes. */
enum err bundle_decode(struct bundle_reader *reader, const char *name, const char *text,
                       struct buf *bytes);

/* The lines of the recipient's values and of sealed pages. */
enum err bundle_take_values(struct bundle_reader *reader, json_t *json);
enum err bundle_take_secret(struct bundle_reader *reader, json_t *json);
enum err bundle_take_page(struct bundle_reader *reader, json_t *json);
/* All pages that the manifest names, or none that it cannot? */
enum err bundle_settle_pages(struct bundle_reader *reader);
void bundle_release_pages(struct bundle_reader *reader);

/* The lines of records. */
enum err bundle_take_record(struct bundle_reader *reader, json_t *json);
enum err bundle_take_change(struct bundle_reader *reader, json_t *json);
enum err bundle_take_block(struct bundle_reader *reader, json_t *json);
enum err bundle_take_head(struct bundle_reader *reader, json_t *json);
/* The record before is complete? */
enum err bundle_settle_record(struct bundle_reader *reader);

#endif
