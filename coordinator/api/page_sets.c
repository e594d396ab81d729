/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/page_sets.h"

#include "common/mem.h"
#include "coordinator/report/page_fold.h"

#define KEPT_MAX 8U
#define ALL      UINT16_MAX

struct page_set {
    uint64_t campaign; /* 0: the place is free */
    uint64_t ended_ms; /* of which end: after another round it has another one */
    uint32_t pages;
    uint64_t used;
    bool is_known;
    uint16_t *states;
};

struct page_sets {
    uint64_t uses;
    struct page_set kept[KEPT_MAX];
};

struct page_sets *page_sets_new(void)
{
    return mem_zalloc(1, sizeof(struct page_sets));
}

void page_sets_free(struct page_sets *sets)
{
    for (unsigned i = 0; sets != NULL && i < KEPT_MAX; i++) {
        mem_free(sets->kept[i].states);
    }
    mem_free(sets);
}

static struct page_set *find(struct page_sets *sets, uint64_t campaign)
{
    for (unsigned i = 0; i < KEPT_MAX; i++) {
        if (sets->kept[i].campaign == campaign) {
            return &sets->kept[i];
        }
    }
    return NULL;
}

static struct page_set *oldest(struct page_sets *sets)
{
    struct page_set *found = &sets->kept[0];
    for (unsigned i = 1; i < KEPT_MAX; i++) {
        found = sets->kept[i].used < found->used ? &sets->kept[i] : found;
    }
    return found;
}

/* Nothing is known of its pages yet, and of those that are awake nothing ever. */
static void begin(struct page_set *set, struct engine *engine, const struct campaign_view *view)
{
    mem_free(set->states);
    *set = (struct page_set){
        .campaign = view->def->id,
        .ended_ms = view->ended_ms,
        .pages = (view->def->slots + PAGE_RECIPIENTS - 1) / PAGE_RECIPIENTS,
    };
    set->states = mem_zalloc(set->pages + 1U, sizeof(*set->states));
    for (uint32_t page = 0; page < set->pages; page++) {
        set->states[page] = engine_page_is_awake(engine, set->campaign, page) ? ALL : 0;
    }
}

uint16_t *page_sets_take(struct page_sets *sets, struct engine *engine,
                         const struct campaign_view *view, bool *is_known)
{
    struct page_set *set = find(sets, view->def->id);
    if (set == NULL || set->ended_ms != view->ended_ms) {
        set = set == NULL ? oldest(sets) : set;
        begin(set, engine, view);
    }
    set->used = ++sets->uses;
    *is_known = set->is_known;
    return mem_copy(set->states, (set->pages + 1U) * sizeof(*set->states));
}

enum err page_set_build(struct ledger *ledger, const struct campaign_def *def,
                        enum delivery_event over, uint16_t *states)
{
    struct recipient_state folded[PAGE_RECIPIENTS];
    enum err err = ERR_OK;
    for (uint32_t page = 0; err == ERR_OK && (uint64_t)page * PAGE_RECIPIENTS < def->slots;
         page++) {
        unsigned count = 0;
        err = page_fold(ledger, def, over, page, folded, &count, NULL);
        for (unsigned i = 0; err == ERR_OK && i < count; i++) {
            states[page] |= (uint16_t)(1U << folded[i].state);
        }
    }
    return err;
}

void page_sets_keep(struct page_sets *sets, uint64_t campaign, const uint16_t *states)
{
    struct page_set *set = find(sets, campaign);
    if (set == NULL || set->is_known) {
        return; /* another one took its place, or was faster */
    }
    for (uint32_t page = 0; page < set->pages; page++) {
        set->states[page] |= states[page];
    }
    set->is_known = true;
}

void page_sets_touch(struct page_sets *sets, uint64_t campaign, uint32_t page)
{
    struct page_set *set = find(sets, campaign);
    if (set != NULL && page < set->pages) {
        set->states[page] = ALL;
    }
}
