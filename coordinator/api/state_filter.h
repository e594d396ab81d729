/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state_filter: the parameter `state` of what is told of a campaign's recipients: those in one
 * state, or in several, "failed,uncertain".
 */
#ifndef TOCSIN_API_STATE_FILTER_H
#define TOCSIN_API_STATE_FILTER_H

#include "coordinator/api/exchange.h"

/* All but NONE. */
#define STATE_FILTER_ANY ((1U << DELIVERY_STATES) - 2)

/* *states: bit s is state s; STATE_FILTER_ANY without the parameter. False: it was refused. */
bool state_filter_read(struct exchange *exchange, unsigned *states);

#endif
