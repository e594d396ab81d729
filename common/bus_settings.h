/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus_settings: what a bus asks of libzmq. A part of the bus, for bus.c alone.
 */
#ifndef TOCSIN_COMMON_BUS_SETTINGS_H
#define TOCSIN_COMMON_BUS_SETTINGS_H

#include "common/bus.h"

#define BUS_ENDPOINT_MAX 256 /* bytes of an endpoint with its zero */
#define BUS_KEY_BYTES    32  /* of a key that Z85 makes BUS_KEY_CHARS of */

/* ERR_INVALID with the first thing that is wrong: endpoint, name, keys. Limits of 0 are a bug. */
enum err bus_settings_check(const struct bus_settings *settings,
                            struct problem *problem) WARN_UNUSED;
/* Sets the options of a new ROUTER or DEALER from settings that were checked. */
void bus_settings_apply(const struct bus_settings *settings, void *zmq);

#endif
