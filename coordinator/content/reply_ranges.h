/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reply_ranges: which numbers the reply codes of a campaign have (proto/reply_code.h). The ranges
 * of campaigns that take replies never meet: so whoever has one endpoint has another code in each
 * of them. A campaign is given its range when it is made and keeps it until it is archived, over
 * pauses, restarts, further rounds and changes of the key.
 */
#ifndef TOCSIN_CONTENT_REPLY_RANGES_H
#define TOCSIN_CONTENT_REPLY_RANGES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "coordinator/content/document_reader.h"
#include "proto/reply_code.h"

/* A campaign of a few people has more codes than people, or theirs could be guessed. */
#define REPLY_RANGE_MIN 8192

/* Does the text name the variable? Also said of what only looks so. */
bool reply_ranges_is_asked_for(const char *text);
/* How many codes a campaign with so many slots has. */
uint64_t reply_ranges_count(uint32_t slots);
/* Have they a code in common? Ranges without codes have none. */
bool reply_ranges_meet(const struct reply_range *a, const struct reply_range *b);
/* The shortest codes of which `count` in a row are left, and of these the first. `taken` is put in
 * order. False: none are left of any length. */
bool reply_ranges_choose(struct reply_range *range, uint64_t count, struct reply_range *taken,
                         size_t taken_count) WARN_UNUSED;

/* As a campaign's document has it: {"characters":4,"first":0,"count":8192}. */
enum err reply_ranges_read(struct document_reader *reader, json_t *value,
                           struct reply_range *range) WARN_UNUSED;
json_t *reply_ranges_show(const struct reply_range *range);

#endif
