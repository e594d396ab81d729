/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/screening.h"

#include <inttypes.h>
#include <stdatomic.h>

#include "common/log.h"
#include "common/mem.h"
#include "coordinator/report/cap_merge.h"
#include "coordinator/report/page_fold.h"

#define MODULE          "screening"
#define PAGES_PER_TURN  32    /* counted in memory */
#define APPLIED_PER_RUN 16    /* pages */
#define AGAIN_MS        60000 /* between two screenings of a campaign */
#define AGAIN_SHARE     20    /* and at least so many times as long as the last one took */
#define FAILED_MS       10000 /* what could not be read is tried again after so long */
#define IDLE_MS         1000

/* A campaign whose messages count. */
struct source {
    struct campaign_def def;
    enum delivery_event over; /* how those who waited ended */
    bool is_folded;           /* from its page `next` on the journal is read */
    uint32_t next;
    unsigned tally;
};

enum phase { PHASE_IDLE, PHASE_COUNTING, PHASE_WAITING, PHASE_READING, PHASE_APPLYING };

/* What is known of the last screening of a campaign. */
struct past {
    uint64_t campaign;
    uint64_t at_ms;
    uint64_t took_ms;
};

struct screening {
    uv_loop_t *loop;
    struct ledger *ledger;
    struct engine *engine;
    struct turn *turn;
    uint64_t now_ms;
    enum phase phase;
    bool is_again;
    struct campaign_def def; /* of the campaign that is screened */
    uint64_t began_ms;
    struct source *sources;
    unsigned source_count;
    struct cap_tally *tallies;
    unsigned tally_count;
    unsigned at; /* source, then page */
    struct bitmap *capped;
    uint64_t suppressed;
    struct past *pasts;
    unsigned past_count;
    uint64_t failed_ms; /* nothing is begun before FAILED_MS after it */
    uv_work_t work;
    atomic_bool is_stopped;
    bool is_closing;
    enum err err;
};

struct screening *screening_new(uv_loop_t *loop, struct ledger *ledger, struct engine *engine,
                                struct turn *turn)
{
    struct screening *screening = mem_zalloc(1, sizeof(*screening));
    screening->loop = loop;
    screening->ledger = ledger;
    screening->engine = engine;
    screening->turn = turn;
    screening->work.data = screening;
    return screening;
}

static uint32_t pages_of(const struct campaign_def *def)
{
    return (def->slots + PAGE_RECIPIENTS - 1) / PAGE_RECIPIENTS;
}

/* ---- Which campaign ---- */

static struct past *past_of(struct screening *screening, uint64_t campaign)
{
    for (unsigned i = 0; i < screening->past_count; i++) {
        if (screening->pasts[i].campaign == campaign) {
            return &screening->pasts[i];
        }
    }
    screening->pasts =
        mem_resize(screening->pasts, screening->past_count + 1, sizeof(*screening->pasts));
    struct past *past = &screening->pasts[screening->past_count++];
    *past = (struct past){campaign, screening->now_ms, 0};
    return past;
}

static void forget(struct screening *screening, uint64_t campaign)
{
    for (unsigned i = 0; i < screening->past_count; i++) {
        if (screening->pasts[i].campaign == campaign) {
            screening->pasts[i] = screening->pasts[--screening->past_count];
            return;
        }
    }
}

/* Do the other's messages count for a cap over `per_ms`? */
static bool counts(const struct screening *screening, const struct campaign_view *other,
                   uint64_t campaign, uint64_t per_ms)
{
    return other->def->id != campaign && other->launched_ms != 0 &&
           other->launched_ms + per_ms > screening->now_ms;
}

/* Has anything been sent since by a campaign that counts? */
static bool has_news(struct screening *screening, const struct campaign_view *view,
                     uint64_t since_ms)
{
    struct campaign_view other;
    for (uint64_t id = engine_next_campaign(screening->engine, 0); id != 0;
         id = engine_next_campaign(screening->engine, id)) {
        if (engine_campaign(screening->engine, id, &other) &&
            counts(screening, &other, view->def->id, view->def->cap_per_ms) &&
            (other.ended_ms == 0 || other.ended_ms >= since_ms)) {
            return true;
        }
    }
    return false;
}

static bool is_due_again(struct screening *screening, const struct campaign_view *view)
{
    const struct campaign_def *def = view->def;
    if (def->cap_messages == 0 || def->priority == PRIORITY_CRITICAL) {
        return false;
    }
    bool is_open = view->state == CAMPAIGN_RUNNING || view->state == CAMPAIGN_PAUSED;
    if (!is_open) {
        forget(screening, def->id);
        return false;
    }
    const struct past *past = past_of(screening, def->id);
    uint64_t wait_ms = past->took_ms * AGAIN_SHARE;
    wait_ms = wait_ms > AGAIN_MS ? wait_ms : AGAIN_MS;
    return view->counts[DELIVERY_WAITING] + view->counts[DELIVERY_RETRYING] > 0 &&
           past->at_ms + wait_ms <= screening->now_ms && has_news(screening, view, past->at_ms);
}

static uint64_t choose(struct screening *screening)
{
    struct campaign_view view;
    uint64_t unscreened = engine_unscreened(screening->engine, 0);
    if (unscreened != 0) {
        return unscreened;
    }
    for (uint64_t id = engine_next_campaign(screening->engine, 0); id != 0;
         id = engine_next_campaign(screening->engine, id)) {
        if (engine_campaign(screening->engine, id, &view) && is_due_again(screening, &view)) {
            return id;
        }
    }
    return 0;
}

/* ---- Beginning and end ---- */

static unsigned tally_of(struct screening *screening, const struct campaign_def *def)
{
    for (unsigned i = 0; i < screening->tally_count; i++) {
        if (screening->tallies[i].audience == def->audience) {
            return i;
        }
    }
    screening->tallies =
        mem_resize(screening->tallies, screening->tally_count + 1, sizeof(*screening->tallies));
    cap_tally_init(&screening->tallies[screening->tally_count], def->audience, def->slots);
    return screening->tally_count++;
}

static void gather(struct screening *screening)
{
    struct campaign_view view;
    for (uint64_t id = engine_next_campaign(screening->engine, 0); id != 0;
         id = engine_next_campaign(screening->engine, id)) {
        if (!engine_campaign(screening->engine, id, &view) ||
            !counts(screening, &view, screening->def.id, screening->def.cap_per_ms)) {
            continue;
        }
        screening->sources = mem_resize(screening->sources, screening->source_count + 1,
                                        sizeof(*screening->sources));
        screening->sources[screening->source_count++] = (struct source){
            .def = *view.def, .over = campaign_over(&view), .tally = tally_of(screening, view.def)};
    }
}

static void begin(struct screening *screening, uint64_t campaign)
{
    struct campaign_view view;
    if (!engine_campaign(screening->engine, campaign, &view)) {
        return;
    }
    screening->def = *view.def;
    screening->began_ms = screening->now_ms;
    screening->at = 0;
    screening->suppressed = 0;
    screening->err = ERR_OK;
    screening->capped = mem_zalloc(pages_of(&screening->def), sizeof(*screening->capped));
    gather(screening);
    screening->phase = PHASE_COUNTING;
}

static void clear(struct screening *screening)
{
    for (unsigned i = 0; i < screening->tally_count; i++) {
        cap_tally_release(&screening->tallies[i]);
    }
    mem_free(screening->tallies);
    mem_free(screening->sources);
    mem_free(screening->capped);
    screening->tallies = NULL;
    screening->tally_count = 0;
    screening->sources = NULL;
    screening->source_count = 0;
    screening->capped = NULL;
    screening->phase = PHASE_IDLE;
}

static void finish(struct screening *screening)
{
    struct past *past = past_of(screening, screening->def.id);
    engine_screened(screening->engine, screening->def.id, screening->now_ms);
    past->at_ms = screening->began_ms;
    past->took_ms = screening->now_ms - screening->began_ms;
    LOG_I(MODULE, "screened", "campaign=c%" PRIu64 " others=%u suppressed=%" PRIu64 " ms=%" PRIu64,
          screening->def.id, screening->source_count, screening->suppressed, past->took_ms);
    clear(screening);
}

/* ---- The thread ---- */

static enum err fold_source(struct screening *screening, struct source *source)
{
    struct recipient_state states[PAGE_RECIPIENTS];
    enum err err = ERR_OK;
    for (; err == ERR_OK && source->next < pages_of(&source->def); source->next++) {
        struct bitmap messaged = {{0}};
        unsigned count = 0;
        if (atomic_load(&screening->is_stopped)) {
            return ERR_CLOSED;
        }
        err = page_fold(screening->ledger, &source->def, source->over, source->next, states, &count,
                        NULL);
        for (unsigned i = 0; err == ERR_OK && i < count; i++) {
            if (engine_is_messaged(&states[i])) {
                bitmap_set(&messaged, i);
            }
        }
        cap_tally_add(&screening->tallies[source->tally], source->next, &messaged);
    }
    return err;
}

static void read_disk(uv_work_t *work)
{
    struct screening *screening = work->data;
    enum err err = ERR_OK;
    for (unsigned i = 0; err == ERR_OK && i < screening->source_count; i++) {
        err = fold_source(screening, &screening->sources[i]);
    }
    if (err == ERR_OK && screening->tally_count > 0) {
        err = cap_merge(screening->ledger, screening->def.audience, screening->def.slots,
                        screening->tallies, screening->tally_count, screening->def.cap_messages,
                        &screening->is_stopped, screening->capped);
    }
    screening->err = err;
}

static void on_read(uv_work_t *work, int status)
{
    struct screening *screening = work->data;
    (void)status;
    screening->at = 0;
    screening->phase = PHASE_APPLYING;
    if (screening->err != ERR_OK) {
        if (!screening->is_closing) {
            LOG_E(MODULE, "failed", "campaign=c%" PRIu64 " err=%s why=\"%s; it is tried again\"",
                  screening->def.id, err_name(screening->err), err_sentence(screening->err));
        }
        screening->failed_ms = screening->now_ms;
        clear(screening);
    }
}

/* All that campaigns which are no longer in memory went through is in the journal now. */
static void on_durable(void *arg)
{
    struct screening *screening = arg;
    screening->phase = PHASE_READING;
    int failed = uv_queue_work(screening->loop, &screening->work, read_disk, on_read);
    if (failed != 0) {
        screening->err = ERR_IO;
        on_read(&screening->work, failed);
    }
}

/* ---- A turn ---- */

/* True when all are counted that can be. */
static bool count_some(struct screening *screening)
{
    for (unsigned pages = 0; pages < PAGES_PER_TURN && screening->at < screening->source_count;
         pages++) {
        struct source *source = &screening->sources[screening->at];
        struct bitmap messaged;
        bool is_done = source->next == pages_of(&source->def);
        if (!is_done && !source->is_folded) {
            source->is_folded =
                !engine_messaged(screening->engine, source->def.id, source->next, &messaged);
        }
        if (is_done || source->is_folded) {
            screening->at++;
            continue;
        }
        cap_tally_add(&screening->tallies[source->tally], source->next++, &messaged);
    }
    return screening->at == screening->source_count;
}

/* It may have been cancelled since: that shows when its journal is read. */
static void look_again(struct screening *screening)
{
    struct campaign_view view;
    for (unsigned i = 0; i < screening->source_count; i++) {
        if (engine_campaign(screening->engine, screening->sources[i].def.id, &view)) {
            screening->sources[i].over = campaign_over(&view);
        }
    }
}

static bool apply_some(struct screening *screening)
{
    uint32_t pages = pages_of(&screening->def);
    for (unsigned applied = 0; applied < APPLIED_PER_RUN && screening->at < pages;
         screening->at++) {
        const struct bitmap *capped = &screening->capped[screening->at];
        if (bitmap_next(capped, 0) < BITMAP_BITS) {
            screening->suppressed += engine_cap(screening->engine, screening->def.id, screening->at,
                                                capped, screening->now_ms);
            applied++;
        }
    }
    return screening->at == pages;
}

static uint32_t be_idle(struct screening *screening)
{
    if (screening->failed_ms != 0 && screening->now_ms < screening->failed_ms + FAILED_MS) {
        return IDLE_MS;
    }
    uint64_t campaign = choose(screening);
    if (campaign == 0) {
        return screening->past_count > 0 ? IDLE_MS : UINT32_MAX;
    }
    begin(screening, campaign);
    return 0;
}

uint32_t screening_run(struct screening *screening, uint64_t now_ms)
{
    screening->now_ms = now_ms;
    switch (screening->phase) {
    case PHASE_IDLE:
        return be_idle(screening);
    case PHASE_COUNTING:
        if (count_some(screening)) {
            look_again(screening);
            screening->phase = PHASE_WAITING;
            turn_when_durable(screening->turn, true, on_durable, screening);
        }
        return 0;
    case PHASE_APPLYING:
        if (apply_some(screening)) {
            finish(screening);
        }
        return 0;
    case PHASE_WAITING:
    case PHASE_READING:
        return UINT32_MAX; /* whoever reports wakes the loop */
    }
    return UINT32_MAX;
}

void screening_close(struct screening *screening)
{
    if (screening == NULL) {
        return;
    }
    screening->is_closing = true;
    atomic_store(&screening->is_stopped, true);
    while (screening->phase == PHASE_READING) {
        (void)uv_run(screening->loop, UV_RUN_ONCE);
    }
    clear(screening);
    mem_free(screening->pasts);
    mem_free(screening);
}
