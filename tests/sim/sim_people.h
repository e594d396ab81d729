/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_people: the recipients: now and then some of them say that they know, wherever they stand. As
 * everybody they believe only answers, which come when what they promise is durable; what was said
 * and not answered before a crash may never have been heard.
 */
#ifndef TOCSIN_TESTS_SIM_PEOPLE_H
#define TOCSIN_TESTS_SIM_PEOPLE_H

#include <stdint.h>

struct sim;

/* An acknowledgement until it is answered; what is lost in a crash stays to the end. */
struct sim_word {
    struct sim *sim;
    unsigned campaign;
    uint32_t ordinal;
    struct sim_word *prev;
    struct sim_word *next;
};

struct sim_people {
    uint64_t next_ms;
    struct sim_word *words;
};

void sim_people_init(struct sim *sim);
void sim_people_release(struct sim_people *people);
void sim_people_act(struct sim *sim);

#endif
