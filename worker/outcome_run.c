/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A channel that answers at once gives its results in the order of places, so that a whole page
 * grows into one run by the comparison with the last one alone. Other channels answer in any
 * order; their runs are sorted once, when they are about to leave.
 */
#include "worker/outcome_run.h"

#include <stdlib.h>

#include "common/mem.h"

#define OUTCOME_LIST_FIRST 4
#define OUTCOME_REFS_CHUNK 1024

void outcome_list_release(struct outcome_list *list)
{
    if (list->has_refs) {
        arena_release(&list->refs);
    }
    mem_free(list->runs);
    *list = (struct outcome_list){0};
}

void outcome_list_clear(struct outcome_list *list)
{
    if (list->has_refs) {
        arena_reset(&list->refs);
    }
    list->count = 0;
    list->recipients = 0;
    list->is_unordered = false;
}

/* Met two neighbours the same fate, so that one run can tell of both? */
static bool is_same_fate(const struct outcome_run *left, const struct outcome_run *right)
{
    uint64_t apart_ms =
        right->at_ms > left->at_ms ? right->at_ms - left->at_ms : left->at_ms - right->at_ms;
    return left->outcome == right->outcome && left->reason == right->reason &&
           left->retry_after_ms == right->retry_after_ms && apart_ms <= OUTCOME_JOIN_MS &&
           left->ref.len == 0 && right->ref.len == 0;
}

/* Makes the run's ref the list's own. */
static void keep_ref(struct outcome_list *list, struct outcome_run *run)
{
    if (!list->has_refs) {
        arena_init(&list->refs, OUTCOME_REFS_CHUNK);
        list->has_refs = true;
    }
    run->ref.len = run->ref.len < OUTCOME_REF_MAX ? run->ref.len : OUTCOME_REF_MAX;
    run->ref.data = arena_copy(&list->refs, run->ref.data, run->ref.len);
}

void outcome_list_add(struct outcome_list *list, const struct outcome_run *run)
{
    list->recipients += run->span;
    if (list->count > 0) {
        struct outcome_run *last = &list->runs[list->count - 1];
        unsigned end = (unsigned)last->offset + last->span;
        if (end == run->offset && is_same_fate(last, run)) {
            last->span = (uint16_t)(last->span + run->span);
            return;
        }
        list->is_unordered |= run->offset < end;
    }
    if (list->count == list->cap) {
        list->cap = list->cap == 0 ? OUTCOME_LIST_FIRST : list->cap * 2;
        list->runs = mem_resize(list->runs, list->cap, sizeof(*list->runs));
    }
    struct outcome_run *added = &list->runs[list->count++];
    *added = *run;
    if (run->ref.len > 0) {
        keep_ref(list, added);
    }
}

void outcome_list_add_places(struct outcome_list *list, const struct bitmap *places,
                             const struct outcome_run *fate)
{
    struct outcome_run run = *fate;
    unsigned place = bitmap_next(places, 0);
    while (place < BITMAP_BITS) {
        unsigned end = place + 1;
        while (end < BITMAP_BITS && bitmap_has(places, end)) {
            end++;
        }
        run.offset = (uint16_t)place;
        run.span = (uint16_t)(end - place);
        outcome_list_add(list, &run);
        place = bitmap_next(places, end);
    }
}

static int compare_offsets(const void *a, const void *b)
{
    const struct outcome_run *left = a;
    const struct outcome_run *right = b;
    return (int)left->offset - (int)right->offset;
}

void outcome_list_settle(struct outcome_list *list)
{
    if (!list->is_unordered) {
        return;
    }
    qsort(list->runs, list->count, sizeof(*list->runs), compare_offsets);
    unsigned kept = 0;
    for (unsigned i = 1; i < list->count; i++) {
        struct outcome_run *last = &list->runs[kept];
        const struct outcome_run *next = &list->runs[i];
        if (last->offset + last->span == next->offset && is_same_fate(last, next)) {
            last->span = (uint16_t)(last->span + next->span);
        } else {
            list->runs[++kept] = *next;
        }
    }
    list->count = kept + 1;
    list->is_unordered = false;
}
