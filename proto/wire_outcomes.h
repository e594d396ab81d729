/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire_outcomes: the reader of OUTCOMES, whose groups hold a column for each field of their runs. A
 * part of wire.
 */
#ifndef TOCSIN_PROTO_WIRE_OUTCOMES_H
#define TOCSIN_PROTO_WIRE_OUTCOMES_H

#include "proto/tocsin.pb-c.h"
#include "proto/wire.h"
#include "proto/wire_decoder.h"

void wire_outcomes_decode(struct wire_decoder *decoder, const Tocsin__Envelope *envelope,
                          struct wire_message *message);

#endif
