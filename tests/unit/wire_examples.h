/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire_examples: a message of each type.
 */
#ifndef TOCSIN_TESTS_UNIT_WIRE_EXAMPLES_H
#define TOCSIN_TESTS_UNIT_WIRE_EXAMPLES_H

#include "proto/wire.h"

/* What lies in some of them. */
extern const struct wire_provider example_providers[2];
extern const struct wire_body example_bodies[2];
extern const struct wire_unopened example_unopened[2];

struct wire_message example(enum wire_type type);

#endif
