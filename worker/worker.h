/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker: one loop of the worker program: an uplink, a delivery core, and a channel for each
 * provider, wired together. One thread at a time; only worker_drain, worker_reload and
 * worker_metrics may be called by others.
 */
#ifndef TOCSIN_WORKER_WORKER_H
#define TOCSIN_WORKER_WORKER_H

#include "common/err.h"
#include "worker/uplink.h"

struct worker;
struct worker_metrics;

struct worker_options {
    const char *build;             /* for people */
    struct uplink_settings uplink; /* uplink.name is the worker's */
};

/* As uplink_open. The options need not outlive the call. */
enum err worker_open(struct worker **out, const struct worker_options *options,
                     struct problem *problem) WARN_UNUSED;
/* Works until it is drained, by worker_drain or by the coordinator. */
void worker_run(struct worker *worker);
/* Finish what is under way, return the rest, say BYE. Any thread, any number of times, while the
 * worker is open. */
void worker_drain(struct worker *worker);
/* Reads all secrets anew. As worker_drain, of any thread. */
void worker_reload(struct worker *worker);
/* What it has counted, a moment ago. Any thread, while the worker is open. */
void worker_metrics(struct worker *worker, struct worker_metrics *metrics);
/* After worker_run has returned, or instead of it. */
void worker_close(struct worker *worker);

#endif
