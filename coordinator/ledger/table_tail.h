/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table_tail: the end of a sorted file, looked at before RocksDB opens it. RocksDB reads one block
 * of a table, its properties, before it verifies the checksum, and there one flipped bit ends the
 * process by an assertion. Every other bit it refuses by itself; test_ledger_damage has flipped
 * them all.
 */
#ifndef TOCSIN_LEDGER_TABLE_TAIL_H
#define TOCSIN_LEDGER_TABLE_TAIL_H

#include "common/err.h"

/* ERR_CORRUPT with the file's name if a table in the directory of a store has that damage. */
enum err table_tail_check(const char *dir, struct problem *problem) WARN_UNUSED;

#endif
