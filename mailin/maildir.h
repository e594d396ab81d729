/* SPDX-License-Identifier: Apache-2.0 */
/*
 * maildir: watches a Maildir (new/, cur/) on a libuv loop. A mail that was taken moves from new/ to
 * cur/ with the flag S (seen); what could not be told stays and is tried again. Some mails are
 * taken, then the loop has its turn. While the coordinator is away the rest waits for the next
 * look. Several processes may watch one Maildir: what another took first is passed over, and told
 * twice it counts once.
 */
#ifndef TOCSIN_MAILIN_MAILDIR_H
#define TOCSIN_MAILIN_MAILDIR_H

#include <stdint.h>
#include <uv.h>

#include "common/err.h"
#include "mailin/mail_intake.h"

struct maildir;

/* Looks at once, then whenever new/ changes, and every every_ms. `intake` must outlive it.
 * ERR_NOT_FOUND: there is no new/ or cur/ in `path`. */
enum err maildir_open(struct maildir **out, uv_loop_t *loop, const char *path, uint64_t every_ms,
                      const struct mail_intake *intake, struct problem *problem) WARN_UNUSED;
void maildir_close(struct maildir *maildir);

#endif
