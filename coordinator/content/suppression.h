/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suppression: one entry of the suppression list: an endpoint on a channel, or a contact on one
 * channel or all of them, that must not be sent to; why, since when, and who said so.
 *
 * In the catalogue (CATALOGUE_SUPPRESSION) its id is
 *     u8 kind · u8 channel (255: all) · the normalised endpoint or the recipient's key
 * and its value, version 1,
 *     u8 version = 1 · u16 reason (proto/outcome.h) · u64 at_ms · u64 until_ms (0: for good) ·
 *     blob source
 * A removed entry is kept for the record (CATALOGUE_SUPPRESSION_REMOVED) under u64 removed_ms ·
 * its id, as its value with a blob behind it: who removed it.
 */
#ifndef TOCSIN_CONTENT_SUPPRESSION_H
#define TOCSIN_CONTENT_SUPPRESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/slice.h"
#include "proto/channel_kind.h"
#include "proto/outcome.h"

#define SUPPRESSION_VALUE_MAX    4096
#define SUPPRESSION_SOURCE_MAX   200
#define SUPPRESSION_ALL_CHANNELS 255

/* Stored: add at the end. */
enum suppression_kind { SUPPRESSION_ENDPOINT = 1, SUPPRESSION_CONTACT };

struct suppression {
    enum suppression_kind kind;
    uint8_t channel; /* enum channel_kind; of a contact also SUPPRESSION_ALL_CHANNELS */
    uint16_t reason; /* reason_is_suppression */
    char value[SUPPRESSION_VALUE_MAX + 1];
    char source[SUPPRESSION_SOURCE_MAX + 1];
    uint64_t at_ms;
    uint64_t until_ms; /* 0: for good */
};

/* "opt_out", "complaint", "bounced", "invalid", "legal", "manual". NULL for other numbers. */
const char *suppression_reason_name(uint16_t reason);
bool suppression_reason_parse(struct slice name, uint16_t *reason);
/* NULL-terminated. */
const char *const *suppression_reason_names(void);

/* Sets kind, channel and value: `channel` "" with a contact's key, or a channel with one of its
 * endpoints (or, if is_contact, with a contact's key). The endpoint is checked and normalised, an
 * e-mail address to lower case. ERR_INVALID, and what would be right. */
enum err suppression_set(struct suppression *entry, bool is_contact, struct slice channel,
                         struct slice value, struct problem *problem) WARN_UNUSED;
/* ERR_INVALID. Not given (NULL data) is "manual". */
enum err suppression_set_reason(struct suppression *entry, struct slice reason,
                                struct problem *problem) WARN_UNUSED;
/* Cut off at SUPPRESSION_SOURCE_MAX bytes; ERR_INVALID if it is not one line of UTF-8. */
enum err suppression_set_source(struct suppression *entry, struct slice source,
                                struct problem *problem) WARN_UNUSED;

void suppression_id(const struct suppression *entry, struct buf *id);
void suppression_encode(const struct suppression *entry, struct buf *value);
/* ERR_CORRUPT, ERR_UNSUPPORTED. */
enum err suppression_decode(struct slice id, struct slice value,
                            struct suppression *entry) WARN_UNUSED;

#endif
