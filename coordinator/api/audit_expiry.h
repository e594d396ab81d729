/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_expiry: removes entries of the audit log that were kept long enough. Which they are is read
 * by a thread of libuv's, for a cold disk lets whoever reads wait; the loop's thread only puts so
 * many removals into the record of its turn, without reading. Loop's thread only.
 */
#ifndef TOCSIN_API_AUDIT_EXPIRY_H
#define TOCSIN_API_AUDIT_EXPIRY_H

#include <stdbool.h>
#include <stdint.h>

struct api;
struct audit_expiry;

/* Removed in one sweep: 88 million a day. */
#define AUDIT_EXPIRY_AT_ONCE 1024
/* Where the oldest entry is still kept, it is looked at again after so long. */
#define AUDIT_EXPIRY_REST_MS 60000

struct audit_expiry *audit_expiry_new(struct api *api);
/* NULL is fine; nothing is being read. */
void audit_expiry_free(struct audit_expiry *expiry);
/* Once a second, while the ledger takes something. */
void audit_expiry_sweep(struct audit_expiry *expiry);
/* Its thread is at work: the loop must run until it is not. */
bool audit_expiry_is_reading(const struct audit_expiry *expiry);

#endif
