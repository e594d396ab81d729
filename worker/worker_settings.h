/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker_settings: what a worker is told at its start, from one YAML file and the environment:
 *
 *     name: w1                             # default: the host's name
 *     coordinator: tcp://127.0.0.1:7400    # its endpoint for workers
 *     threads: 1                           # loops; the second is worker "w1/2", and so on
 *     log_level: info
 *     metrics: 127.0.0.1:9465              # where /metrics is served; default: nowhere
 *     metrics_allow_remote: false          # true: not on loopback only
 *     keys:                                # CURVE; needed when the coordinator has keys
 *       secret: file:/etc/tocsin/worker.key   # or env:NAME; Z85 text
 *       public: ...                        # default: computed from the secret key
 *       coordinator: ...                   # the coordinator's public key
 *
 * The key keys.secret is overridden by TOCSIN_WORKER_KEYS_SECRET, and so on.
 */
#ifndef TOCSIN_WORKER_WORKER_SETTINGS_H
#define TOCSIN_WORKER_WORKER_SETTINGS_H

#include "common/err.h"
#include "common/listen_address.h"
#include "common/log.h"

#define WORKER_SETTINGS_PREFIX      "TOCSIN_WORKER"
#define WORKER_SETTINGS_THREADS_MAX 256

struct worker_settings {
    char *name;
    char *coordinator;
    unsigned threads;
    enum log_level log_level;
    bool has_metrics;
    struct listen_address metrics; /* where they are served, if they are */
    char *secret_key;              /* resolved; NULL: no encryption */
    char *public_key;              /* NULL: to be computed */
    char *coordinator_key;         /* NULL without secret_key */
};

/* What the command line says; it goes before file and environment. NULL: nothing. */
struct worker_arguments {
    const char *config; /* path of the file */
    const char *name;
    const char *coordinator;
    const char *threads;
    const char *log_level;
    const char *metrics;
    bool metrics_allow_remote;
};

/* All is checked. Free with worker_settings_free. ERR_INVALID, or as file_read and
 * secret_resolve. */
enum err worker_settings_load(struct worker_settings **out,
                              const struct worker_arguments *arguments, char *const *environment,
                              struct problem *problem) WARN_UNUSED;
void worker_settings_free(struct worker_settings *settings); /* NULL is fine */

#endif
