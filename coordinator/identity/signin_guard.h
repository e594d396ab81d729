/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signin_guard: slows those who send tokens that are nobody's. An address has SIGNIN_FREE failures
 * at hand, one more every SIGNIN_FORGET_MS; with none left it is told to wait, each time twice as
 * long, up to SIGNIN_WAIT_MAX_MS. IPv6 addresses count by their first 64 bits, which is what one
 * household or machine has.
 *
 * It is asked about failures alone: whoever has a good token is always answered, however many
 * others fail behind the same proxy. What is slowed is therefore not guessing, which 256 random
 * bits make hopeless anyway, but whoever goes on and on with an old token.
 *
 * Memory is fixed: SIGNIN_PLACES addresses; a new one takes the place of the one in its corner that
 * failed the longest ago. Pure: the time is passed in.
 */
#ifndef TOCSIN_IDENTITY_SIGNIN_GUARD_H
#define TOCSIN_IDENTITY_SIGNIN_GUARD_H

#include <stdint.h>
#include <sys/socket.h>

#define SIGNIN_FREE        10
#define SIGNIN_FORGET_MS   600000
#define SIGNIN_WAIT_MAX_MS 300000
#define SIGNIN_PLACES      4096

struct signin_guard;

struct signin_guard *signin_guard_new(void);
void signin_guard_free(struct signin_guard *guard); /* NULL is fine */
/* One from this address has failed. 0: say so; else it is to come again in so many ms, and this
 * failure does not count. now_ms never goes back. */
uint32_t signin_guard_fail(struct signin_guard *guard, const struct sockaddr *address,
                           uint64_t now_ms);

#endif
