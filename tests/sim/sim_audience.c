/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim_audience.h"

#include <assert.h>
#include <stdio.h>

#include "common/mem.h"

struct sim_row sim_audience_row(const struct sim_settings *settings, unsigned campaign,
                                uint32_t ordinal)
{
    const struct sim_campaign_settings *own = &settings->campaigns[campaign];
    struct dice dice = {settings->seed ^ ((uint64_t)ordinal + 1) * 1000033 ^
                        (uint64_t)campaign << 60};
    struct sim_row row = {.is_hole = dice_chance(&dice, own->hole_chance)};
    (void)snprintf(row.key, sizeof(row.key), "key-%u-%u", campaign, ordinal);
    for (unsigned rank = 0; rank < own->def.plan.steps[0].endpoint_ranks; rank++) {
        if (!dice_chance(&dice, own->no_endpoint_chance)) {
            (void)snprintf(row.endpoint[rank], sizeof(row.endpoint[rank]), "+%u.%u.%u", campaign,
                           ordinal, rank);
        }
    }
    if (!dice_chance(&dice, own->no_variable_chance)) {
        (void)snprintf(row.name, sizeof(row.name), "N%u", ordinal);
    }
    return row;
}

void sim_audience_schema(const struct sim_campaign_settings *campaign, struct page_schema *schema)
{
    unsigned ranks = campaign->def.plan.steps[0].endpoint_ranks;
    *schema = (struct page_schema){.count = ranks + 2};
    schema->columns[0] = (struct page_column){.field = PAGE_FIELD_KEY, .name = "id"};
    for (unsigned rank = 0; rank < ranks; rank++) {
        struct page_column *column = &schema->columns[1 + rank];
        *column = (struct page_column){.field = PAGE_FIELD_PHONE, .rank = rank};
        if (rank == 0) {
            (void)snprintf(column->name, sizeof(column->name), "phone");
        } else {
            (void)snprintf(column->name, sizeof(column->name), "phone.%u", rank + 1);
        }
    }
    schema->columns[1 + ranks] = (struct page_column){.field = PAGE_FIELD_VARIABLE, .name = "name"};
}

struct bitmap sim_audience_holes(const struct sim_settings *settings, unsigned campaign,
                                 uint32_t page)
{
    struct bitmap holes = {{0}};
    uint32_t slots = settings->campaigns[campaign].def.slots;
    for (uint32_t place = 0; place < PAGE_RECIPIENTS; place++) {
        uint32_t ordinal = page * PAGE_RECIPIENTS + place;
        if (ordinal < slots && sim_audience_row(settings, campaign, ordinal).is_hole) {
            bitmap_set(&holes, place);
        }
    }
    return holes;
}

static void add_row(struct page_builder *builder, const struct sim_row *row, unsigned ranks)
{
    struct slice values[5];
    values[0] = slice_str(row->key);
    for (unsigned rank = 0; rank < ranks; rank++) {
        values[1 + rank] = slice_str(row->endpoint[rank]);
    }
    values[1 + ranks] = slice_str(row->name);
    bool fits = page_builder_add(builder, values);
    assert(fits);
    (void)fits;
}

static void seal_page(struct sim_settings *settings, unsigned campaign, uint32_t page,
                      struct page_builder *builder, struct ledger_audience *load)
{
    struct sim_campaign_settings *own = &settings->campaigns[campaign];
    struct buf scratch = {0};
    struct buf sealed = {0};
    struct bitmap holes = sim_audience_holes(settings, campaign, page);
    page_builder_clear(builder);
    for (uint32_t place = 0; place < PAGE_RECIPIENTS; place++) {
        uint32_t ordinal = page * PAGE_RECIPIENTS + place;
        if (ordinal < own->def.slots) {
            struct sim_row row = sim_audience_row(settings, campaign, ordinal);
            add_row(builder, &row, own->def.plan.steps[0].endpoint_ranks);
        }
    }
    page_seal(builder, page % 2 == 0 ? PAGE_LZ4 : PAGE_RAW, NULL, &scratch, &sealed);
    enum err err = ledger_audience_page(load, page, buf_view(&sealed));
    own->def.recipients -= bitmap_count(&holes);
    if (err == ERR_OK && bitmap_count(&holes) > 0) {
        err = ledger_audience_holes(load, page, &holes);
    }
    assert(err == ERR_OK);
    buf_release(&scratch);
    buf_release(&sealed);
}

void sim_audience_load(struct sim_settings *settings, unsigned campaign, struct ledger *ledger)
{
    struct sim_campaign_settings *own = &settings->campaigns[campaign];
    struct page_builder builder;
    struct problem problem = {0};
    uint32_t pages = (own->def.slots + PAGE_RECIPIENTS - 1) / PAGE_RECIPIENTS;
    struct ledger_audience *load = ledger_audience_new(ledger, own->def.audience);
    page_builder_init(&builder, own->def.plan.steps[0].endpoint_ranks + 2u);
    own->def.recipients = own->def.slots;
    for (uint32_t page = 0; page < pages; page++) {
        seal_page(settings, campaign, page, &builder, load);
    }
    page_builder_release(&builder);
    enum err err = ledger_audience_finish(load, &problem);
    assert(err == ERR_OK);
    (void)err;
}
