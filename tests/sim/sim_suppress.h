/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_suppress: people who must not be sent to: at all, on a channel, or at one endpoint. Now and
 * then somebody says so of a few, before the launch or later, and believes only answers. It keeps
 * for itself what is barred as far as the disk knows: nobody is leased there from then on, no batch
 * takes him along, a restart forgets no bar, and who was sent nothing before ends as suppressed.
 */
#ifndef TOCSIN_TESTS_SIM_SUPPRESS_H
#define TOCSIN_TESTS_SIM_SUPPRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "coordinator/engine/bar.h"
#include "coordinator/engine/delivery_state.h"
#include "coordinator/engine/event.h"
#include "proto/channel_kind.h"

struct sim;

struct sim_barred {
    uint64_t lease;    /* the last one that he was in as he was barred there */
    uint64_t since_ms; /* when that became durable */
};

/* Of one recipient, durable. */
struct sim_bars {
    uint8_t ranks[CHANNEL_KINDS]; /* bit r: the channel's endpoint r */
    bool is_whole;
    struct sim_barred leased[2]; /* on the ladder, and beside it */
    bool is_unsent;              /* nothing of him was left to send to before anything was sent */
};

/* A suppression until it is answered; what is lost in a crash stays to the end. */
struct sim_wish {
    struct sim *sim;
    unsigned campaign;
    uint32_t ordinal;
    struct bar bar;
    struct sim_wish *prev;
    struct sim_wish *next;
};

void sim_suppress_release(struct sim *sim);
/* Whoever suppresses looks at the campaign. */
void sim_suppress_act(struct sim *sim, unsigned campaign);
bool sim_suppress_is_barred(const struct sim *sim, unsigned campaign, uint32_t ordinal,
                            unsigned step, unsigned endpoint);
/* Is anything of him barred? */
bool sim_suppress_has_bar(const struct sim_bars *bars);
/* A recipient's event that became durable and is about to be applied to his state. */
void sim_suppress_on_event(struct sim *sim, unsigned campaign, uint32_t ordinal,
                           const struct recipient_state *state, const struct event *event);
/* The engine knows what the disk knows, and nobody waits where he is barred. */
void sim_suppress_check(const struct sim *sim, unsigned campaign);
/* Everything has ended. */
void sim_suppress_check_end(struct sim *sim, unsigned campaign, uint32_t ordinal);

#endif
