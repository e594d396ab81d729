/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suppression_text: entries of the suppression list as people write and read them: words of a
 * request or of a row of a file, JSON, a row of CSV.
 */
#ifndef TOCSIN_API_SUPPRESSION_TEXT_H
#define TOCSIN_API_SUPPRESSION_TEXT_H

#include <jansson.h>

#include "common/buf.h"
#include "coordinator/content/suppression.h"

/* Empty is not given. */
struct suppression_words {
    struct slice channel;
    struct slice endpoint; /* or */
    struct slice contact;
    struct slice reason;
    struct slice source;
};
/* All but the time. ERR_INVALID, what would be right, and of which member; *member is NULL if it is
 * of no single one. */
enum err suppression_from_words(struct suppression *entry, const struct suppression_words *words,
                                const char **member, struct problem *problem) WARN_UNUSED;

json_t *suppression_json(const struct suppression *entry);

/* What an import takes, and two columns more. */
#define SUPPRESSION_CSV_HEAD "reason,channel,endpoint,contact,source,at,until\r\n"
void suppression_csv(const struct suppression *entry, struct buf *csv);

#endif
