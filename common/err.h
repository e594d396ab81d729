/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err: the ways the world can fail, as one enumeration.
 *
 * Three things are never mixed: a bug (assert), the world failing (enum err, this file) and a
 * delivery failing (a value, struct outcome_run of proto/outcome.h). A text for people travels
 * beside the number in a struct problem.
 */
#ifndef TOCSIN_COMMON_ERR_H
#define TOCSIN_COMMON_ERR_H

#include <stddef.h>

/* What the caller should do: try the same again, tell whoever asked, or stop. */
enum err_class { ERR_CLASS_NONE, ERR_CLASS_RETRY, ERR_CLASS_REJECT, ERR_CLASS_FATAL };

/* X(name, class, sentence) */
#define ERR_MAP(X)                                                                                 \
    X(OK, NONE, "success")                                                                         \
    X(INVALID, REJECT, "the input is not valid")                                                   \
    X(NOT_FOUND, REJECT, "there is no such thing")                                                 \
    X(EXISTS, REJECT, "it exists already")                                                         \
    X(CONFLICT, REJECT, "the present state does not allow it")                                     \
    X(LIMIT, REJECT, "a limit is exceeded")                                                        \
    X(UNAUTHORIZED, REJECT, "the credentials are missing or wrong")                                \
    X(UNSUPPORTED, REJECT, "it is not supported")                                                  \
    X(CLOSED, REJECT, "it is closed or broke off")                                                 \
    X(BUSY, RETRY, "it is busy")                                                                   \
    X(TIMEOUT, RETRY, "it took too long")                                                          \
    X(NO_SPACE, RETRY, "there is no room left on the disk")                                        \
    X(IO, RETRY, "input or output failed")                                                         \
    X(LOCKED, FATAL, "another process holds it")                                                   \
    X(NEWER_VERSION, FATAL, "it was written by a newer version")                                   \
    X(CORRUPT, FATAL, "stored data is damaged")

enum err {
#define ERR_MEMBER(name, class, sentence) ERR_##name,
    ERR_MAP(ERR_MEMBER)
#undef ERR_MEMBER
};

#define WARN_UNUSED            __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

/* "OK", "NO_SPACE", ... */
const char *err_name(enum err err);
/* A short sentence without a full stop. */
const char *err_sentence(enum err err);
enum err_class err_class(enum err err);
/* The nearest enum err of an errno value (ENOSPC -> ERR_NO_SPACE, ...; ERR_IO when nothing
 * fits). */
enum err err_from_errno(int errno_value);

/* An error with its text for people: what was wrong, where, and what would be right. */
struct problem {
    enum err err;
    char text[400]; /* empty, or one or two sentences; cut off at the end if longer */
};

/* Fills *problem (which may be NULL) and returns err, so that a caller can write
 * `return problem_set(...)`. */
enum err problem_set(struct problem *problem, enum err err, const char *format, ...)
    PRINTF_LIKE(3, 4);

#endif
