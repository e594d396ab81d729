/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crew: the workers of one process, one thread each, and the signals that end them. SIGTERM and
 * SIGINT drain all; a second one ends the process at once. Main thread only.
 */
#ifndef TOCSIN_WORKER_CREW_H
#define TOCSIN_WORKER_CREW_H

#include "common/err.h"
#include "worker/worker_settings.h"

/* Opens the workers and runs them until all are drained. build: for people. */
enum err crew_run(const struct worker_settings *settings, const char *build,
                  struct problem *problem) WARN_UNUSED;

#endif
