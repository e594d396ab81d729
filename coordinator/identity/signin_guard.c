/* SPDX-License-Identifier: Apache-2.0 */
/* A table of corners of four places each; an address has one corner, by a keyed hash, so that
 * nobody can choose whose place is taken. */
#include "coordinator/identity/signin_guard.h"

#include <netinet/in.h>
#include <sodium.h>
#include <string.h>

#include "common/hash.h"
#include "common/mem.h"

#define CORNER        4
#define CORNERS       (SIGNIN_PLACES / CORNER)
#define PREFIX_BYTES  8 /* of an IPv6 address */
#define DOUBLINGS_MAX 16

struct place {
    struct hash128 who; /* {0, 0}: nobody */
    uint64_t since_ms;  /* up to here failures were forgotten */
    uint64_t wait_until_ms;
    uint32_t failures;
};

struct signin_guard {
    uint8_t key[HASH_KEY_BYTES];
    struct place places[CORNERS][CORNER];
};

struct signin_guard *signin_guard_new(void)
{
    struct signin_guard *guard = mem_zalloc(1, sizeof(*guard));
    randombytes_buf(guard->key, sizeof(guard->key));
    return guard;
}

void signin_guard_free(struct signin_guard *guard)
{
    mem_free(guard);
}

static struct hash128 hash_of(const struct signin_guard *guard, const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof(in));
        return hash_keyed128(guard->key, slice_of(&in.sin_addr, sizeof(in.sin_addr)));
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof(in6));
        const uint8_t *bytes = in6.sin6_addr.s6_addr;
        return IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)
                   ? hash_keyed128(guard->key, slice_of(bytes + 12, 4))
                   : hash_keyed128(guard->key, slice_of(bytes, PREFIX_BYTES));
    }
    return hash_keyed128(guard->key, slice_of("", 0)); /* all others together */
}

static struct place *place_of(struct signin_guard *guard, struct hash128 who, uint64_t now_ms)
{
    struct place *corner = guard->places[who.low % CORNERS];
    struct place *oldest = &corner[0];
    for (unsigned i = 0; i < CORNER; i++) {
        if (corner[i].who.low == who.low && corner[i].who.high == who.high) {
            return &corner[i];
        }
        if (corner[i].since_ms < oldest->since_ms) {
            oldest = &corner[i];
        }
    }
    *oldest = (struct place){.who = who, .since_ms = now_ms};
    return oldest;
}

static void forget(struct place *place, uint64_t now_ms)
{
    uint64_t steps = (now_ms - place->since_ms) / SIGNIN_FORGET_MS;
    if (steps >= place->failures) {
        place->failures = 0;
        place->since_ms = now_ms;
    } else {
        place->failures -= (uint32_t)steps;
        place->since_ms += steps * SIGNIN_FORGET_MS;
    }
}

static uint32_t wait_ms(uint32_t failures)
{
    uint32_t beyond = failures - SIGNIN_FREE - 1;
    uint32_t ms = 1000U << (beyond < DOUBLINGS_MAX ? beyond : DOUBLINGS_MAX);
    return ms < SIGNIN_WAIT_MAX_MS ? ms : SIGNIN_WAIT_MAX_MS;
}

uint32_t signin_guard_fail(struct signin_guard *guard, const struct sockaddr *address,
                           uint64_t now_ms)
{
    struct place *place = place_of(guard, hash_of(guard, address), now_ms);
    if (now_ms < place->wait_until_ms) {
        return (uint32_t)(place->wait_until_ms - now_ms);
    }
    forget(place, now_ms);
    place->failures++;
    if (place->failures > SIGNIN_FREE) {
        place->wait_until_ms = now_ms + wait_ms(place->failures);
    }
    return 0;
}
