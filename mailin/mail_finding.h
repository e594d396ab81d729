/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mail_finding: what a mail that came in means for the coordinator: a bounce, a complaint, a
 * person's reply, or nothing. Pure.
 *
 * Whose mail it is says the delivery token, which carries its own proof and may so stand anywhere:
 * in the address that the mail was sent to (VERP), or, where a feedback report goes to one mailbox
 * for all, in the addresses and the link of our mail that is sent back with it. Only the
 * coordinator can tell whether a token is forged.
 */
#ifndef TOCSIN_MAILIN_MAIL_FINDING_H
#define TOCSIN_MAILIN_MAIL_FINDING_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/slice.h"
#include "mailin/mail_report.h"
#include "proto/token.h"

/* X(name, word): what came in. The words are those of logs and counters. */
#define MAIL_KIND_MAP(X)                                                                           \
    X(BOUNCED, "bounced")     /* there is no such address */                                       \
    X(FAILED, "failed")       /* not delivered, for another reason */                              \
    X(DELIVERED, "delivered") /* somebody's server says that it arrived */                         \
    X(RELAYED, "relayed")     /* handed on to where nobody reports */                              \
    X(DELAYED, "delayed")     /* not yet; another report will follow */                            \
    X(COMPLAINED, "complained")                                                                    \
    X(REPLY, "reply")                                                                              \
    X(AUTOMATIC, "automatic")   /* out of office and the like */                                   \
    X(UNREADABLE, "unreadable") /* to one of our addresses, and nothing known in it */             \
    X(OTHER, "other")           /* nothing for us */

enum mail_kind {
#define MAIL_KIND_MEMBER(name, word) MAIL_##name,
    MAIL_KIND_MAP(MAIL_KIND_MEMBER)
#undef MAIL_KIND_MEMBER
        MAIL_KINDS
};

const char *mail_kind_word(enum mail_kind kind);

struct mail_finding_rules {
    const char *bounces; /* the part before `+TOKEN`: "bounces" */
    const char *replies; /* "reply" */
};

struct mail_finding {
    enum mail_kind kind;
    char token[TOKEN_CHARS + 1]; /* empty: none */
    /* Of the first four kinds: what the receipt gives as its reason. 550: the address does not
     * exist; any other code is about this mail alone. */
    uint16_t reason;
    struct mail_status status; /* of the report */
    struct slice from;         /* of a reply: the address; in the arena, as the text is */
    struct slice message_id;   /* of a reply, if it has one */
    struct slice to;
    struct slice text;
};

/* `recipient`: the address that the MTA says it delivers to (empty: the header's
 * X-Original-To, Delivered-To, To and the like are asked). */
void mail_find(struct mail_finding *finding, struct slice bytes, struct slice recipient,
               const struct mail_finding_rules *rules, struct arena *arena);

#endif
