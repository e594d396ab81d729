/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smtp_dialogue: one mail after the other over one SMTP connection that is open and greeted (RFC
 * 5321, with PIPELINING of RFC 2920 where the server offers it). Pure: bytes that came in are given
 * to it, bytes to be sent are taken from it.
 *
 *     idle ──mail──► MAIL ──► RCPT ──► DATA ──354──► END ──► done
 *                      └───────┴────────┴─refused─► RSET ──► done
 *
 * Pipelined, the three commands leave together and their replies are taken in order; a server that
 * asks for the data of a mail that is refused already gets an empty one.
 */
#ifndef TOCSIN_CHANNEL_SMTP_DIALOGUE_H
#define TOCSIN_CHANNEL_SMTP_DIALOGUE_H

#include <stdbool.h>

#include "common/buf.h"
#include "common/slice.h"
#include "worker/channel/smtp_reply.h"

enum smtp_state {
    SMTP_STATE_IDLE,
    SMTP_STATE_MAIL,
    SMTP_STATE_RCPT,
    SMTP_STATE_DATA,
    SMTP_STATE_END,
    SMTP_STATE_RSET
};

/* What the server offered in its greeting (EHLO). */
struct smtp_features {
    bool pipelining;
    bool size;
    bool utf8; /* SMTPUTF8 (RFC 6531) */
};

struct smtp_envelope {
    struct slice from; /* addresses as mail_address writes them */
    struct slice to;
    bool needs_utf8; /* one of them, and the header, is not ASCII */
};

/* What became of a mail. */
struct smtp_verdict {
    enum outcome outcome;
    uint16_t reason;
    char ref[OUTCOME_REF_MAX + 1]; /* the server's id of the mail, or empty */
};

struct smtp_dialogue {
    enum smtp_state state;
    struct smtp_features features;
    bool refused;  /* the verdict is made; what follows only tidies up */
    bool answered; /* a reply to the present mail has come */
    struct smtp_verdict verdict;
    struct buf in;
    struct buf out;
    size_t out_at; /* sent so far */
    struct buf to;
    struct buf message;
};

enum smtp_event {
    SMTP_EVENT_NONE,
    SMTP_EVENT_DONE,  /* the verdict is there, the connection can take the next mail */
    SMTP_EVENT_BROKEN /* the connection is of no use any more; smtp_dialogue_lost says what that
                         means */
};

void smtp_dialogue_init(struct smtp_dialogue *dialogue);
void smtp_dialogue_release(struct smtp_dialogue *dialogue);
/* A new connection: idle, nothing to send. */
void smtp_dialogue_reset(struct smtp_dialogue *dialogue, const struct smtp_features *features);
/* Begins a mail. dialogue->message holds header and body with CRLF line ends and an end of line at
 * its end. SMTP_EVENT_DONE: refused unsent, as the server does not offer what the envelope needs.
 */
enum smtp_event smtp_dialogue_mail(struct smtp_dialogue *dialogue,
                                   const struct smtp_envelope *envelope) WARN_UNUSED;
/* Something came in. */
enum smtp_event smtp_dialogue_receive(struct smtp_dialogue *dialogue, struct slice bytes);
/* What is to be sent, and how much of it has been. */
struct slice smtp_dialogue_unsent(const struct smtp_dialogue *dialogue);
void smtp_dialogue_sent(struct smtp_dialogue *dialogue, size_t len);
/* The connection ended, or the server took too long: makes the verdict of the present mail. It is
 * uncertain only if the end of the data has left. */
void smtp_dialogue_lost(struct smtp_dialogue *dialogue, bool timed_out);

#endif
