/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_tail: the end of RocksDB's logs (write-ahead logs and the manifest), looked at before RocksDB
 * opens them.
 *
 * RocksDB takes a last entry that ends early for a torn one and drops it. It cannot tell two cases
 * apart that matter here: a damaged length at the end of a log looks torn and would silently cost
 * an entry that was synced; and an entry whose pages never reached the disk before the power went
 * reads as zeros, which looks damaged and would refuse to open.
 */
#ifndef TOCSIN_LEDGER_LOG_TAIL_H
#define TOCSIN_LEDGER_LOG_TAIL_H

#include <stdbool.h>

#include "common/err.h"

/* Refuses a last entry whose length was damaged: ERR_CORRUPT with which file and where; ERR_IO.
 * Only reads; the store may be in use. */
enum err log_tail_check(const char *dir, struct problem *problem) WARN_UNUSED;
/* Cuts off last entries that were never written in full, for a store that RocksDB refused as
 * damaged. True if there was one. The store must not be open in this process; if it is in another,
 * nothing is cut. */
bool log_tail_cut(const char *dir);

#endif
