/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_audience: who is in an audience follows from the seed, the campaign and the ordinal, so that
 * whoever reads a page can be told what should be in it.
 */
#ifndef TOCSIN_TESTS_SIM_AUDIENCE_H
#define TOCSIN_TESTS_SIM_AUDIENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/bitmap.h"
#include "coordinator/ledger/ledger.h"
#include "proto/page.h"
#include "tests/sim/sim_settings.h"

#define SIM_TEXT_MAX 64

/* One row; an empty endpoint or name is absent. */
struct sim_row {
    bool is_hole;
    char key[SIM_TEXT_MAX];
    char endpoint[PAGE_FIELDS][SIM_RANKS_MAX][SIM_TEXT_MAX];
    char name[SIM_TEXT_MAX];
};

struct sim_row sim_audience_row(const struct sim_settings *settings, unsigned campaign,
                                uint32_t ordinal);
void sim_audience_schema(const struct sim_campaign_settings *campaign, struct page_schema *schema);
/* Seals all pages of the campaign's audience and puts them into the ledger, with its holes. Sets
 * def.recipients. */
void sim_audience_load(struct sim_settings *settings, unsigned campaign, struct ledger *ledger);
/* The holes of a page. */
struct bitmap sim_audience_holes(const struct sim_settings *settings, unsigned campaign,
                                 uint32_t page);

#endif
