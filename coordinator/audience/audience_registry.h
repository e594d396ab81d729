/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audience_registry: the sealed audiences that the catalogue knows, in memory. What is in here is
 * durable: an upload adds its audience when the catalogue entry is on disk. Loop's thread only.
 */
#ifndef TOCSIN_AUDIENCE_AUDIENCE_REGISTRY_H
#define TOCSIN_AUDIENCE_AUDIENCE_REGISTRY_H

#include <stdint.h>

#include "common/err.h"
#include "coordinator/audience/audience.h"
#include "coordinator/ledger/ledger.h"

struct audience_registry;

struct audience_registry *audience_registry_new(void);
void audience_registry_free(struct audience_registry *registry);

/* Reads the whole catalogue, once, at the start. ERR_CORRUPT names the audience. */
enum err audience_registry_load(struct audience_registry *registry, struct ledger *ledger,
                                struct problem *problem) WARN_UNUSED;
/* Copies. An id that is there already is a bug. */
void audience_registry_add(struct audience_registry *registry, const struct audience_info *info);
/* NULL if there is none. The pointer stays valid as long as the registry. */
const struct audience_info *audience_registry_find(const struct audience_registry *registry,
                                                   uint64_t id);
/* The audience with the smallest id above `after`, or NULL. */
const struct audience_info *audience_registry_next(const struct audience_registry *registry,
                                                   uint64_t after);
/* An id for a new audience, never given out before by this registry nor used by one in it. */
uint64_t audience_registry_take_id(struct audience_registry *registry);

#endif
