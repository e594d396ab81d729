/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_client: the operator: makes campaigns, launches, pauses, resumes and cancels them, and
 * believes only answers, which come when what they promise is durable.
 */
#ifndef TOCSIN_TESTS_SIM_CLIENT_H
#define TOCSIN_TESTS_SIM_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "coordinator/engine/engine.h"
#include "tests/sim/sim_settings.h"

struct sim;

/* Waits for an answer; gone when the coordinator crashes first. */
struct sim_request {
    struct sim *sim;
    unsigned campaign;
    enum campaign_event event;
    unsigned answered;
};

struct sim_client {
    uint64_t next_ms;
    bool is_created[SIM_CAMPAIGNS_MAX]; /* asked for; may be lost in a crash */
    bool wants_cancel[SIM_CAMPAIGNS_MAX];
    struct sim_request requests[SIM_CAMPAIGNS_MAX][CAMPAIGN_EVENTS];
};

void sim_client_init(struct sim *sim);
/* The command was taken: its answer will be judged. */
void sim_client_await(struct sim *sim, unsigned campaign, enum campaign_event event);
void sim_client_act(struct sim *sim);

#endif
