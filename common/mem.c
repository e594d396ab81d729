/* SPDX-License-Identifier: Apache-2.0 */
#include "common/mem.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Neither stdio nor the log: both may want memory. */
static _Noreturn void mem_exhausted(void)
{
    static const char line[] = "tocsin: out of memory\n";
    ssize_t written = write(STDERR_FILENO, line, sizeof(line) - 1);
    (void)written;
    abort();
}

void *mem_alloc(size_t size)
{
    void *ptr = malloc(size == 0 ? 1 : size);
    if (ptr == NULL) {
        mem_exhausted();
    }
    return ptr;
}

void *mem_zalloc(size_t count, size_t size)
{
    void *ptr = count == 0 || size == 0 ? calloc(1, 1) : calloc(count, size);
    if (ptr == NULL) {
        mem_exhausted();
    }
    return ptr;
}

void *mem_resize(void *old, size_t count, size_t size)
{
    /* Some C libraries free on a size of 0, which would leave the caller with nothing. */
    void *ptr = count == 0 || size == 0 ? realloc(old, 1) : reallocarray(old, count, size);
    if (ptr == NULL) {
        mem_exhausted();
    }
    return ptr;
}

void mem_free(void *ptr)
{
    free(ptr);
}

void *mem_copy(const void *bytes, size_t len)
{
    void *copy = mem_alloc(len);
    if (len > 0) {
        memcpy(copy, bytes, len);
    }
    return copy;
}

char *mem_copy_str(const char *str)
{
    return str == NULL ? NULL : mem_copy_strn(str, strlen(str));
}

char *mem_copy_strn(const char *str, size_t len)
{
    char *copy = mem_alloc(len + 1);
    if (len > 0) {
        memcpy(copy, str, len);
    }
    copy[len] = '\0';
    return copy;
}
