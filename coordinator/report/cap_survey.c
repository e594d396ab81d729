/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/cap_survey.h"

#include "common/mem.h"
#include "coordinator/report/cap_merge.h"
#include "coordinator/report/page_fold.h"

#define PAGES_PER_CALL 32 /* counted in memory */

/* A campaign whose messages count. */
struct source {
    struct campaign_def def;
    enum delivery_event over; /* how those who waited ended */
    unsigned from_round;      /* who last began in an earlier one does not count */
    bool is_folded;           /* from its page `next` on the journal is read */
    bool is_seen;             /* the engine goes on counting its messages itself */
    uint32_t next;
    unsigned tally;
};

struct cap_survey {
    struct ledger *ledger;
    struct engine *engine;
    struct campaign_def def; /* of the campaign with the cap */
    struct source *sources;
    unsigned source_count;
    unsigned at; /* the source that is counted */
    struct cap_tally *tallies;
    unsigned tally_count;
    struct bitmap *capped;
    uint64_t mark;
    uint8_t *had;          /* NULL: nobody wants to know */
    struct cap_tally seen; /* messages of the sources that the engine sees; none without `had` */
};

static uint32_t pages_of(const struct campaign_def *def)
{
    return (def->slots + PAGE_RECIPIENTS - 1) / PAGE_RECIPIENTS;
}

/* The first of its rounds that began within the cap's time; ENGINE_ROUNDS_MAX: none did. */
static unsigned from_round_of(const struct campaign_def *def, const struct campaign_view *other,
                              uint64_t now_ms)
{
    uint64_t since_ms = now_ms > def->cap_per_ms ? now_ms - def->cap_per_ms : 0;
    return engine_round_since(other, since_ms);
}

static bool is_source(const struct campaign_def *def, const struct campaign_view *other,
                      uint64_t now_ms)
{
    return other->def->id != def->id && from_round_of(def, other, now_ms) != ENGINE_ROUNDS_MAX;
}

static unsigned tally_of(struct cap_survey *survey, const struct campaign_def *def)
{
    for (unsigned i = 0; i < survey->tally_count; i++) {
        if (survey->tallies[i].audience == def->audience) {
            return i;
        }
    }
    survey->tallies =
        mem_resize(survey->tallies, survey->tally_count + 1, sizeof(*survey->tallies));
    cap_tally_init(&survey->tallies[survey->tally_count], def->audience, def->slots);
    return survey->tally_count++;
}

static void gather(struct cap_survey *survey, uint64_t now_ms)
{
    struct campaign_view view;
    for (uint64_t id = engine_next_campaign(survey->engine, 0); id != 0;
         id = engine_next_campaign(survey->engine, id)) {
        if (!engine_campaign(survey->engine, id, &view) ||
            !is_source(&survey->def, &view, now_ms)) {
            continue;
        }
        survey->sources =
            mem_resize(survey->sources, survey->source_count + 1, sizeof(*survey->sources));
        survey->sources[survey->source_count++] =
            (struct source){.def = *view.def,
                            .over = campaign_over(&view),
                            .from_round = from_round_of(&survey->def, &view, now_ms),
                            .is_seen = engine_cap_sees(survey->engine, survey->def.id, id),
                            .tally = tally_of(survey, view.def)};
    }
}

struct cap_survey *cap_survey_new(struct ledger *ledger, struct engine *engine,
                                  const struct campaign_def *def, bool is_applied, uint64_t now_ms)
{
    struct cap_survey *survey = mem_zalloc(1, sizeof(*survey));
    survey->ledger = ledger;
    survey->engine = engine;
    survey->def = *def;
    survey->capped = mem_zalloc(pages_of(def), sizeof(*survey->capped));
    survey->mark = engine_cap_mark(engine);
    if (is_applied && def->cap_messages > 1) {
        survey->had = mem_zalloc(def->slots, 1);
        cap_tally_init(&survey->seen, def->audience, def->slots);
    }
    gather(survey, now_ms);
    return survey;
}

void cap_survey_free(struct cap_survey *survey)
{
    if (survey == NULL) {
        return;
    }
    for (unsigned i = 0; i < survey->tally_count; i++) {
        cap_tally_release(&survey->tallies[i]);
    }
    mem_free(survey->tallies);
    mem_free(survey->sources);
    mem_free(survey->capped);
    mem_free(survey->had);
    cap_tally_release(&survey->seen);
    mem_free(survey);
}

/* It may have been cancelled since: that shows when its journal is read. */
static void look_again(struct cap_survey *survey)
{
    struct campaign_view view;
    for (unsigned i = 0; i < survey->source_count; i++) {
        if (engine_campaign(survey->engine, survey->sources[i].def.id, &view)) {
            survey->sources[i].over = campaign_over(&view);
        }
    }
}

bool cap_survey_count(struct cap_survey *survey)
{
    for (unsigned pages = 0; pages < PAGES_PER_CALL && survey->at < survey->source_count; pages++) {
        struct source *source = &survey->sources[survey->at];
        struct bitmap messaged;
        bool is_done = source->next == pages_of(&source->def);
        if (!is_done && !source->is_folded) {
            source->is_folded = !engine_messaged(survey->engine, source->def.id, source->next,
                                                 source->from_round, &messaged);
        }
        if (is_done || source->is_folded) {
            survey->at++;
            continue;
        }
        if (source->is_seen && survey->had != NULL) {
            cap_tally_add(&survey->seen, source->next, &messaged);
        }
        cap_tally_add(&survey->tallies[source->tally], source->next++, &messaged);
    }
    if (survey->at < survey->source_count) {
        return false;
    }
    look_again(survey);
    return true;
}

static enum err fold_source(struct cap_survey *survey, struct source *source,
                            const atomic_bool *is_stopped)
{
    struct recipient_state states[PAGE_RECIPIENTS];
    enum err err = ERR_OK;
    for (; err == ERR_OK && source->next < pages_of(&source->def); source->next++) {
        struct bitmap messaged = {{0}};
        struct page_rest rest = {0};
        unsigned count = 0;
        if (atomic_load(is_stopped)) {
            return ERR_CLOSED;
        }
        err = page_fold(survey->ledger, &source->def, source->over, source->next, states, &count,
                        &rest);
        for (unsigned i = 0; err == ERR_OK && i < count; i++) {
            unsigned round = rest.rounds == NULL ? 0 : rest.rounds[i];
            if (engine_is_messaged(&states[i]) && round >= source->from_round) {
                bitmap_set(&messaged, i);
            }
        }
        page_rest_release(&rest);
        cap_tally_add(&survey->tallies[source->tally], source->next, &messaged);
    }
    return err;
}

enum err cap_survey_read(struct cap_survey *survey, const atomic_bool *is_stopped)
{
    enum err err = ERR_OK;
    for (unsigned i = 0; err == ERR_OK && i < survey->source_count; i++) {
        err = fold_source(survey, &survey->sources[i], is_stopped);
    }
    if (err == ERR_OK && survey->tally_count > 0) {
        const struct cap_found found = {survey->capped, survey->had};
        err = cap_merge(survey->ledger, survey->def.audience, survey->def.slots, survey->tallies,
                        survey->tally_count, survey->def.cap_messages, is_stopped, &found);
    }
    for (uint32_t i = 0; survey->had != NULL && i < survey->def.slots; i++) {
        uint8_t seen = survey->seen.counts[i];
        survey->had[i] = survey->had[i] > seen ? (uint8_t)(survey->had[i] - seen) : 0;
    }
    return err;
}

void cap_survey_apply(struct cap_survey *survey)
{
    engine_cap_survey(survey->engine, survey->def.id, survey->mark, survey->had);
    survey->had = NULL;
}

const struct bitmap *cap_survey_capped(const struct cap_survey *survey)
{
    return survey->capped;
}

unsigned cap_survey_sources(const struct cap_survey *survey)
{
    return survey->source_count;
}
