/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks of one page are applied in the order of their records; those that the page's snapshot
 * covers are passed over. Snapshots come first, for all pages, with the record each of them reaches
 * to. The order between pages does not matter: a recipient's state depends on the blocks of its own
 * page and on the campaign's life only.
 */
#include "coordinator/ledger/recovery.h"

#include <inttypes.h>

#include "common/buf.h"
#include "common/mem.h"

struct replay {
    struct engine *engine;
    const struct campaign_def *def;
    struct recovery *recovery;
    struct problem *problem;
    uint64_t *covered; /* by page: the record that its snapshot reaches to */
    uint32_t pages;
    enum err err;
};

static bool fail(struct replay *replay, enum err err, uint32_t page, uint64_t recno)
{
    replay->err = problem_set(replay->problem, err,
                              "the journal of campaign c%" PRIu64 " does not fit at page %" PRIu32
                              ", record %" PRIu64 " (%s): run tocsin-coordinator --check",
                              replay->def->id, page, recno, err_sentence(err));
    return false;
}

static bool add_holes(void *arg, uint32_t page, const struct bitmap *holes)
{
    struct replay *replay = arg;
    engine_add_holes(replay->engine, replay->def->id, page, holes);
    return true;
}

static bool replay_snapshot(void *arg, uint32_t page, uint64_t recno, struct slice bytes)
{
    struct replay *replay = arg;
    if (page >= replay->pages) {
        return fail(replay, ERR_CORRUPT, page, recno);
    }
    enum err err = engine_replay_snapshot(replay->engine, replay->def->id, page, bytes);
    if (err != ERR_OK) {
        return fail(replay, err, page, recno);
    }
    replay->covered[page] = recno;
    replay->recovery->snapshots++;
    return true;
}

static bool replay_block(void *arg, uint32_t page, uint64_t recno, struct slice bytes)
{
    struct replay *replay = arg;
    if (page != RECORD_PAGE_CAMPAIGN && page >= replay->pages) {
        return fail(replay, ERR_CORRUPT, page, recno);
    }
    if (page != RECORD_PAGE_CAMPAIGN && recno <= replay->covered[page]) {
        replay->recovery->blocks_covered++;
        return true;
    }
    enum err err = engine_replay_block(replay->engine, replay->def->id, page, bytes);
    if (err != ERR_OK) {
        return fail(replay, err, page, recno);
    }
    replay->recovery->blocks++;
    return true;
}

static enum err replay_open(struct ledger *ledger, struct replay *replay)
{
    enum err err = ledger_each_holes(ledger, replay->def->audience, add_holes, replay);
    if (err == ERR_OK) {
        err = ledger_each_snapshot(ledger, replay->def->id, replay_snapshot, replay);
    }
    if (err == ERR_OK && replay->err == ERR_OK) {
        err = ledger_each_block(ledger, replay->def->id, replay_block, replay);
    }
    if (err != ERR_OK) {
        return problem_set(replay->problem, err,
                           "the journal of campaign c%" PRIu64 " could not be read: %s",
                           replay->def->id, err_sentence(err));
    }
    replay->recovery->campaigns++;
    return replay->err;
}

enum err recovery_campaign(struct ledger *ledger, struct engine *engine,
                           const struct campaign_def *def, struct recovery *recovery,
                           struct problem *problem)
{
    uint8_t id[8];
    for (unsigned i = 0; i < sizeof(id); i++) {
        id[i] = (uint8_t)(def->id >> (8 * (7 - i)));
    }
    struct store_value value = {0};
    enum err err =
        ledger_catalogue_get(ledger, CATALOGUE_CAMPAIGN_END, slice_of(id, sizeof(id)), &value);
    if (err == ERR_OK) {
        struct campaign_end end;
        err = campaign_end_decode(value.bytes, &end);
        store_value_release(&value);
        if (err != ERR_OK) {
            return problem_set(problem, err,
                               "the closing counts of campaign c%" PRIu64 " are damaged", def->id);
        }
        engine_replay_end(engine, def->id, &end);
        return ERR_OK;
    }
    if (err != ERR_NOT_FOUND) {
        return problem_set(problem, err, "campaign c%" PRIu64 " could not be read: %s", def->id,
                           err_sentence(err));
    }
    uint32_t pages = (def->slots + PAGE_RECIPIENTS - 1) / PAGE_RECIPIENTS;
    struct replay replay = {.engine = engine,
                            .def = def,
                            .recovery = recovery,
                            .problem = problem,
                            .covered = mem_zalloc(pages + 1, sizeof(uint64_t)),
                            .pages = pages};
    err = replay_open(ledger, &replay);
    mem_free(replay.covered);
    return err;
}

void recovery_end_key(struct buf *key, uint64_t campaign)
{
    ledger_catalogue_key_u64(key, CATALOGUE_CAMPAIGN_END, campaign);
}
