/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_filter: which entries of the audit log are asked for, and how they are shown.
 */
#ifndef TOCSIN_API_AUDIT_FILTER_H
#define TOCSIN_API_AUDIT_FILTER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "coordinator/api/exchange.h"
#include "coordinator/content/audit_log.h"

/* Texts are NULL where anything will do. */
struct audit_filter {
    char *who;    /* a name, or "t3": a token */
    char *object; /* a part of the path: "c7", a plan's name */
    char *action; /* "campaigns", "campaigns.launch" */
    uint64_t from_ms;
    uint64_t until_ms; /* not any more */
};

/* Of the query. False: the request was answered. Release it in either case. */
bool audit_filter_read(struct exchange *exchange, struct audit_filter *filter);
void audit_filter_release(struct audit_filter *filter);
bool audit_filter_passes(const struct audit_filter *filter, const struct audit_entry *entry);
/* For cursors: those of another filter are refused. */
uint64_t audit_filter_scope(const struct audit_filter *filter);

json_t *audit_entry_json(const struct audit_entry *entry);
/* One line, and what the columns are called. */
extern const char audit_csv_head[];
void audit_entry_csv(const struct audit_entry *entry, struct buf *csv);

#endif
