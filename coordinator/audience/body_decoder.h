/* SPDX-License-Identifier: Apache-2.0 */
/*
 * body_decoder: undoes the Content-Encoding of an upload, piece by piece. Pure. However small the
 * body and however large what it stands for, memory is flat: one output buffer, and a window of 32
 * KiB for gzip and at most 8 MiB for zstd.
 *
 * gzip (RFC 1952) may have several members, zstd (RFC 8878) several frames, one after the other.
 * Anything else behind the end, a stream that ends too early, and a zstd window above 8 MiB (RFC
 * 9659) are errors.
 */
#ifndef TOCSIN_AUDIENCE_BODY_DECODER_H
#define TOCSIN_AUDIENCE_BODY_DECODER_H

#include "common/err.h"
#include "common/slice.h"
#include "coordinator/audience/audience.h"

struct body_decoder;

struct body_decoder *body_decoder_new(enum audience_encoding encoding);
void body_decoder_free(struct body_decoder *decoder); /* NULL is fine */
/* The next bytes of the body, borrowed until body_decoder_next has used them up. Not before. */
void body_decoder_push(struct body_decoder *decoder, struct slice bytes);
/* The next piece of what they stand for; an empty one when all that was pushed is used up. Valid
 * until the next call. ERR_INVALID, and from then on always. */
enum err body_decoder_next(struct body_decoder *decoder, struct slice *piece,
                           struct problem *problem) WARN_UNUSED;
/* There are no more bytes, and body_decoder_next has used up all: ERR_INVALID if that is too early.
 */
enum err body_decoder_end(struct body_decoder *decoder, struct problem *problem) WARN_UNUSED;

#endif
