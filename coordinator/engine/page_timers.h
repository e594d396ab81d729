/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page_timers: which page has something due, and which first: a binary heap of page numbers by due
 * time, each page in it at most once. Tens of millions of recipients wait in a heap of thousands.
 */
#ifndef TOCSIN_ENGINE_PAGE_TIMERS_H
#define TOCSIN_ENGINE_PAGE_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

struct page_timers {
    uint32_t *heap;   /* page numbers */
    uint32_t *place;  /* by page: where in the heap, plus one; 0: not in it */
    uint32_t *due_cs; /* by page */
    uint32_t count;
    uint32_t pages;
};

void page_timers_init(struct page_timers *timers, uint32_t pages);
void page_timers_release(struct page_timers *timers);
/* In the heap with this due time from now on, whatever it was. */
void page_timers_set(struct page_timers *timers, uint32_t page, uint32_t due_cs);
/* In the heap no later than due_cs. */
void page_timers_at_latest(struct page_timers *timers, uint32_t page, uint32_t due_cs);
void page_timers_clear(struct page_timers *timers, uint32_t page);
/* The first; false if there is none. */
bool page_timers_first(const struct page_timers *timers, uint32_t *page, uint32_t *due_cs);

#endif
