/* SPDX-License-Identifier: Apache-2.0 */
#include "common/err.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

struct err_row {
    const char *name;
    const char *sentence;
    enum err_class class;
};

static const struct err_row err_rows[] = {
#define ERR_ROW(name, class, sentence) {#name, sentence, ERR_CLASS_##class},
    ERR_MAP(ERR_ROW)
#undef ERR_ROW
};

static const struct err_row *err_row(enum err err)
{
    assert((size_t)err < sizeof(err_rows) / sizeof(err_rows[0]));
    return &err_rows[err];
}

const char *err_name(enum err err)
{
    return err_row(err)->name;
}

const char *err_sentence(enum err err)
{
    return err_row(err)->sentence;
}

enum err_class err_class(enum err err)
{
    return err_row(err)->class;
}

enum err err_from_errno(int errno_value)
{
    static const struct {
        int errno_value;
        enum err err;
    } map[] = {
        {0, ERR_OK},
        {ENOSPC, ERR_NO_SPACE},
        {EDQUOT, ERR_NO_SPACE},
        {ENOENT, ERR_NOT_FOUND},
        {ENOTDIR, ERR_NOT_FOUND},
        {EEXIST, ERR_EXISTS},
        {EINVAL, ERR_INVALID},
        {ENAMETOOLONG, ERR_INVALID},
        {EACCES, ERR_UNAUTHORIZED},
        {EPERM, ERR_UNAUTHORIZED},
        {EFBIG, ERR_LIMIT},
        {EMSGSIZE, ERR_LIMIT},
        {EMFILE, ERR_LIMIT},
        {ENFILE, ERR_LIMIT},
        {EAGAIN, ERR_BUSY},
        {EINTR, ERR_BUSY},
        {EBUSY, ERR_BUSY},
        {EADDRINUSE, ERR_BUSY},
        {ETIMEDOUT, ERR_TIMEOUT},
        {EPIPE, ERR_CLOSED},
        {ECONNRESET, ERR_CLOSED},
        {ECONNREFUSED, ERR_CLOSED},
        {ECONNABORTED, ERR_CLOSED},
        {ENOTCONN, ERR_CLOSED},
        {ENOSYS, ERR_UNSUPPORTED},
        {EOPNOTSUPP, ERR_UNSUPPORTED},
        {EAFNOSUPPORT, ERR_UNSUPPORTED},
    };
    for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
        if (map[i].errno_value == errno_value) {
            return map[i].err;
        }
    }
    return ERR_IO;
}

enum err problem_set(struct problem *problem, enum err err, const char *format, ...)
{
    if (problem != NULL) {
        va_list args;
        va_start(args, format);
        problem->err = err;
        vsnprintf(problem->text, sizeof(problem->text), format, args);
        va_end(args);
    }
    return err;
}
