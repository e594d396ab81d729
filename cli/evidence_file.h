/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence_file: a bundle of evidence in a file, checked as it is read.
 */
#ifndef TOCSIN_CLI_EVIDENCE_FILE_H
#define TOCSIN_CLI_EVIDENCE_FILE_H

#include "common/err.h"
#include "common/slice.h"
#include "evidence/bundle.h"

/* Bytes that come in pieces, cut into the lines that a bundle has. */
struct evidence_lines {
    struct bundle_reader *reader;
    struct buf rest; /* the line that is not whole yet */
};

/* *bundle is zeroed. */
void evidence_lines_init(struct evidence_lines *lines, struct bundle *bundle);
void evidence_lines_release(struct evidence_lines *lines);
enum err evidence_lines_take(struct evidence_lines *lines, struct slice bytes,
                             struct problem *problem) WARN_UNUSED;
enum err evidence_lines_end(struct evidence_lines *lines, struct problem *problem) WARN_UNUSED;

/* All of a file; "-" is standard input. ERR_CORRUPT, ERR_NEWER_VERSION: the bundle; else the file.
 */
enum err evidence_file_check(const char *path, struct bundle *bundle,
                             struct problem *problem) WARN_UNUSED;

#endif
