/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mail_intake: one mail from where it lies to the coordinator: read, understood, told, counted,
 * logged. Nothing of the mail but its kind and its status code is ever logged.
 */
#ifndef TOCSIN_MAILIN_MAIL_INTAKE_H
#define TOCSIN_MAILIN_MAIL_INTAKE_H

#include <stdbool.h>

#include "common/err.h"
#include "mailin/mail_finding.h"
#include "mailin/mail_tell.h"

struct mail_intake {
    struct mail_teller teller;
    struct mail_finding_rules rules;
    const char *recipient; /* of the envelope; NULL: the header says it */
    const char *counters;  /* path; NULL for none */
};

/* Reads fd to its end, but keeps no more than MAIL_MAX_BYTES. ERR_IO. */
enum err mail_intake_read(struct buf *buf, int fd, struct problem *problem) WARN_UNUSED;
/* True: the mail is done with. False: it must be tried again; *is_away as in mail_tell. */
bool mail_intake_take(const struct mail_intake *intake, struct slice mail, bool *is_away);

#endif
