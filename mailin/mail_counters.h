/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mail_counters: how many mails were what and what became of them, over all runs, in a file in
 * Prometheus' text format, as node_exporter's textfile collector picks up. Several processes may
 * add to one file: it is locked by a second one beside it, and replaced whole.
 */
#ifndef TOCSIN_MAILIN_MAIL_COUNTERS_H
#define TOCSIN_MAILIN_MAIL_COUNTERS_H

#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "mailin/mail_tell.h"

struct mail_counters {
    uint64_t counts[MAIL_KINDS][MAIL_RESULTS];
};

/* Lines that are none of ours are passed over. */
void mail_counters_read(struct mail_counters *counters, struct slice text);
void mail_counters_write(const struct mail_counters *counters, struct buf *buf);
/* One more in the file, which is made if there is none. */
enum err mail_counters_add(const char *path, enum mail_kind kind, enum mail_result result,
                           struct problem *problem) WARN_UNUSED;

#endif
