/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feeds inputs to a fuzzer without libFuzzer, so that every build of the suite replays the corpus.
 * The arguments are files and directories (of files, one level).
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/buf.h"
#include "common/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fail(const char *path)
{
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    exit(EXIT_FAILURE);
}

static void replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail(path);
    }
    struct buf input = {0};
    size_t got;
    do {
        got = fread(buf_reserve(&input, 4096), 1, 4096, file);
        input.len += got;
    } while (got > 0);
    if (ferror(file)) {
        fail(path);
    }
    (void)fclose(file);
    /* A copy of the exact size, so that AddressSanitizer sees a read past the end. */
    uint8_t *exact = mem_copy(input.data, input.len);
    LLVMFuzzerTestOneInput(exact, input.len);
    mem_free(exact);
    buf_release(&input);
}

static unsigned replay_directory(const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort);
    if (count < 0) {
        fail(path);
    }
    unsigned replayed = 0;
    for (int i = 0; i < count; i++) {
        if (entries[i]->d_name[0] != '.') {
            struct buf name = {0};
            buf_printf(&name, "%s/%s", path, entries[i]->d_name);
            replay_file(buf_cstr(&name));
            buf_release(&name);
            replayed++;
        }
        free(entries[i]);
    }
    free(entries);
    return replayed;
}

int main(int argc, char **argv)
{
    unsigned replayed = 0;
    for (int i = 1; i < argc; i++) {
        struct stat stat_of;
        if (stat(argv[i], &stat_of) != 0) {
            fail(argv[i]);
        }
        if (S_ISDIR(stat_of.st_mode)) {
            replayed += replay_directory(argv[i]);
        } else {
            replay_file(argv[i]);
            replayed++;
        }
    }
    printf("%u inputs replayed\n", replayed);
    return replayed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
