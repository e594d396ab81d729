/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker's settings: the text of the file, and behind each zero a variable of the environment.
 * What is taken must be within its bounds, what is refused must say why. No secret's file is
 * opened.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/buf.h"
#include "proto/wire.h"
#include "worker/worker_settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define VARIABLES_MAX 8

static void check(const struct worker_settings *settings)
{
    size_t len = strlen(settings->name);
    assert(len >= 1 && len + sizeof("/256") - 1 <= WIRE_NAME_MAX);
    assert(settings->threads >= 1 && settings->threads <= WORKER_SETTINGS_THREADS_MAX);
    assert((settings->secret_key == NULL) == (settings->coordinator_key == NULL));
}

static void load(const char *path, char *const *environment)
{
    const struct worker_arguments arguments = {.config = path};
    struct worker_settings *settings = NULL;
    struct problem problem = {0};
    enum err err = worker_settings_load(&settings, &arguments, environment, &problem);
    if (err == ERR_OK) {
        check(settings);
    } else {
        assert(settings == NULL && problem.text[0] != '\0');
    }
    worker_settings_free(settings);
}

/* What stands behind the zeros of the text, which ends with one. */
static void split(char *text, size_t len, char *environment[VARIABLES_MAX + 1])
{
    size_t count = 0;
    for (size_t at = strlen(text) + 1; at < len && count < VARIABLES_MAX;
         at += strlen(text + at) + 1) {
        environment[count++] = text + at;
    }
    environment[count] = NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (memmem(data, size, "file", 4) != NULL) {
        return 0;
    }
    log_init(LOG_ERROR, STDERR_FILENO); /* a line for each variable that it does not know */
    struct buf text = {0};
    buf_slice(&text, slice_of(data, size));
    char *environment[VARIABLES_MAX + 1];
    (void)buf_cstr(&text);
    split((char *)text.data, text.len, environment);
    int fd = memfd_create("settings", MFD_CLOEXEC);
    size_t len = strlen((const char *)text.data);
    ssize_t written = write(fd, text.data, len);
    assert(written == (ssize_t)len);
    char path[32];
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    load(path, environment);
    (void)close(fd);
    buf_release(&text);
    return 0;
}
