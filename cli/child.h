/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child: another program run to its end, with what it printed.
 */
#ifndef TOCSIN_CLI_CHILD_H
#define TOCSIN_CLI_CHILD_H

#include "common/buf.h"
#include "common/err.h"
#include "common/slice.h"

#define CHILD_TEXT_MAX ((size_t)1024 * 1024) /* of each; more is thrown away */

struct child {
    int status; /* exit status; 128 + signal if it was killed */
    struct buf out;
    struct buf err;
};

/* argv[0] is a path, or a name for PATH; `input` is its standard input. ERR_NOT_FOUND: there is no
 * such program. The child is released by the caller in any case. */
enum err child_run(struct child *child, char *const *argv, struct slice input,
                   struct problem *problem) WARN_UNUSED;
void child_release(struct child *child);

#endif
