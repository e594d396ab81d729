/* SPDX-License-Identifier: Apache-2.0 */
/*
 * access: may whoever asks use the route? 401 and 429 to those who did not sign in, 403 to those
 * whose role may not.
 */
#ifndef TOCSIN_API_ACCESS_H
#define TOCSIN_API_ACCESS_H

#include <stdbool.h>

struct exchange;

/* Fills in exchange->principal. False: the request was answered. */
bool access_check(struct exchange *exchange);
/* The same once the body is there: a token may have been revoked, or have ended, while it came. */
bool access_check_again(struct exchange *exchange);
/* That alone, for an answer that goes on for long. */
bool access_is_good(const struct exchange *exchange);

#endif
