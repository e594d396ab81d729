/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suppression_list: who must not be sent to, over all campaigns. The entries are in the ledger's
 * catalogue; in memory is what is needed to know them again: 16 bytes each (a keyed hash of 64
 * bits), at most 32 while the table grows, so that a million cost some 24 MiB and an audience is
 * matched against them by walking its index once.
 *
 * Changes and questions come from the loop's thread; suppression_list_match may run on another one
 * meanwhile (it holds a lock for one entry at a time).
 */
#ifndef TOCSIN_CONTENT_SUPPRESSION_LIST_H
#define TOCSIN_CONTENT_SUPPRESSION_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "coordinator/audience/audience.h"
#include "coordinator/content/suppression.h"
#include "coordinator/engine/record.h"
#include "coordinator/ledger/ledger.h"

struct suppression_list;

struct suppression_list *suppression_list_new(struct ledger *ledger);
void suppression_list_free(struct suppression_list *list); /* NULL is fine */
/* Reads the whole catalogue of it, once, at the start. */
enum err suppression_list_load(struct suppression_list *list, struct problem *problem) WARN_UNUSED;
uint64_t suppression_list_count(const struct suppression_list *list);

/* Known at once, durable with the record. False: it was on the list already, and stays there as it
 * was. */
bool suppression_list_add(struct suppression_list *list, const struct suppression *entry,
                          uint64_t now_ms, struct record *record);
/* False: it is not on the list. What stood there is kept for the record, with `by`. `entry` as
 * suppression_list_read gave it. */
bool suppression_list_remove(struct suppression_list *list, const struct suppression *entry,
                             const char *by, uint64_t now_ms, struct record *record);
bool suppression_list_has(struct suppression_list *list, const struct suppression *entry,
                          uint64_t now_ms);
/* From the ledger, by kind, channel and value of `entry`. ERR_NOT_FOUND. */
enum err suppression_list_read(struct suppression_list *list,
                               struct suppression *entry) WARN_UNUSED;

/* A recipient on the list: at one endpoint of a channel, or on a channel, or at all. */
struct suppression_hit {
    uint32_t ordinal;
    uint8_t channel; /* SUPPRESSION_ALL_CHANNELS */
    uint8_t rank;    /* 255: all */
    uint16_t reason;
};
struct suppression_hits {
    struct suppression_hit *hits;
    size_t count;
    size_t cap;
};
void suppression_hits_release(struct suppression_hits *hits);
/* Everybody of the audience who is on the list on one of `channels` (bits); walks the audience's
 * two indexes. From any thread. */
enum err suppression_list_match(struct suppression_list *list, const struct audience_info *info,
                                unsigned channels, uint64_t now_ms,
                                struct suppression_hits *hits) WARN_UNUSED;
/* Whom of the audience one entry means. A seek or two. */
enum err suppression_list_find(struct suppression_list *list, const struct audience_info *info,
                               const struct suppression *entry,
                               struct suppression_hits *hits) WARN_UNUSED;

#endif
