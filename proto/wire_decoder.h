/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire_decoder: what is being decoded, and the checks that every message's reader is written with.
 * A part of wire.
 *
 * The first check that fails fills *problem and sticks; the ones after it still run, on values that
 * are safe, so that the readers are the list of what is right.
 */
#ifndef TOCSIN_PROTO_WIRE_DECODER_H
#define TOCSIN_PROTO_WIRE_DECODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/err.h"
#include "common/slice.h"

struct wire_decoder {
    struct arena *arena;
    size_t budget_bytes;
    bool is_over_budget;
    struct slice payload;
    const char *type; /* for people */
    enum err err;
    struct problem *problem;
};

void wire_decoder_refuse(struct wire_decoder *decoder, enum err err, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* The value, or min if it is not within both. */
uint64_t wire_decoder_number(struct wire_decoder *decoder, uint64_t value, uint64_t min,
                             uint64_t max, const char *what);
/* The text, or "" if it has not min to max bytes of UTF-8. */
const char *wire_decoder_text(struct wire_decoder *decoder, const char *text, size_t min,
                              size_t max, const char *what);
/* The count, or 0 if it is more than max. */
unsigned wire_decoder_count(struct wire_decoder *decoder, size_t count, unsigned max,
                            const char *what);

#endif
