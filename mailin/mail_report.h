/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mail_report: what machines write about a mail of ours: delivery reports (RFC 3464, RFC 3463;
 * qmail's own form, https://cr.yp.to/proto/qsbmf.txt) and feedback reports (RFC 5965). Pure.
 *
 * A delivery report may speak of several recipients, as where an alias became many. Ours went to
 * one, so it is read as a whole: one that got it outweighs others who did not, and of those the
 * gravest word counts. What is only late is not final.
 */
#ifndef TOCSIN_MAILIN_MAIL_REPORT_H
#define TOCSIN_MAILIN_MAIL_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/slice.h"
#include "mailin/mail_message.h"

#define MAIL_REPORT_RECIPIENTS_MAX 100
#define MAIL_STATUS_CHARS          12 /* "5.123.123", and a zero */

/* In the order in which they outweigh each other. */
enum mail_delivery {
    MAIL_DELIVERY_UNKNOWN, /* the report says nothing of any recipient */
    MAIL_DELIVERY_DELAYED,
    MAIL_DELIVERY_SOFT, /* failed, for now or for this mail alone */
    MAIL_DELIVERY_HARD, /* failed, as there is no such address: 5.1.1, 5.1.2, 5.1.3, 5.1.6, 5.1.10
                         */
    MAIL_DELIVERY_RELAYED, /* handed on to where no reports come from, or to several others */
    MAIL_DELIVERY_DONE,
};

struct mail_status {
    unsigned class; /* 0: none */
    unsigned subject;
    unsigned detail;
};

struct mail_report {
    enum mail_delivery delivery;
    struct mail_status status;
    uint16_t smtp_code;  /* of the diagnostic, 400 to 599; 0: none */
    unsigned recipients; /* that it speaks of */
};

/* "5.1.1", perhaps with more behind it; false for anything else. */
bool mail_status_read(struct slice text, struct mail_status *status);
/* "5.1.1"; empty for none. */
void mail_status_write(char out[MAIL_STATUS_CHARS], const struct mail_status *status);

/* False if the mail is no delivery report. One in the text itself must begin as qmail's do, and the
 * mail must have an empty return path. */
bool mail_report_read(struct mail_report *report, const struct mail_message *message,
                      struct arena *arena);
/* The text of a report of qmail's; false if it is none. */
bool mail_report_read_plain(struct mail_report *report, struct slice text);
/* The body of a message/delivery-status part. */
void mail_report_read_status(struct mail_report *report, struct slice text, struct arena *arena);

enum mail_feedback {
    MAIL_FEEDBACK_NONE,      /* the mail is no feedback report */
    MAIL_FEEDBACK_COMPLAINT, /* abuse, fraud, opt-out: the recipient does not want such mail */
    MAIL_FEEDBACK_OTHER,     /* not-spam, virus, auth-failure and whatever else there is */
};

/* *mail_from gets Original-Mail-From, as it stands; empty if it does not say. */
enum mail_feedback mail_feedback_read(const struct mail_message *message, struct arena *arena,
                                      struct slice *mail_from);

/* The header of our mail that is sent back with a report; empty if there is none. */
struct slice mail_returned_header(const struct mail_message *message, struct arena *arena);

#endif
