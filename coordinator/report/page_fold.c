/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/page_fold.h"

#include "coordinator/engine/fold.h"
#include "coordinator/engine/pair.h"

struct folding {
    const struct plan *plan;
    struct fold fold; /* of the ladder */
    struct fold side_fold;
    struct recipient_state *states;
    struct recipient_state *side; /* NULL: the plan has no pair */
    unsigned count;
    uint32_t page;
    struct page_rest rest;
    uint64_t covered; /* the record that the snapshot reaches to */
    enum err err;
};

static bool take_event(struct folding *folding, const struct event *event)
{
    bool is_side =
        event->step < folding->plan->step_count && plan_is_beside(folding->plan, event->step);
    return is_side ? fold_event(&folding->side_fold, folding->side, folding->count, event)
                   : fold_event(&folding->fold, folding->states, folding->count, event);
}

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
        bool fits = take_event(folding, &list.events[i]);
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
        err = engine_snapshot_page(snapshot.bytes, folding->states, folding->side, folding->count,
                                   &folding->rest);
        store_value_release(&snapshot);
        return err;
    }
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    struct bitmap holes;
    folding->covered = 0;
    err = ledger_holes(ledger, def->audience, folding->page, &holes);
    fold_begin(&folding->fold, folding->states, folding->count, &holes);
    if (folding->side != NULL) {
        fold_begin(&folding->side_fold, folding->side, folding->count, &holes);
    }
    return err;
}

enum err page_fold_tracks(struct ledger *ledger, const struct campaign_def *def,
                          enum delivery_event over, uint32_t page, struct recipient_state *ladder,
                          struct recipient_state *side, unsigned *count, struct page_rest *rest)
{
    if ((uint64_t)page * PAGE_RECIPIENTS >= def->slots) {
        return ERR_NOT_FOUND;
    }
    uint32_t left = def->slots - page * PAGE_RECIPIENTS;
    *count = left < PAGE_RECIPIENTS ? left : PAGE_RECIPIENTS;
    struct folding folding = {.plan = &def->plan,
                              .fold = {.plan = &def->plan, .base_ms = def->created_ms},
                              .states = ladder,
                              .side = plan_has_pair(&def->plan) ? side : NULL,
                              .count = *count,
                              .page = page};
    folding.side_fold = folding.fold;
    folding.side_fold.is_side = true;
    enum err err = begin(ledger, def, &folding);
    if (err == ERR_OK) {
        err = ledger_each_block_of_page(ledger, def->id, page, take_block, &folding);
    }
    if (err == ERR_OK && folding.err == ERR_OK && over != DELIVERY_EVENTS) {
        fold_sweep(&folding.fold, ladder, *count, over);
        if (folding.side != NULL) {
            fold_sweep(&folding.side_fold, side, *count, over);
        }
    }
    if (rest != NULL) {
        *rest = folding.rest;
    } else {
        page_rest_release(&folding.rest);
    }
    return err == ERR_OK ? folding.err : err;
}

enum err page_fold(struct ledger *ledger, const struct campaign_def *def, enum delivery_event over,
                   uint32_t page, struct recipient_state *states, unsigned *count,
                   struct page_rest *rest)
{
    struct recipient_state side[PAGE_RECIPIENTS];
    enum err err = page_fold_tracks(ledger, def, over, page, states, side, count, rest);
    for (unsigned i = 0; err == ERR_OK && plan_has_pair(&def->plan) && i < *count; i++) {
        states[i] = pair_state(&def->plan, &states[i], &side[i]);
    }
    return err;
}
