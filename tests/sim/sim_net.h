/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_net: messages on their way between the coordinator and its workers. A link is a connection
 * that breaks and is made again; what is on its way then is lost. Within an ordered connection
 * nothing else happens; in a hostile network messages are lost, doubled and overtake each other,
 * and some survive their connection.
 */
#ifndef TOCSIN_TESTS_SIM_NET_H
#define TOCSIN_TESTS_SIM_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "common/slice.h"
#include "tests/sim/sim_queue.h"
#include "tests/sim/sim_settings.h"

struct sim;

enum sim_direction { SIM_TO_COORDINATOR, SIM_TO_WORKER };

struct sim_link {
    uint64_t connection; /* which one; grows */
    uint64_t up_at_ms;
    uint64_t noticed_at_ms; /* until then, sending into the broken link seems to succeed */
    uint64_t last_ms[2];    /* when the newest message arrives, by direction */
};

struct sim_message {
    unsigned worker;
    enum sim_direction direction;
    uint64_t connection;
    bool is_stray; /* arrives whatever becomes of its connection */
    size_t frame_len;
    size_t payload_len;
    uint8_t bytes[];
};

struct sim_net {
    struct sim_link links[SIM_WORKERS_MAX];
    struct sim_queue queue;
};

void sim_net_release(struct sim_net *net);
/* False: the sender knows that it was not sent. */
bool sim_net_send(struct sim *sim, unsigned worker, enum sim_direction direction,
                  struct slice frame, struct slice payload);
void sim_net_break(struct sim *sim, unsigned worker, uint32_t down_ms);
/* Hands the first message over. */
void sim_net_deliver(struct sim *sim);

#endif
