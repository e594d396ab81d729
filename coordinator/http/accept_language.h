/* SPDX-License-Identifier: Apache-2.0 */
/*
 * accept_language: what a browser's Accept-Language header (RFC 9110 section 12.5.4) wants most of
 * what there is. Parts of the header that are no language range are passed over, as is `*`.
 */
#ifndef TOCSIN_HTTP_ACCEPT_LANGUAGE_H
#define TOCSIN_HTTP_ACCEPT_LANGUAGE_H

#include "common/slice.h"

/* The index among the normalised names (common/locale.h) of the range with the highest weight that
 * is there, by its own name or its language's; of equal weights the first. -1 if none is. */
int accept_language_choose(struct slice header, const char *const *names, unsigned count);

#endif
