/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recipient_texts: the sentences of the pages that recipients see, in each language that there are
 * pages in. To add one, add its sentences and the locales that are to get it; nothing else knows
 * how many there are.
 */
#ifndef TOCSIN_API_RECIPIENT_TEXTS_H
#define TOCSIN_API_RECIPIENT_TEXTS_H

#include "common/slice.h"

struct recipient_texts {
    const char *language;  /* for HTML and HTTP, "nb" */
    const char *direction; /* "ltr" or "rtl" */
    const char *ask;
    const char *confirm; /* on the button */
    const char *thanks;
    const char *old_title;
    const char *old;
    const char *later_title;
    const char *later;
    const char *broken_title;
    const char *broken;
    const char *unsubscribe; /* the title, and on the button */
    const char *unsubscribe_ask;
    const char *unsubscribed_title;
    const char *unsubscribed;
    const char *unchanged_title;
    const char *unchanged;
};

/* For a locale such as "nb-NO", by its own name or its language's; NULL if there are none in it. */
const struct recipient_texts *recipient_texts_find(struct slice locale);
/* For an Accept-Language header, NULL for none: those that it wants most, else English. */
const struct recipient_texts *recipient_texts_accept(const char *header);

#endif
