/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roster: the workers the engine knows, by instance (one start of one worker). An instance of which
 * only leases are known, after a restart of ours, stands here too, until it says hello or its
 * leases are given up.
 */
#ifndef TOCSIN_ENGINE_ROSTER_H
#define TOCSIN_ENGINE_ROSTER_H

#include <stdbool.h>
#include <stdint.h>

#include "coordinator/engine/rate_meter.h"
#include "proto/channel_kind.h"
#include "proto/wire.h"

struct roster_entry {
    uint64_t instance;
    uint32_t worker; /* the shell's number; meaningful while `present` */
    bool present;    /* said hello in this life and not bye */
    char name[WIRE_NAME_MAX + 1];
    uint64_t heard_ms;
    bool is_given_up; /* its leases were, for it has been silent since heard_ms */
    uint32_t credit[CHANNEL_KINDS];
    uint32_t in_hand[CHANNEL_KINDS];
    char *unopened[WIRE_PROVIDERS_MAX]; /* why it could not open the provider; NULL: it could */
    uint64_t leases;
    uint64_t outcomes;
    struct rate_meter meter;
};

struct roster {
    struct roster_entry *entries;
    unsigned count;
    unsigned cap;
};

/* All that it could not open, in place of what was known. */
void roster_entry_set_unopened(struct roster_entry *entry, const struct wire_unopened *unopened,
                               unsigned count);

void roster_release(struct roster *roster);
/* NULL if unknown. Valid until the next roster_add or roster_remove. */
struct roster_entry *roster_find(struct roster *roster, uint64_t instance);
struct roster_entry *roster_find_worker(struct roster *roster, uint32_t worker);
/* Finds or adds. */
struct roster_entry *roster_add(struct roster *roster, uint64_t instance);
void roster_remove(struct roster *roster, unsigned index);

#endif
