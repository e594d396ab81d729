/* SPDX-License-Identifier: Apache-2.0 */
#include "common/secret.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"

#define SECRET_ENV  "env:"
#define SECRET_FILE "file:"

/* What stands behind the prefix, or NULL. */
static const char *secret_after(const char *reference, const char *prefix)
{
    size_t len = strlen(prefix);
    return strncmp(reference, prefix, len) == 0 && reference[len] != '\0' ? reference + len : NULL;
}

static enum err secret_from_env(const char *name, struct buf *secret, struct problem *problem)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody calls setenv once threads run */
    const char *value = getenv(name);
    if (value == NULL || *value == '\0') {
        return problem_set(problem, ERR_NOT_FOUND,
                           "the environment has no variable %s (from env:%s)", name, name);
    }
    buf_str(secret, value);
    return ERR_OK;
}

static enum err secret_from_file(const char *path, struct buf *secret, struct problem *problem)
{
    size_t before = secret->len;
    enum err err = file_read(secret, path, SECRET_MAX_BYTES, problem);
    if (err != ERR_OK) {
        return err;
    }
    if (secret->len > before && secret->data[secret->len - 1] == '\n') {
        secret->len--;
    }
    if (secret->len > before && secret->data[secret->len - 1] == '\r') {
        secret->len--;
    }
    if (secret->len == before) {
        return problem_set(problem, ERR_NOT_FOUND, "%s is empty, a secret was expected", path);
    }
    return ERR_OK;
}

enum err secret_resolve(const char *reference, struct buf *secret, struct problem *problem)
{
    const char *name = secret_after(reference, SECRET_ENV);
    if (name != NULL) {
        return secret_from_env(name, secret, problem);
    }
    const char *path = secret_after(reference, SECRET_FILE);
    if (path != NULL) {
        return secret_from_file(path, secret, problem);
    }
    /* What stands there may be the secret itself: it must not get into a log. */
    return problem_set(problem, ERR_INVALID,
                       "a secret is given by reference: env:NAME or file:/path");
}

bool secret_is_reference(const char *text)
{
    return secret_after(text, SECRET_ENV) != NULL || secret_after(text, SECRET_FILE) != NULL;
}

void secret_release(struct buf *secret)
{
    if (secret->data != NULL) {
        sodium_memzero(secret->data, secret->cap);
    }
    buf_release(secret);
}
