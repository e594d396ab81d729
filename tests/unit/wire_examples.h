/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire_examples: a message of each type.
 */
#ifndef TOCSIN_TESTS_UNIT_WIRE_EXAMPLES_H
#define TOCSIN_TESTS_UNIT_WIRE_EXAMPLES_H

#include "proto/wire.h"

struct wire_message example(enum wire_type type);

#endif
