/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log: one line an event:
 *     2026-11-23T10:00:00.123Z info ledger opened dir=/var/lib/tocsin pages=977
 *
 * Event words are fixed, ids always stand under the same key, and no recipient's data is ever
 * logged. Any thread may log; a line is written by one write(2). The sink and the level are the
 * only mutable file-scope state of the program.
 */
#ifndef TOCSIN_COMMON_LOG_H
#define TOCSIN_COMMON_LOG_H

#include <stdbool.h>

#include "common/err.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Lines above `level` are dropped; fd is where lines go (2 until told otherwise). */
void log_init(enum log_level level, int fd);
/* "error", "warn", "info", "debug" -> *level; false for anything else. */
bool log_level_parse(const char *name, enum log_level *level);
/* fields: printf format of `key=value` pairs, values with spaces quoted by the caller's format
 * ("%s" in escaped double quotes); line breaks and control characters in them are written as `?`.
 * May be "". */
void log_event(enum log_level level, const char *module, const char *event, const char *fields, ...)
    PRINTF_LIKE(4, 5);

#define LOG_E(module, event, ...) log_event(LOG_ERROR, module, event, __VA_ARGS__)
#define LOG_W(module, event, ...) log_event(LOG_WARN, module, event, __VA_ARGS__)
#define LOG_I(module, event, ...) log_event(LOG_INFO, module, event, __VA_ARGS__)
#define LOG_D(module, event, ...) log_event(LOG_DEBUG, module, event, __VA_ARGS__)

#endif
