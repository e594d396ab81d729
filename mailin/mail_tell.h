/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mail_tell: tells the coordinator what a mail means, and says what is to become of the mail: it is
 * taken, or somebody tries again later. What the coordinator will never take is taken here, or it
 * would come again for days: it is counted, and the log says why.
 *
 * Receipts go to `POST /r/{provider}/{token}`, where the token alone is proof; replies to
 * `POST /v1/replies`, which wants the admin token. Whatever is said twice, as after a crash between
 * the answer and the MTA's note of it, counts once.
 */
#ifndef TOCSIN_MAILIN_MAIL_TELL_H
#define TOCSIN_MAILIN_MAIL_TELL_H

#include "common/err.h"
#include "mailin/mail_finding.h"
#include "net/client.h"

/* X(name, word): what became of a mail; words as in mail_kind. */
#define MAIL_RESULT_MAP(X)                                                                         \
    X(TOLD, "told")                                                                                \
    X(NOTHING, "nothing") /* there was nothing to tell */                                          \
    X(FORGED, "forged")   /* the coordinator does not know the token */                            \
    X(REFUSED, "refused") /* for another reason that trying again does not mend */                 \
    X(LATER, "later")     /* not taken: to be tried again */

enum mail_result {
#define MAIL_RESULT_MEMBER(name, word) MAIL_RESULT_##name,
    MAIL_RESULT_MAP(MAIL_RESULT_MEMBER)
#undef MAIL_RESULT_MEMBER
        MAIL_RESULTS
};

const char *mail_result_word(enum mail_result result);

struct mail_teller {
    struct client *receipts; /* where `/r/` is: the coordinator's listen.public, if it has one */
    struct client *api;
    const char *provider; /* whose receipts they are; a name as text_is_name has it */
    bool once;            /* no second try while the coordinator is busy or being restarted */
};

/* `id` names the mail: visible characters, the same however often it is read. The problem has a
 * text when the result is none of the first two. *is_away (may be NULL): the coordinator cannot be
 * reached or is busy, so that other mails need not be tried now. */
enum mail_result mail_tell(const struct mail_teller *teller, const struct mail_finding *finding,
                           const char *id, bool *is_away, struct problem *problem);

#endif
