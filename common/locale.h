/* SPDX-License-Identifier: Apache-2.0 */
/*
 * locale: which of several versions of a text somebody is to get. Case does not matter, and `_` is
 * as good as `-`.
 */
#ifndef TOCSIN_COMMON_LOCALE_H
#define TOCSIN_COMMON_LOCALE_H

#include <stdbool.h>

#include "common/slice.h"

#define LOCALE_NAME_MAX 64 /* bytes */

/* Lower case with `-`; false if it is longer than LOCALE_NAME_MAX. */
bool locale_normalize(struct slice locale, char out[LOCALE_NAME_MAX + 1]);
/* The index of the name for `wanted`: that of its locale ("zh-Hant-TW"), else of what remains when
 * its last part is left out, and so on to its language ("zh"). -1 if there is none, or nothing is
 * wanted. Names are normalised. */
int locale_find(const char *const *names, unsigned count, struct slice wanted);
/* The version for `wanted`: as found, else the default (""), else the first. -1 only if there is no
 * version at all. */
int locale_choose(const char *const *names, unsigned count, struct slice wanted);

#endif
