/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export_lines: the answer of an export, as it comes in pieces: cut into whole lines, counted, and
 * stripped of the last line, which says that all is there. Remembers where to go on when the answer
 * is cut off. Nothing here asks or writes anything by itself.
 */
#ifndef TOCSIN_CLI_EXPORT_LINES_H
#define TOCSIN_CLI_EXPORT_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"

#define EXPORT_LINE_MAX ((size_t)16 * 1024 * 1024) /* bytes of a line, or of a frame's lines */

/* Zeroed memory but for the two that say what comes. */
struct export_lines {
    bool is_csv;
    bool is_zstd;       /* frames of whole lines; they are passed on as they came */
    struct buf pending; /* the beginning of a line, or of a frame */
    struct buf plain;   /* the lines of a frame */
    bool has_head;      /* the first line of CSV was passed on */
    bool has_last;
    uint64_t last;     /* the ordinal of the last line passed on */
    uint64_t rows;     /* lines passed on, of all answers */
    uint64_t answered; /* of this one */
    bool has_begun;    /* this answer: a line of it has come */
    bool is_whole;     /* the last line has come, */
    uint64_t said;     /* and says how many lines the answer has */
};

void export_lines_release(struct export_lines *lines);
/* Another answer begins, which goes on where the last one was cut off. */
void export_lines_begin(struct export_lines *lines);
/* Whole lines or frames, to be kept; false: they cannot be. */
typedef bool (*export_lines_fn)(void *arg, struct slice bytes);
/* ERR_INVALID: it is no export, or goes on behind its end. ERR_IO: `keep` said so. */
enum err export_lines_take(struct export_lines *lines, struct slice bytes, export_lines_fn keep,
                           void *arg, struct problem *problem) WARN_UNUSED;

#endif
