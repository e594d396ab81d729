/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/screening.h"

#include <inttypes.h>
#include <stdatomic.h>

#include "common/log.h"
#include "common/mem.h"
#include "coordinator/report/cap_survey.h"

#define MODULE          "screening"
#define APPLIED_PER_RUN 16    /* pages */
#define AGAIN_MS        10000 /* between two screenings of a campaign */
#define AGAIN_SHARE     20    /* and at least so many times as long as the last one took */
#define FAILED_MS       10000 /* what could not be read is tried again after so long */
#define IDLE_MS         1000

enum phase { PHASE_IDLE, PHASE_COUNTING, PHASE_WAITING, PHASE_READING, PHASE_APPLYING };

/* What is known of the last screening of a campaign. */
struct past {
    uint64_t campaign;
    uint64_t at_ms;
    uint64_t took_ms; /* 0: it is the first */
    bool is_seen;     /* it still runs */
};

struct screening {
    uv_loop_t *loop;
    struct ledger *ledger;
    struct engine *engine;
    struct turn *turn;
    uint64_t now_ms;
    enum phase phase;
    struct campaign_def def; /* of the campaign that is screened */
    uint64_t began_ms;
    struct cap_survey *survey;
    uint32_t at; /* the page that is applied next */
    uint64_t suppressed;
    struct past *pasts;
    unsigned past_count;
    uint64_t looked_ms; /* when it was looked which is due again */
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

/* ---- Which campaign is screened again ---- */

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
    *past = (struct past){.campaign = campaign, .at_ms = screening->now_ms};
    return past;
}

/* Those that have ended since. */
static void forget_unseen(struct screening *screening)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < screening->past_count; i++) {
        if (screening->pasts[i].is_seen) {
            screening->pasts[kept] = screening->pasts[i];
            screening->pasts[kept++].is_seen = false;
        }
    }
    screening->past_count = kept;
}

static bool has_anybody_waiting(struct screening *screening, uint64_t campaign)
{
    struct campaign_view view;
    return engine_campaign(screening->engine, campaign, &view) &&
           view.counts[DELIVERY_WAITING] + view.counts[DELIVERY_RETRYING] > 0;
}

static bool is_due_again(struct screening *screening, const struct past *past)
{
    uint64_t wait_ms = past->took_ms * AGAIN_SHARE;
    wait_ms = wait_ms > AGAIN_MS ? wait_ms : AGAIN_MS;
    return past->at_ms + wait_ms <= screening->now_ms &&
           has_anybody_waiting(screening, past->campaign) &&
           engine_cap_has_news(screening->engine, past->campaign, past->at_ms, screening->now_ms);
}

/* There may be many campaigns, and many turns of the loop in a second: only those that run are
 * looked at, and not in every turn. */
static uint64_t choose_again(struct screening *screening)
{
    uint64_t chosen = 0;
    screening->looked_ms = screening->now_ms;
    for (uint64_t id = engine_next_capped(screening->engine, 0); id != 0;
         id = engine_next_capped(screening->engine, id)) {
        struct past *past = past_of(screening, id);
        past->is_seen = true;
        chosen = chosen == 0 && is_due_again(screening, past) ? id : chosen;
    }
    forget_unseen(screening);
    return chosen;
}

/* ---- Beginning and end ---- */

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
    screening->survey = cap_survey_new(screening->ledger, screening->engine, &screening->def, true,
                                       screening->now_ms);
    screening->phase = PHASE_COUNTING;
}

static void clear(struct screening *screening)
{
    cap_survey_free(screening->survey);
    screening->survey = NULL;
    screening->phase = PHASE_IDLE;
}

static void finish(struct screening *screening)
{
    struct past *past = past_of(screening, screening->def.id);
    bool is_news = screening->suppressed > 0 || past->took_ms == 0;
    engine_screened(screening->engine, screening->def.id, screening->now_ms);
    past->at_ms = screening->began_ms;
    past->took_ms = screening->now_ms - screening->began_ms + 1;
    if (is_news) {
        LOG_I(MODULE, "screened",
              "campaign=c%" PRIu64 " others=%u suppressed=%" PRIu64 " ms=%" PRIu64,
              screening->def.id, cap_survey_sources(screening->survey), screening->suppressed,
              past->took_ms);
    }
    clear(screening);
}

/* ---- The thread ---- */

static void read_disk(uv_work_t *work)
{
    struct screening *screening = work->data;
    screening->err = cap_survey_read(screening->survey, &screening->is_stopped);
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
        return;
    }
    cap_survey_apply(screening->survey);
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

static bool apply_some(struct screening *screening)
{
    uint32_t pages = pages_of(&screening->def);
    for (unsigned applied = 0; applied < APPLIED_PER_RUN && screening->at < pages;
         screening->at++) {
        const struct bitmap *capped = &cap_survey_capped(screening->survey)[screening->at];
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
    uint64_t campaign = engine_unscreened(screening->engine, 0);
    bool is_early = screening->now_ms < screening->looked_ms + IDLE_MS;
    if (campaign == 0 && !is_early) {
        campaign = choose_again(screening);
    }
    if (campaign == 0) {
        return screening->past_count > 0 || is_early ? IDLE_MS : UINT32_MAX;
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
        if (cap_survey_count(screening->survey)) {
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
