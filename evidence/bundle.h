/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle: a bundle of evidence, checked line by line with nothing but itself and a public key.
 *
 * What is found out is made from the journal's own bytes in the bundle; nothing in it that says
 * something by itself is believed but the names of providers, which only the signature vouches for,
 * and so it does for the values of the recipient in a bundle of version 1 without his page.
 *
 * Memory: one line, and the events of one recipient, or of a campaign as a whole.
 */
#ifndef TOCSIN_EVIDENCE_BUNDLE_H
#define TOCSIN_EVIDENCE_BUNDLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "coordinator/engine/delivery_state.h"
#include "coordinator/engine/event.h"
#include "evidence/manifest.h"
#include "evidence/signed_head.h"
#include "proto/page.h"

#define BUNDLE_LINE_MAX ((size_t)96 << 20) /* bytes */

struct bundle_event {
    uint64_t recno;
    bool is_campaigns;
    struct event event;
    size_t ref_at; /* of its ref: where in bundle.refs */
};

struct bundle_provider {
    char name[65];
    char channel[17];
};

/* What was found. Zeroed memory is an empty one. */
struct bundle {
    /* what it says it is */
    unsigned version;
    uint64_t campaign;
    uint16_t partition;
    uint64_t first_record;
    uint64_t last_record;
    bool has_recipient; /* else of the whole campaign */
    char *recipient;
    uint32_t ordinal;
    /* what was found out */
    uint8_t public_key[SIGNING_PUBLIC_BYTES]; /* that signed it */
    struct key_statement *keys;
    unsigned key_count;
    struct signed_head *heads; /* in the order of their records; the last covers all of it */
    unsigned head_count;
    struct buf manifest_bytes;
    struct manifest manifest;
    json_t *document; /* of the campaign when it was launched */
    struct page_schema schema;
    char **values;      /* of the recipient, by column; each has its zero behind it */
    bool is_row_proven; /* the launch bound them */
    uint64_t pages;     /* sealed pages that were checked */
    struct bundle_provider providers[256];
    struct bundle_event *events;
    unsigned event_count;
    struct buf refs;
    uint64_t records;
    uint64_t blocks;
    uint64_t first_ms; /* times of the first and the last record */
    uint64_t last_ms;
    uint64_t counts[DELIVERY_EVENTS]; /* of the whole campaign: recipients by event */
    bool is_ended;                    /* finished, cancelled, expired or superseded */
};
void bundle_release(struct bundle *bundle);

struct bundle_reader;
/* *bundle is zeroed, and filled on the way; it is true only when bundle_reader_end has said so. */
struct bundle_reader *bundle_reader_new(struct bundle *bundle);
void bundle_reader_free(struct bundle_reader *reader);
/* One line with its newline. ERR_CORRUPT: it is not what was written (the problem says which line
 * and what is wrong), ERR_NEWER_VERSION. After an error nothing more may be given. */
enum err bundle_reader_line(struct bundle_reader *reader, struct slice line,
                            struct problem *problem) WARN_UNUSED;
/* ERR_CORRUPT if something is missing at its end. */
enum err bundle_reader_end(struct bundle_reader *reader, struct problem *problem) WARN_UNUSED;

/* Do the statements in the bundle lead from this key to the one that signed it? */
bool bundle_is_by(const struct bundle *bundle, const uint8_t public_key[SIGNING_PUBLIC_BYTES]);

#endif
