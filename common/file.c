/* SPDX-License-Identifier: Apache-2.0 */
#include "common/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FILE_STEP_BYTES 4096

static enum err file_problem(struct problem *problem, const char *path, int errno_value)
{
    enum err err = err_from_errno(errno_value);
    return problem_set(problem, err, "%s cannot be read: %s", path, err_sentence(err));
}

enum err file_read(struct buf *buf, const char *path, size_t max_bytes, struct problem *problem)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return file_problem(problem, path, errno);
    }
    enum err err = ERR_OK;
    size_t before = buf->len;
    size_t got = 0;
    do {
        uint8_t *at = buf_reserve(buf, FILE_STEP_BYTES);
        errno = 0;
        got = fread(at, 1, FILE_STEP_BYTES, file);
        buf->len += got;
    } while (got == FILE_STEP_BYTES && buf->len - before <= max_bytes);
    if (ferror(file)) {
        err = file_problem(problem, path, errno);
    } else if (buf->len - before > max_bytes) {
        err = problem_set(problem, ERR_LIMIT, "%s is larger than %zu bytes", path, max_bytes);
    }
    if (err != ERR_OK) {
        buf->len = before;
    }
    (void)fclose(file);
    return err;
}
