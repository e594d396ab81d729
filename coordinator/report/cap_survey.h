/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cap_survey: who of an audience has had as many messages as a campaign's frequency cap allows.
 * Which campaigns were launched, or began a further round, within the cap's time, to whom each of
 * them really sent (in memory, a few pages a call; of ended ones folded from the journal), and who
 * of the audience is among them (cap_merge). A campaign counts once for a contact, however many
 * steps of it reached him.
 *
 * In this order: cap_survey_count on the loop's thread until it is true, whatever was decided until
 * then becomes durable, cap_survey_read on any thread, cap_survey_capped.
 */
#ifndef TOCSIN_REPORT_CAP_SURVEY_H
#define TOCSIN_REPORT_CAP_SURVEY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/bitmap.h"
#include "common/err.h"
#include "coordinator/engine/engine.h"
#include "coordinator/ledger/ledger.h"

struct cap_survey;

/* Of the campaign's audience by its cap, as it is now. is_applied: the engine will be told of it.
 * Ledger and engine are borrowed. */
struct cap_survey *cap_survey_new(struct ledger *ledger, struct engine *engine,
                                  const struct campaign_def *def, bool is_applied, uint64_t now_ms);
void cap_survey_free(struct cap_survey *survey); /* NULL is fine */
/* True when all are counted that can be. */
bool cap_survey_count(struct cap_survey *survey);
/* ERR_CLOSED: *is_stopped. ERR_CORRUPT, ERR_IO. */
enum err cap_survey_read(struct cap_survey *survey, const atomic_bool *is_stopped) WARN_UNUSED;
/* By page; valid until the survey is freed. */
const struct bitmap *cap_survey_capped(const struct cap_survey *survey);
/* Tells the engine, on the loop's thread, what it must know besides. Once, after cap_survey_read.
 */
void cap_survey_apply(struct cap_survey *survey);
/* Of how many campaigns messages were counted. */
unsigned cap_survey_sources(const struct cap_survey *survey);

#endif
