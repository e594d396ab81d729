/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reply_keywords: what a recipient's reply is: a word that asks for something, or anything else.
 *
 * A word counts only when it is the whole text: in any case (common/text_fold.h), whatever blanks
 * are around it, and full stops, exclamation marks or quotation marks around it do not matter
 * either. "Stop please" is no opt-out: a person has to read it.
 *
 * The English words that carriers ask for are always there, and those of other languages come from
 * the settings beside them. Two sorts of words are weak, as what looks like them may be an answer
 * for a person to read: YES, which for Twilio begins anew, counts only from somebody who opted out
 * (START), and a word for ACK from the settings only if its code is somebody's ("OK bye now").
 * Whoever calls sees to that. Pure.
 */
#ifndef TOCSIN_CONTENT_REPLY_KEYWORDS_H
#define TOCSIN_CONTENT_REPLY_KEYWORDS_H

#include <stdbool.h>

#include "common/err.h"
#include "common/slice.h"
#include "proto/reply_code.h"

/* The class, its word, and its built-in keywords, a weak one with `?` behind it. Stored: add at the
 * end. */
#define REPLY_CLASS_MAP(X)                                                                         \
    X(OTHER, "other", "")                                                                          \
    X(STOP, "stop", "STOP STOPALL UNSUBSCRIBE CANCEL END QUIT OPTOUT REVOKE")                      \
    X(START, "start", "START UNSTOP YES?")                                                         \
    X(HELP, "help", "HELP INFO")                                                                   \
    X(ACK, "ack", "ACK") /* with a code of the message behind it */

enum reply_class {
#define REPLY_CLASS_MEMBER(name, word, keywords) REPLY_##name,
    REPLY_CLASS_MAP(REPLY_CLASS_MEMBER)
#undef REPLY_CLASS_MEMBER
        REPLY_CLASSES
};

const char *reply_class_name(enum reply_class class);
bool reply_class_parse(struct slice name, enum reply_class *class);

#define REPLY_KEYWORD_MAX  64  /* bytes */
#define REPLY_KEYWORDS_MAX 512 /* of all classes */

struct reply_keywords;
/* With the built-in ones. */
struct reply_keywords *reply_keywords_new(void);
void reply_keywords_free(struct reply_keywords *keywords); /* NULL is fine */
/* For any class but REPLY_OTHER. ERR_INVALID: no word; ERR_CONFLICT: a word of another class;
 * ERR_LIMIT. Twice in one class is fine; a weak word belongs to whoever names it. */
enum err reply_keywords_add(struct reply_keywords *keywords, enum reply_class class,
                            struct slice word, struct problem *problem) WARN_UNUSED;

struct reply_meaning {
    enum reply_class class;
    bool is_weak;
    struct reply_code code; /* of REPLY_ACK */
};
/* The text is well-formed UTF-8. */
void reply_keywords_read(const struct reply_keywords *keywords, struct slice text,
                         struct reply_meaning *meaning);

#endif
