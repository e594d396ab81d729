/* SPDX-License-Identifier: Apache-2.0 */
/*
 * row_drain: reads a file to its end with the row reader and asserts what holds of every row,
 * refusal and failure.
 */
#ifndef TOCSIN_TESTS_FUZZ_ROW_DRAIN_H
#define TOCSIN_TESTS_FUZZ_ROW_DRAIN_H

#include "coordinator/audience/row_reader.h"

void row_drain(enum audience_format format, struct slice text, size_t step);

#endif
