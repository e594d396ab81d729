/* SPDX-License-Identifier: Apache-2.0 */
#include "stores.h"

#include <assert.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/mem.h"

enum store_kind stores_kinds[2] = {STORE_IN_MEMORY, STORE_IN_ROCKS};

void scratch_dir_make(char path[STORES_PATH_MAX])
{
    const char *tmp = getenv("TMPDIR");
    snprintf(path, STORES_PATH_MAX, "%s/tocsin-test-XXXXXX", tmp == NULL ? "/tmp" : tmp);
    if (mkdtemp(path) == NULL) {
        perror(path);
        abort();
    }
}

pid_t stores_spawn(const char *role, const char *dir, int pipe_fd)
{
    char fd[16];
    snprintf(fd, sizeof(fd), "%d", pipe_fd);
    pid_t pid = fork();
    if (pid == 0) {
        execl("/proc/self/exe", "test", role, dir, fd, (char *)NULL);
        _exit(127);
    }
    if (pid < 0) {
        abort();
    }
    return pid;
}

static int scratch_remove(const char *path, const struct stat *status, int kind, struct FTW *ftw)
{
    (void)status;
    (void)kind;
    (void)ftw;
    return remove(path);
}

void scratch_dir_remove(const char *path)
{
    nftw(path, scratch_remove, 16, FTW_DEPTH | FTW_PHYS);
}

void scratch_dir_copy(const char *from, const char *to)
{
    pid_t pid = fork();
    if (pid == 0) {
        execlp("cp", "cp", "-r", from, to, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    if (waitpid(pid, &status, 0) != pid || status != 0) {
        abort();
    }
}

void stores_init(struct stores *stores, enum store_kind kind)
{
    *stores = (struct stores){.kind = kind};
    if (kind == STORE_IN_ROCKS) {
        scratch_dir_make(stores->dir);
    } else {
        stores->mem = store_mem_new();
    }
}

void stores_release(struct stores *stores)
{
    if (stores->kind == STORE_IN_ROCKS) {
        scratch_dir_remove(stores->dir);
    } else {
        stores->mem->ops->close(stores->mem);
    }
}

enum err stores_try_open(struct stores *stores, struct store **store, struct problem *problem)
{
    if (stores->kind == STORE_IN_MEMORY) {
        *store = store_mem_ref(stores->mem);
        return ERR_OK;
    }
    struct store_rocks_settings settings = {
        .dir = stores->dir,
        .create = true,
        .memtable_bytes = 128 << 10, /* so that flushes and compactions run too */
    };
    return store_rocks_open(store, &settings, problem);
}

struct store *stores_open(struct stores *stores)
{
    struct store *store = NULL;
    struct problem problem = {0};
    if (stores_try_open(stores, &store, &problem) != ERR_OK) {
        fprintf(stderr, "cannot open the store: %s\n", problem.text);
        abort();
    }
    return store;
}

int stores_setup(void **state)
{
    const enum store_kind *kind = *state;
    struct stores *stores = mem_zalloc(1, sizeof(*stores));
    stores_init(stores, *kind);
    *state = stores;
    return 0;
}

int stores_teardown(void **state)
{
    stores_release(*state);
    mem_free(*state);
    return 0;
}
