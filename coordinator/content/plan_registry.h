/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan_registry: plans that were given a name, in memory, in the order of their names. A campaign
 * takes a copy of one when it is made, so that a plan may be changed and removed at any time.
 * Loop's thread only.
 *
 * Catalogue: CATALOGUE_PLAN, name -> the plan as clients read it (plan_document.h), with
 *     {"version":1,"name":"ladder","modified_ms":1795...,"steps":[...]}
 * Whether its providers are still there is asked when a campaign takes it.
 *
 * To change the format: raise PLAN_REGISTRY_VERSION, keep reading the versions before, add a golden
 * document to tests/unit/test_plan_registry.c.
 */
#ifndef TOCSIN_CONTENT_PLAN_REGISTRY_H
#define TOCSIN_CONTENT_PLAN_REGISTRY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "coordinator/content/document_reader.h"
#include "coordinator/content/plan_document.h"
#include "coordinator/engine/engine.h"
#include "coordinator/engine/record.h"
#include "coordinator/ledger/ledger.h"

#define PLAN_REGISTRY_VERSION 1
#define PLAN_NAME_MAX         64   /* bytes */
#define PLAN_REGISTRY_MAX     1000 /* plans */

struct plan_registry;

/* Borrowed until the registry is changed. */
struct named_plan {
    const char *name;
    uint64_t modified_ms;
    json_t *plan; /* {"steps":[...]}, as campaigns show it */
};

struct plan_registry *plan_registry_new(void);
void plan_registry_free(struct plan_registry *registry);
/* Reads the catalogue, once, at the start. ERR_CORRUPT, ERR_NEWER_VERSION; the problem names the
 * plan. */
enum err plan_registry_load(struct plan_registry *registry, struct ledger *ledger,
                            struct problem *problem) WARN_UNUSED;

/* Can a plan have this name? 1 to PLAN_NAME_MAX letters, digits, `_`, `.` and `-`, the first none
 * of the last two; but no channel's name, and none that looks like a file of a plan, so that a
 * command line means one thing only. ERR_INVALID says what would be right. */
enum err plan_registry_check_name(const char *name, struct problem *problem) WARN_UNUSED;
/* What a client wrote, checked against the providers and groups of `around`, whose other members
 * do not count. *plan is the caller's, as a
 * named_plan has it; NULL on error. A member "name" must be `name`. */
enum err plan_registry_read(json_t **plan, json_t *json, const char *name,
                            const struct plan_source *around,
                            struct document_problem *problem) WARN_UNUSED;

/* Keeps a plan under its name, in place of the one there was, and puts it into the record.
 * ERR_LIMIT if there are too many. */
enum err plan_registry_put(struct plan_registry *registry, const char *name, json_t *take_plan,
                           uint64_t now_ms, struct record *record) WARN_UNUSED;
/* Out of the catalogue, too. False if there is none. */
bool plan_registry_remove(struct plan_registry *registry, const char *name, struct record *record);
/* False if there is none of that name. */
bool plan_registry_find(const struct plan_registry *registry, const char *name,
                        struct named_plan *plan);
/* The first with a name of `from` or behind it. False at the end. */
bool plan_registry_from(const struct plan_registry *registry, struct slice from,
                        struct named_plan *plan);
/* That there is no plan of that name: the nearest there is, or some of them. The registry may be
 * NULL. */
void plan_registry_tell_missing(const struct plan_registry *registry, const char *name,
                                struct buf *text);

#endif
