/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/auth.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/file.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"

#define TOKEN_BYTES    32
#define FILE_MAX_BYTES 1024

struct auth {
    char token[AUTH_TOKEN_CHARS + 1];
};

static enum err cannot(const char *verb, const char *path, struct problem *problem)
{
    enum err err = err_from_errno(errno);
    return problem_set(problem, err, "%s cannot be %s: %s", path, verb, err_sentence(err));
}

/* All of it or nothing stands at `path` afterwards. */
static enum err write_token(const char *path, const char *token, struct problem *problem)
{
    struct buf part = {0};
    buf_printf(&part, "%s.part", path);
    const char *name = buf_cstr(&part);
    enum err err = ERR_OK;
    (void)unlink(name);
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        err = cannot("written", path, problem);
    } else {
        bool is_written = dprintf(fd, "%s\n", token) == AUTH_TOKEN_CHARS + 1 && fsync(fd) == 0;
        if (close(fd) != 0 || !is_written || rename(name, path) != 0) {
            err = cannot("written", path, problem);
            (void)unlink(name);
        }
    }
    buf_release(&part);
    return err;
}

static enum err make_token(struct auth *auth, const char *path, struct problem *problem)
{
    uint8_t bytes[TOKEN_BYTES];
    struct buf text = {0};
    randombytes_buf(bytes, sizeof(bytes));
    text_base64url(&text, slice_of(bytes, sizeof(bytes)));
    memcpy(auth->token, buf_cstr(&text), AUTH_TOKEN_CHARS + 1);
    sodium_memzero(bytes, sizeof(bytes));
    sodium_memzero(text.data, text.len);
    buf_release(&text);
    enum err err = write_token(path, auth->token, problem);
    if (err == ERR_OK) {
        LOG_I("auth", "token_made", "file=\"%s\"", path);
    }
    return err;
}

static void warn_of_readers(const char *path)
{
    struct stat stat_of;
    if (stat(path, &stat_of) == 0 && (stat_of.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        LOG_W("auth", "token_exposed", "file=\"%s\" mode=%03o remedy=\"chmod 600\"", path,
              (unsigned)stat_of.st_mode & 0777);
    }
}

static enum err take_token(struct auth *auth, const struct buf *text, const char *path,
                           struct problem *problem)
{
    size_t len = text->len;
    while (len > 0 && (text->data[len - 1] == '\n' || text->data[len - 1] == '\r')) {
        len--;
    }
    uint8_t bytes[TOKEN_BYTES];
    size_t bytes_len;
    if (len != AUTH_TOKEN_CHARS ||
        !text_base64url_decode(slice_of(text->data, len), bytes, sizeof(bytes), &bytes_len)) {
        return problem_set(problem, ERR_INVALID,
                           "%s holds no token (%d characters of base64url): remove it, and a new "
                           "one is made",
                           path, AUTH_TOKEN_CHARS);
    }
    memcpy(auth->token, text->data, len);
    warn_of_readers(path);
    return ERR_OK;
}

enum err auth_open(struct auth **out, const char *data_dir, struct problem *problem)
{
    struct auth *auth = mem_zalloc(1, sizeof(*auth));
    struct buf path = {0};
    struct buf text = {0};
    buf_printf(&path, "%s/%s", data_dir, AUTH_FILE);
    enum err err = file_read(&text, buf_cstr(&path), FILE_MAX_BYTES, problem);
    if (err == ERR_NOT_FOUND) {
        err = make_token(auth, buf_cstr(&path), problem);
    } else if (err == ERR_OK) {
        err = take_token(auth, &text, buf_cstr(&path), problem);
    }
    if (err != ERR_OK) {
        auth_close(auth);
        auth = NULL;
    }
    if (text.len > 0) {
        sodium_memzero(text.data, text.len);
    }
    buf_release(&text);
    buf_release(&path);
    *out = auth;
    return err;
}

void auth_close(struct auth *auth)
{
    if (auth != NULL) {
        sodium_memzero(auth, sizeof(*auth));
        mem_free(auth);
    }
}

bool auth_identify(const struct auth *auth, struct slice token, struct principal *principal)
{
    if (token.len != AUTH_TOKEN_CHARS ||
        sodium_memcmp(token.data, auth->token, AUTH_TOKEN_CHARS) != 0) {
        return false;
    }
    *principal = (struct principal){.kind = PRINCIPAL_ADMIN, .role = ROLE_ADMIN, .name = "admin"};
    return true;
}

bool auth_equal(const struct auth *a, const struct auth *b)
{
    return sodium_memcmp(a->token, b->token, AUTH_TOKEN_CHARS) == 0;
}
