/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/engine/page_timers.h"

#include "common/mem.h"

void page_timers_init(struct page_timers *timers, uint32_t pages)
{
    timers->pages = pages;
    timers->count = 0;
    timers->heap = mem_zalloc(pages, sizeof(uint32_t));
    timers->place = mem_zalloc(pages, sizeof(uint32_t));
    timers->due_cs = mem_zalloc(pages, sizeof(uint32_t));
}

void page_timers_release(struct page_timers *timers)
{
    mem_free(timers->heap);
    mem_free(timers->place);
    mem_free(timers->due_cs);
    *timers = (struct page_timers){0};
}

static void put(struct page_timers *timers, uint32_t at, uint32_t page)
{
    timers->heap[at] = page;
    timers->place[page] = at + 1;
}

static void sift_up(struct page_timers *timers, uint32_t at)
{
    uint32_t page = timers->heap[at];
    while (at > 0) {
        uint32_t parent = (at - 1) / 2;
        if (timers->due_cs[timers->heap[parent]] <= timers->due_cs[page]) {
            break;
        }
        put(timers, at, timers->heap[parent]);
        at = parent;
    }
    put(timers, at, page);
}

static void sift_down(struct page_timers *timers, uint32_t at)
{
    uint32_t page = timers->heap[at];
    for (;;) {
        uint32_t child = at * 2 + 1;
        if (child >= timers->count) {
            break;
        }
        if (child + 1 < timers->count &&
            timers->due_cs[timers->heap[child + 1]] < timers->due_cs[timers->heap[child]]) {
            child++;
        }
        if (timers->due_cs[page] <= timers->due_cs[timers->heap[child]]) {
            break;
        }
        put(timers, at, timers->heap[child]);
        at = child;
    }
    put(timers, at, page);
}

void page_timers_set(struct page_timers *timers, uint32_t page, uint32_t due_cs)
{
    timers->due_cs[page] = due_cs;
    if (timers->place[page] == 0) {
        put(timers, timers->count++, page);
    }
    sift_up(timers, timers->place[page] - 1);
    sift_down(timers, timers->place[page] - 1);
}

void page_timers_at_latest(struct page_timers *timers, uint32_t page, uint32_t due_cs)
{
    if (timers->place[page] == 0 || due_cs < timers->due_cs[page]) {
        page_timers_set(timers, page, due_cs);
    }
}

void page_timers_clear(struct page_timers *timers, uint32_t page)
{
    uint32_t place = timers->place[page];
    if (place == 0) {
        return;
    }
    timers->place[page] = 0;
    uint32_t last = timers->heap[--timers->count];
    if (last == page) {
        return;
    }
    put(timers, place - 1, last);
    sift_up(timers, place - 1);
    sift_down(timers, timers->place[last] - 1);
}

bool page_timers_first(const struct page_timers *timers, uint32_t *page, uint32_t *due_cs)
{
    if (timers->count == 0) {
        return false;
    }
    *page = timers->heap[0];
    *due_cs = timers->due_cs[*page];
    return true;
}
