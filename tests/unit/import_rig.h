/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import_rig: an upload that a loop feeds to an import, piece by piece, and what became of it.
 */
#ifndef TOCSIN_TESTS_UNIT_IMPORT_RIG_H
#define TOCSIN_TESTS_UNIT_IMPORT_RIG_H

#include "coordinator/audience/audience.h"
#include "coordinator/audience/endpoint_index.h"

enum { AUDIENCE = 7 };

/* One import from its first byte to `done`. */
struct rig {
    struct ledger *ledger;
    uv_loop_t loop;
    uv_idle_t idle;
    struct audience_import *import;
    struct slice body;
    size_t at;
    size_t piece;
    size_t abort_at;      /* of the body; SIZE_MAX: never */
    bool is_aborted_late; /* right after the end */
    bool has_ended;
    unsigned pauses;
    bool is_done;
    bool is_good;
    struct audience_info info;
    struct problem problem;
};

struct found {
    unsigned count;
    uint32_t ordinals[8];
    unsigned ranks[8];
};

void on_done(void *arg, const struct audience_info *info, const struct problem *problem);
void on_idle(uv_idle_t *idle);
void on_room(void *arg);
struct audience_settings settings_of(enum audience_format format);
/* Runs it; the rig says how it went. */
void import_body(struct rig *rig, const struct audience_settings *settings);
void rig_import(struct rig *rig, struct ledger *ledger, struct slice body, size_t piece,
                const struct audience_settings *settings);
struct ledger *open_ledger(void **state);
unsigned count_values(struct ledger *ledger, enum store_family family);
void assert_nothing_left(struct ledger *ledger);
/* Every page opens, the holes are the duplicates, and every recipient that is none is found by its
 * key. */
void assert_whole(struct ledger *ledger, const struct audience_info *info);
/* count rows; every `repeat`-th repeats a key, every `bad`-th is refused. */
void make_csv(struct buf *body, unsigned count, unsigned repeat, unsigned bad);
int start_sodium(void **state);

#endif
