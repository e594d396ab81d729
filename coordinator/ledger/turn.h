/* SPDX-License-Identifier: Apache-2.0 */
/*
 * turn: the commit turn. It owns the open record, hands it to the changelog when the committer has
 * room (two deep) and the record is 2 ms old or somebody waits, and lets go of what waits only when
 * it is durable: answers, acknowledgements, leases. Loop's thread only.
 */
#ifndef TOCSIN_LEDGER_TURN_H
#define TOCSIN_LEDGER_TURN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "coordinator/engine/record.h"
#include "coordinator/ledger/changelog.h"

struct turn;

typedef void (*turn_durable_fn)(void *arg);

/* first_recno: head + 1. The changelog is borrowed and set by turn_set_changelog before the first
 * flush (the changelog's durable callback is turn_on_durable with this turn as its argument). */
struct turn *turn_new(uint16_t partition, uint64_t epoch, uint64_t first_recno);
void turn_set_changelog(struct turn *turn, struct changelog *changelog);
/* Whoever gathers events of its own until the record is handed over (the engine): is_pending says
 * whether there are some, close writes them into the record that is about to leave. */
struct turn_source {
    bool (*is_pending)(void *arg);
    void (*close)(void *arg, struct record *record);
    void *arg;
};
void turn_set_source(struct turn *turn, const struct turn_source *source);
void turn_free(struct turn *turn); /* waiters are dropped without a call */

/* Where the engine and the API add what they decide. Valid until the next turn_flush. */
struct record *turn_record(struct turn *turn);
/* Calls fn once everything decided so far is durable: at once if that is so already. `urgent`:
 * somebody waits for the answer; hand over without the 2 ms. */
void turn_when_durable(struct turn *turn, bool urgent, turn_durable_fn fn, void *arg);
/* Hands the open record over if it is time; returns in how many ms to call again, or -1 if nothing
 * is open. To be called once in every turn of the loop, so also after the changelog has reported.
 * now_ms is Unix time (it becomes the time of the record); it may jump. */
int turn_flush(struct turn *turn, uint64_t now_ms);
/* Hands over whatever is open, room or not: before the changelog is closed. */
void turn_close(struct turn *turn, uint64_t now_ms);
void turn_on_durable(void *arg, uint64_t recno); /* arg: the turn */
/* The newest record that is durable, and the one now open. */
uint64_t turn_durable(const struct turn *turn);
uint64_t turn_open(const struct turn *turn);
/* Everything decided so far is durable when this record is. */
uint64_t turn_newest(const struct turn *turn);
/* Not durable for longer than a second: new work should be refused. *problem says why (disk full,
 * I/O error, slow). */
bool turn_is_stalled(struct turn *turn, uint64_t now_ms, struct problem *problem);

#endif
