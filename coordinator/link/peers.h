/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peers: the routing ids of those who spoke to us, numbered from 1. The engine knows a worker by
 * the number.
 */
#ifndef TOCSIN_LINK_PEERS_H
#define TOCSIN_LINK_PEERS_H

#include <stdint.h>

#include "common/slice.h"

#define PEERS_MAX 4096 /* an allow-listed worker can hardly wear this out; a stranger must not */

struct peer;

struct peers {
    struct peer *by_id;
    struct peer **by_number;
    uint32_t count;
};

void peers_release(struct peers *peers);
/* The number, new if the peer is; 0 when there are PEERS_MAX already. */
uint32_t peers_number(struct peers *peers, struct slice id);
/* Empty for a number that is none. */
struct slice peers_id(const struct peers *peers, uint32_t number);

#endif
