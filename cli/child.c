/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define READ_BYTES 4096

/* Reads once; false at the end. */
static bool drain(int fd, struct buf *buf)
{
    char bytes[READ_BYTES];
    ssize_t got = read(fd, bytes, sizeof(bytes));
    if (got < 0) {
        return errno == EINTR;
    }
    if (buf->len + (size_t)got <= CHILD_TEXT_MAX) {
        buf_append(buf, bytes, (size_t)got);
    }
    return got > 0;
}

/* Both ends in turn, so that neither pipe can fill up and stop the child. */
static void drain_both(int out, int err, struct child *child)
{
    struct pollfd wait[2] = {{.fd = out, .events = POLLIN}, {.fd = err, .events = POLLIN}};
    while (wait[0].fd >= 0 || wait[1].fd >= 0) {
        if (poll(wait, 2, -1) < 0 && errno != EINTR) {
            return;
        }
        for (int i = 0; i < 2; i++) {
            if (wait[i].fd >= 0 && wait[i].revents != 0 &&
                !drain(wait[i].fd, i == 0 ? &child->out : &child->err)) {
                wait[i].fd = -1;
            }
        }
    }
}

/* A file in memory, so that a child that reads late or never stops nobody. -1: none can be made. */
static int input_file(struct slice input)
{
    int fd = memfd_create("input", MFD_CLOEXEC);
    while (fd >= 0 && input.len > 0) {
        ssize_t put = write(fd, input.data, input.len);
        if (put < 0 && errno != EINTR) {
            (void)close(fd);
            return -1;
        }
        size_t done = put < 0 ? 0 : (size_t)put;
        input = slice_of(input.data + done, input.len - done);
    }
    if (fd >= 0) {
        (void)lseek(fd, 0, SEEK_SET);
    }
    return fd;
}

static int spawn(pid_t *pid, char *const *argv, int in, const int out[2], const int err[2])
{
    posix_spawn_file_actions_t actions;
    int code = posix_spawn_file_actions_init(&actions);
    if (code == 0) {
        code = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    }
    if (code == 0) {
        code = posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    }
    if (code == 0) {
        code = posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
    }
    if (code == 0) {
        code = posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return code;
}

static int wait_for(pid_t pid)
{
    int status;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return 127;
        }
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void close_all(const int fds[], unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (fds[i] >= 0) {
            (void)close(fds[i]);
        }
    }
}

enum err child_run(struct child *child, char *const *argv, struct slice input,
                   struct problem *problem)
{
    int out[2] = {-1, -1};
    int err[2] = {-1, -1};
    pid_t pid;
    *child = (struct child){0};
    int in = input_file(input);
    if (in < 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) {
        enum err code = err_from_errno(errno);
        close_all(&in, 1);
        close_all(out, 2);
        return problem_set(problem, code, "no pipe can be made");
    }
    int code = spawn(&pid, argv, in, out, err);
    close_all((const int[]){in, out[1], err[1]}, 3);
    if (code == 0) {
        drain_both(out[0], err[0], child);
        child->status = wait_for(pid);
    }
    close_all((const int[]){out[0], err[0]}, 2);
    if (code != 0) {
        return problem_set(problem, err_from_errno(code), "%s cannot be run: %s", argv[0],
                           err_sentence(err_from_errno(code)));
    }
    return ERR_OK;
}

void child_release(struct child *child)
{
    buf_release(&child->out);
    buf_release(&child->err);
}
