/* SPDX-License-Identifier: Apache-2.0 */
/*
 * delivery_core: what the files of the worker's core share. delivery.c takes messages, results and
 * time, delivery_session.c greets and obeys epochs, delivery_start.c starts attempts,
 * delivery_report.c gathers and sends outcomes. Nobody else includes this.
 */
#ifndef TOCSIN_WORKER_DELIVERY_CORE_H
#define TOCSIN_WORKER_DELIVERY_CORE_H

#include "common/buf.h"
#include "worker/catalog.h"
#include "worker/credit.h"
#include "worker/delivery.h"
#include "worker/flight.h"
#include "worker/inbox.h"
#include "worker/lane.h"
#include "worker/outbox.h"
#include "worker/session.h"

/* So much is started in one delivery_run before the loop gets its turn. */
#define DELIVERY_STARTS_MAX 4096
/* With so many batches' outcomes gathered, they are sent before their time. */
#define DELIVERY_GROUPS_FULL 16
/* Outcomes of a worker that has nothing to do need not wait longer than this for company. */
#define DELIVERY_IDLE_MS 2
/* After a send that the shell refused. */
#define DELIVERY_RETRY_SEND_MS 5
/* A paced batch that is not done so long after it ought to be goes back: others are leased what
 * comes after it, and what was sent now would come on top of theirs. The same if a run comes so
 * much later than it was due: the process was held up (stopped, swapped out, its machine asleep),
 */
#define DELIVERY_HELD_UP_MS 100
/* and for so long after it batches come that had waited for us all the while. */
#define DELIVERY_STALE_MS 250
/* Pages in hand; beyond it no more credit is given. */
#define DELIVERY_INBOX_MAX_BYTES ((size_t)128 * 1024 * 1024)

struct delivery {
    struct delivery_settings settings;
    char *name; /* the settings' strings */
    char *build;
    struct delivery_shell shell;
    struct session session;
    struct lane lanes[WIRE_PROVIDERS_MAX];
    unsigned first_lane; /* whose turn is first in the next run */
    struct inbox inbox;
    struct catalog catalog;
    struct flight flight;
    uint32_t in_flight[CHANNEL_KINDS];
    uint32_t in_hand[CHANNEL_KINDS]; /* leased and not yet given to the outbox */
    struct credit credit[CHANNEL_KINDS];
    uint32_t credit_told[CHANNEL_KINDS];
    bool is_credit_due; /* to be told, whatever it is */
    struct outbox outbox;
    struct batch *dirty_first; /* with outcomes, in the order of their first */
    struct batch *dirty_last;
    unsigned dirty_count;
    uint64_t flushed_ms;
    uint64_t send_again_ms; /* the shell refused a message; nothing is sent before */
    uint64_t seq_at_turn;   /* of the outbox, when the inbox last forgot finished leases */
    uint64_t run_due_ms;    /* when delivery_run wanted to be called again; 0: it never ran */
    uint64_t fresh_from_ms; /* paced batches that come before are stale */
    bool is_draining;
    bool is_done;
    struct buf texts; /* of the recipient being rendered */
    struct slice *values;
    uint32_t values_cap;
    void *zstd_context;
    char *refused_why; /* as logged last */
    struct delivery_stats stats;
};

/* ---- delivery_session.c ---- */

/* Steps the session and says HELLO if that is the action; the caller sees to the others. */
enum session_action delivery_on_session_event(struct delivery *delivery, enum session_event event,
                                              uint64_t now_ms);
void delivery_on_welcome(struct delivery *delivery, const struct wire_message *message,
                         uint64_t now_ms);
void delivery_on_refused(struct delivery *delivery, const struct wire_message *message,
                         uint64_t now_ms);

/* ---- delivery_start.c ---- */

/* Starts what may be started, DELIVERY_STARTS_MAX at most. True if more could be started at once.
 */
bool delivery_start(struct delivery *delivery, uint64_t now_ms);
/* In how many ms a throttle will let something start; UINT32_MAX if none holds anything back. */
uint32_t delivery_start_wait_ms(const struct delivery *delivery, uint64_t now_ms);

/* ---- delivery_report.c ---- */

/* One recipient's outcome. */
void delivery_report(struct delivery *delivery, struct batch *batch, const struct outcome_run *run);
/* Everybody of the batch who was not started meets this fate; the batch is closed. */
void delivery_settle(struct delivery *delivery, struct batch *batch, enum outcome outcome,
                     uint16_t reason, uint64_t now_ms);
/* The batch has nobody left to be started: drops its content and page. */
void delivery_close_batch(struct delivery *delivery, struct batch *batch);
/* Settles as returned: all whose pace the coordinator set, as it was set for a time that is over.
 */
void delivery_return_paced(struct delivery *delivery, uint64_t now_ms);
/* Settles as returned: what is of the campaign, or, with NULL, all. */
void delivery_return(struct delivery *delivery, const uint64_t *campaign, uint16_t reason,
                     uint64_t now_ms);
/* Gives gathered outcomes to the outbox if it is time to, and sends what is due. */
void delivery_flush(struct delivery *delivery, bool is_idle, uint64_t now_ms);
/* In how many ms delivery_flush has something to do. */
uint32_t delivery_flush_wait_ms(const struct delivery *delivery, uint64_t now_ms);
/* Sends, and remembers when the shell refuses. */
bool delivery_send(struct delivery *delivery, const struct wire_message *message, uint64_t now_ms);
uint32_t delivery_in_hand(const struct delivery *delivery);

#endif
