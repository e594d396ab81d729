/* SPDX-License-Identifier: Apache-2.0 */
/*
 * changelog: makes records durable, in order. `local` writes them to the store in a committer
 * thread, those that gathered meanwhile in one synced batch; `mem` does so when a test says; `nats`
 * (later) replicates them first. Whoever appends is told in the loop's thread, record by record in
 * order, when one is durable. One changelog serves one partition.
 *
 * A record is never refused: when the disk is full or fails, the changelog keeps it, says so in its
 * health, tries again until it succeeds, and goes on. It is the caller's duty to take in nothing
 * new meanwhile.
 */
#ifndef TOCSIN_LEDGER_CHANGELOG_H
#define TOCSIN_LEDGER_CHANGELOG_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "common/err.h"
#include "common/histogram.h"
#include "coordinator/engine/record.h"
#include "coordinator/ledger/ledger.h"

struct changelog;

typedef void (*changelog_durable_fn)(void *arg, uint64_t recno);

struct changelog_health {
    struct problem problem; /* .err is ERR_OK while all is well; else why the oldest record is not
                               durable yet */
    unsigned in_flight;     /* records appended and not yet durable */
    uint64_t records;       /* durable since the start */
    uint64_t bytes;         /* their blocks and puts */
    uint64_t sync_us_total; /* time spent in writes */
    struct histogram sync;  /* of each synced write, of one record or several: HISTOGRAM_US */
    struct histogram sizes; /* of each record: HISTOGRAM_BYTES */
};

struct changelog_ops {
    void (*append)(struct changelog *changelog, struct record *take_record);
    void (*health)(struct changelog *changelog, struct changelog_health *health);
    /* Waits for what was appended (as long as the disk takes it), stops the thread, frees. No
     * callbacks after it. */
    void (*close)(struct changelog *changelog);
};

struct changelog {
    const struct changelog_ops *ops;
};

struct changelog *changelog_local_new(struct ledger *ledger, uv_loop_t *loop,
                                      changelog_durable_fn durable, void *arg);

/* For the simulation: nothing is durable until changelog_mem_step, which writes the oldest record
 * to the ledger and calls durable; false if there was none or the store failed. changelog_mem_crash
 * forgets what was not stepped; close without it writes what is left (and drops it if the store
 * fails). */
struct changelog *changelog_mem_new(struct ledger *ledger, changelog_durable_fn durable, void *arg);
bool changelog_mem_step(struct changelog *changelog);
void changelog_mem_crash(struct changelog *changelog);

#endif
