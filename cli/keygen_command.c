/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/command_table.h"
#include "common/bus.h"

#define PUBLIC_MODE 0644
#define SECRET_MODE 0600

static enum err fail(struct problem *problem, const char *path, int errno_value)
{
    if (errno_value == EEXIST) {
        return problem_set(problem, ERR_EXISTS,
                           "%s is there already and is not overwritten; choose another PREFIX",
                           path);
    }
    enum err err = err_from_errno(errno_value);
    return problem_set(problem, err, "%s cannot be written: %s", path, err_sentence(err));
}

/* A new file of one line, on disk when this returns. Nothing is left of it on error. */
static enum err write_new(const char *path, const char *line, mode_t mode, struct problem *problem)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0) {
        return fail(problem, path, errno);
    }
    char text[BUS_KEY_CHARS + 1];
    memcpy(text, line, BUS_KEY_CHARS);
    text[BUS_KEY_CHARS] = '\n';
    ssize_t written = write(fd, text, sizeof(text));
    int errno_value = written < 0 ? errno : ENOSPC;
    bool is_done = written == (ssize_t)sizeof(text) && fsync(fd) == 0;
    sodium_memzero(text, sizeof(text));
    (void)close(fd);
    if (!is_done) {
        (void)unlink(path);
        return fail(problem, path, errno_value);
    }
    return ERR_OK;
}

static enum err write_pair(const char *public_path, const char *secret_path,
                           struct problem *problem)
{
    char public_key[BUS_KEY_CHARS + 1];
    char secret_key[BUS_KEY_CHARS + 1];
    bus_keypair(public_key, secret_key);
    enum err err = write_new(secret_path, secret_key, SECRET_MODE, problem);
    if (err == ERR_OK) {
        err = write_new(public_path, public_key, PUBLIC_MODE, problem);
        if (err != ERR_OK) {
            (void)unlink(secret_path);
        }
    }
    sodium_memzero(secret_key, sizeof(secret_key));
    return err;
}

static enum exit_code run_keygen(struct cli *cli, const struct arguments *arguments)
{
    struct buf public_path = {0};
    struct buf secret_path = {0};
    struct problem problem;
    buf_printf(&public_path, "%s.public", arguments->operands[0]);
    buf_printf(&secret_path, "%s.secret", arguments->operands[0]);
    enum err err = write_pair(buf_cstr(&public_path), buf_cstr(&secret_path), &problem);
    if (err == ERR_OK) {
        cli_say(cli, "%s  to give to the other side\n%s  to keep; only you can read it",
                buf_cstr(&public_path), buf_cstr(&secret_path));
    }
    buf_release(&public_path);
    buf_release(&secret_path);
    return err == ERR_OK ? EXIT_DONE : cli_fail_here(&problem);
}

const struct command keygen_commands[] = {
    {
        .name = NULL,
        .operands = "PREFIX",
        .operands_min = 1,
        .operands_max = 1,
        .summary = "make a CURVE key pair: PREFIX.public and PREFIX.secret",
        .details =
            "The link between coordinator and workers is encrypted and authenticated by such "
            "keys.\n"
            "Each side keeps its own secret; the coordinator lists the public keys of the workers\n"
            "it lets in, and a worker has the coordinator's. Files that exist are never "
            "overwritten.\n\n"
            "  tocsin keygen /etc/tocsin/worker-1\n",
        .is_offline = true,
        .run = run_keygen,
    },
    {.run = NULL},
};
