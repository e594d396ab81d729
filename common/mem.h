/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mem: the heap. Running out of memory ends the process here and nowhere else (with a line on
 * standard error); the ledger makes the restart safe. Sizes that come from a peer are compared with
 * a limit before they get here.
 */
#ifndef TOCSIN_COMMON_MEM_H
#define TOCSIN_COMMON_MEM_H

#include <stddef.h>

/* Never NULL, also for size 0; not zeroed. */
void *mem_alloc(size_t size);
/* count * size bytes of zero; the product is checked for overflow. */
void *mem_zalloc(size_t count, size_t size);
/* Like reallocarray: old contents kept, the rest not zeroed; old may be NULL. */
void *mem_resize(void *old, size_t count, size_t size);
void mem_free(void *ptr);
/* Copies that the caller frees with mem_free; mem_copy_str(NULL) is NULL. */
void *mem_copy(const void *bytes, size_t len);
char *mem_copy_str(const char *str);
char *mem_copy_strn(const char *str, size_t len);

#endif
