/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heading: what the columns of a file are called, and which columns of the audience they become.
 * Pure.
 *
 *   - `id`, `locale`, `timezone`, `email`, `phone`, `push_token` and `webhook` are known, in
 * whatever case; the last four may come more than once, as `phone`, `phone.2`, `phone.3` (`phone.1`
 * is `phone`). Every other name is a variable, and must be one that a template can reference: 1 to
 * PAGE_NAME_MAX letters, digits, `_`, `-` and `.`.
 *   - Mappings rename first. A mapping whose source is not there is an error, and so are a name
 * that comes twice, a gap in a series (`phone.3` without `phone.2`), no `id`, and more than
 * PAGE_COLUMNS_MAX columns.
 *
 * Blanks around a name are no part of it. The schema has `id` first, the rest in the order of the
 * file.
 */
#ifndef TOCSIN_AUDIENCE_HEADING_H
#define TOCSIN_AUDIENCE_HEADING_H

#include <stdbool.h>

#include "common/err.h"
#include "common/slice.h"
#include "coordinator/audience/audience.h"
#include "proto/page.h"

#define HEADING_SOURCE_MAX 256 /* bytes of a name in a file; as in struct audience_mapping */

/* A column of the file. */
struct heading_source {
    char name[HEADING_SOURCE_MAX + 1];
    unsigned rank;  /* place in an array of values; 0 in a table */
    unsigned place; /* its column in the schema; valid after heading_seal */
};

struct heading {
    const struct audience_mapping *mappings;
    unsigned mapping_count;
    unsigned count;
    struct heading_source sources[PAGE_COLUMNS_MAX];
    struct page_schema schema; /* one column for each source */
};

/* The mappings are borrowed. */
void heading_init(struct heading *heading, const struct audience_mapping *mappings,
                  unsigned mapping_count);
/* Adds the next column. ERR_INVALID: the name cannot be one; ERR_EXISTS: it comes twice; ERR_LIMIT:
 * too many columns. The heading is as before then, and *problem (may be NULL) says what would be
 * right. */
enum err heading_add(struct heading *heading, struct slice name, unsigned rank,
                     struct problem *problem) WARN_UNUSED;
/* Could a column be called so? ERR_INVALID and what would be right, as heading_add says it. */
enum err heading_check(const struct heading *heading, struct slice name, unsigned rank,
                       struct problem *problem) WARN_UNUSED;
/* All columns are there. ERR_INVALID. `where` begins the sentence, as "the header". */
enum err heading_seal(struct heading *heading, const char *where,
                      struct problem *problem) WARN_UNUSED;
/* The number of a source, or -1. */
int heading_find(const struct heading *heading, struct slice name, unsigned rank);

#endif
