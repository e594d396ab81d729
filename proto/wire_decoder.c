/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire_decoder.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"

void wire_decoder_refuse(struct wire_decoder *decoder, enum err err, const char *format, ...)
{
    if (decoder->err != ERR_OK) {
        return;
    }
    char text[200];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    decoder->err = problem_set(decoder->problem, err, "%s: %s", decoder->type, text);
}

uint64_t wire_decoder_number(struct wire_decoder *decoder, uint64_t value, uint64_t min,
                             uint64_t max, const char *what)
{
    if (value < min || value > max) {
        wire_decoder_refuse(decoder, ERR_INVALID,
                            "%s is %" PRIu64 ", but must be %" PRIu64 " to %" PRIu64, what, value,
                            min, max);
        return min;
    }
    return value;
}

const char *wire_decoder_text(struct wire_decoder *decoder, const char *text, size_t min,
                              size_t max, const char *what)
{
    size_t len = strlen(text);
    size_t bad_at = 0;
    if (len > max) {
        wire_decoder_refuse(decoder, ERR_LIMIT, "%s has %zu bytes, more than %zu", what, len, max);
    } else if (len < min) {
        wire_decoder_refuse(decoder, ERR_INVALID, "%s is empty", what);
    } else if (!text_is_utf8(slice_of(text, len), &bad_at)) {
        wire_decoder_refuse(decoder, ERR_INVALID, "%s is not UTF-8 at byte %zu", what, bad_at);
    } else {
        return text;
    }
    return "";
}

unsigned wire_decoder_count(struct wire_decoder *decoder, size_t count, unsigned max,
                            const char *what)
{
    if (count > max) {
        wire_decoder_refuse(decoder, ERR_LIMIT, "%zu %s are more than %u", count, what, max);
        return 0;
    }
    return (unsigned)count;
}
