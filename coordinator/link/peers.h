/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peers: the routing ids of those who spoke to us, numbered from 1. The engine knows a worker by
 * the number.
 *
 * A worker's routing id is its name, and where workers come and go each has a new one. So there is
 * room for PEERS_MAX at a time, and a new peer takes the place of the one that has been silent for
 * longest. Numbers are never given twice: what is still meant for a peer that was forgotten reaches
 * nobody. If it comes back, it is a new one, and its worker says HELLO again.
 */
#ifndef TOCSIN_LINK_PEERS_H
#define TOCSIN_LINK_PEERS_H

#include <stdint.h>

#include "common/slice.h"

#define PEERS_MAX 4096

struct peer;

struct peers {
    struct peer *by_id; /* in the order in which they last spoke */
    struct peer *by_number;
    uint32_t last_number;
    uint32_t silent_ms; /* set by the owner: nobody is forgotten sooner */
};

void peers_release(struct peers *peers);
/* A peer spoke: its number, new if the peer is. 0 if PEERS_MAX others spoke within silent_ms. */
uint32_t peers_number(struct peers *peers, struct slice id, uint64_t now_ms);
/* What its owner noted of it, 0 for a new one: the version of what it was told. NULL for a number
 * that is none (any more). */
uint32_t *peers_told(struct peers *peers, uint32_t number);
/* Calls visit with every number there is; it may not add or remove peers. */
void peers_each(const struct peers *peers, void (*visit)(void *arg, uint32_t number), void *arg);
/* Empty for a number that is none (any more). */
struct slice peers_id(const struct peers *peers, uint32_t number);

#endif
