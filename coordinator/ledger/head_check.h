/* SPDX-License-Identifier: Apache-2.0 */
/*
 * head_check: are the signed heads in the catalogue (evidence/signed_head.h) those of the chain
 * that is there? Each must name the hash of its record, and be signed by a key that the catalogue
 * states. It sees what the chain cannot see by itself: a chain that was computed anew from some
 * record on by somebody who does not have the key.
 */
#ifndef TOCSIN_LEDGER_HEAD_CHECK_H
#define TOCSIN_LEDGER_HEAD_CHECK_H

#include "coordinator/ledger/ledger_verify.h"

/* How many heads were read. */
uint64_t head_check(struct ledger *ledger, struct damages *damages);

#endif
