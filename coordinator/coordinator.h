/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coordinator: the composition root. It owns every room, wires them, and runs the loop; nothing
 * else knows all of them.
 *
 *   sockets ──► link, api ──► engine ──► turn ──► changelog ──► ledger
 *                  ▲                                  │ durable
 *                  └───────── effects, answers ◄──────┘
 *
 * Once before each time the loop goes to sleep: the engine runs, its effects wait for the turn, and
 * the turn is handed over if it is time. So whatever came in together is decided together and is
 * durable together.
 */
#ifndef TOCSIN_COORDINATOR_COORDINATOR_H
#define TOCSIN_COORDINATOR_COORDINATOR_H

#include "common/err.h"
#include "coordinator/coordinator_settings.h"

struct coordinator;

/* Opens the ledger, recovers, and listens. The settings are borrowed. Any failure is told with what
 * and where. */
enum err coordinator_open(struct coordinator **out, const struct coordinator_settings *settings,
                          struct problem *problem) WARN_UNUSED;
/* Until SIGTERM or SIGINT; then what was decided is made durable. */
void coordinator_run(struct coordinator *coordinator);
void coordinator_close(struct coordinator *coordinator);

/* Reads the whole ledger of a coordinator that is not running and prints what is damaged. The
 * number of damages, or -1 with *problem if it could not be read. */
long coordinator_check(const struct coordinator_settings *settings, struct problem *problem);

#endif
