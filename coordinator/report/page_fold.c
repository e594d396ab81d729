/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/page_fold.h"

#include "coordinator/engine/fold.h"

struct folding {
    struct fold fold;
    struct recipient_state *states;
    unsigned count;
    uint32_t page;
    struct page_rest rest;
    uint64_t covered; /* the record that the snapshot reaches to */
    enum err err;
};

static bool take_block(void *arg, uint32_t page, uint64_t recno, struct slice bytes)
{
    struct folding *folding = arg;
    (void)page;
    if (recno <= folding->covered) {
        return true;
    }
    struct event_list list;
    event_list_init(&list);
    folding->err = event_block_decode(bytes, &list);
    for (unsigned i = 0; i < list.count && folding->err == ERR_OK; i++) {
        bool fits = fold_event(&folding->fold, folding->states, folding->count, &list.events[i]);
        folding->err = fits ? ERR_OK : ERR_CORRUPT;
        if (fits) {
            page_rest_apply(&folding->rest, &list.events[i]);
        }
    }
    event_list_release(&list);
    return folding->err == ERR_OK;
}

/* The page as its snapshot has it, or as it was before anything happened. */
static enum err begin(struct ledger *ledger, const struct campaign_def *def,
                      struct folding *folding)
{
    struct store_value snapshot = {0};
    enum err err = ledger_snapshot(ledger, def->id, folding->page, &folding->covered, &snapshot);
    if (err == ERR_OK) {
        err = engine_snapshot_page(snapshot.bytes, folding->states, folding->count, &folding->rest);
        store_value_release(&snapshot);
        return err;
    }
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    struct bitmap holes;
    folding->covered = 0;
    err = ledger_holes(ledger, def->audience, folding->page, &holes);
    fold_begin(&def->plan, folding->states, folding->count, &holes);
    return err;
}

enum err page_fold(struct ledger *ledger, const struct campaign_def *def, enum delivery_event over,
                   uint32_t page, struct recipient_state *states, unsigned *count,
                   struct page_rest *rest)
{
    if ((uint64_t)page * PAGE_RECIPIENTS >= def->slots) {
        return ERR_NOT_FOUND;
    }
    uint32_t left = def->slots - page * PAGE_RECIPIENTS;
    *count = left < PAGE_RECIPIENTS ? left : PAGE_RECIPIENTS;
    struct folding folding = {.fold = {&def->plan, def->created_ms, NULL, NULL, NULL},
                              .states = states,
                              .count = *count,
                              .page = page};
    enum err err = begin(ledger, def, &folding);
    if (err == ERR_OK) {
        err = ledger_each_block_of_page(ledger, def->id, page, take_block, &folding);
    }
    if (err == ERR_OK && folding.err == ERR_OK && over != DELIVERY_EVENTS) {
        fold_sweep(&folding.fold, states, *count, over);
    }
    if (rest != NULL) {
        *rest = folding.rest;
    } else {
        page_rest_release(&folding.rest);
    }
    return err == ERR_OK ? folding.err : err;
}
