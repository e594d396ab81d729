/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_provider: the other end. It sees every start, looks whether it is what was promised, decides
 * what becomes of it, and answers later, or never, if the worker that asked is gone by then.
 */
#ifndef TOCSIN_TESTS_SIM_PROVIDER_H
#define TOCSIN_TESTS_SIM_PROVIDER_H

#include <stdbool.h>
#include <stdint.h>

#include "worker/delivery.h"

struct sim;

/* What the simulation's providers say; see sim_journal.c. */
#define SIM_REASON_ACCEPTED      202
#define SIM_REASON_DEFERRED      503
#define SIM_REASON_THROTTLED     429
#define SIM_REASON_REJECTED      410
#define SIM_REASON_MISCONFIGURED 401

struct sim_provider {
    uint64_t phase_until_ms;
    bool is_bad;  /* in this phase */
    double level; /* of starts, as in a bucket that leaks at the rate */
    uint64_t level_ms;
};

/* An answer on its way to the worker. */
struct sim_answer {
    uint32_t attempt;
    uint8_t provider;
    enum outcome outcome;
    uint16_t reason;
    uint32_t retry_after_ms;
    char ref[24];
};

/* There is one, or the simulation fails. */
const struct provider_def *sim_provider_def(const struct sim *sim, uint8_t id);
void sim_provider_start(struct sim *sim, unsigned worker, const struct attempt *attempt);

#endif
