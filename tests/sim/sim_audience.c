/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim_audience.h"

#include <assert.h>
#include <stdio.h>

#include "common/mem.h"

static const struct {
    enum page_field field;
    const char *name;
} FIELDS[] = {
    {PAGE_FIELD_PHONE, "phone"}, {PAGE_FIELD_EMAIL, "email"}, {PAGE_FIELD_PUSH, "push_token"}};

#define ENDPOINT_FIELDS (sizeof(FIELDS) / sizeof(FIELDS[0]))
/* Its key, its endpoints, its name. */
#define COLUMNS_MAX (ENDPOINT_FIELDS * SIM_RANKS_MAX + 2)

struct sim_row sim_audience_row(const struct sim_settings *settings, unsigned campaign,
                                uint32_t ordinal)
{
    const struct sim_campaign_settings *own = &settings->campaigns[campaign];
    struct dice dice = {settings->seed ^ ((uint64_t)ordinal + 1) * 1000033 ^
                        (uint64_t)campaign << 60};
    struct sim_row row = {.is_hole = dice_chance(&dice, own->hole_chance)};
    (void)snprintf(row.key, sizeof(row.key), "key-%u-%u", campaign, ordinal);
    for (unsigned i = 0; i < ENDPOINT_FIELDS; i++) {
        enum page_field field = FIELDS[i].field;
        for (unsigned rank = 0; rank < own->ranks[field]; rank++) {
            if (!dice_chance(&dice, own->no_endpoint_chance)) {
                (void)snprintf(row.endpoint[field][rank], SIM_TEXT_MAX, "%s-%u.%u.%u",
                               FIELDS[i].name, campaign, ordinal, rank);
            }
        }
    }
    if (!dice_chance(&dice, own->no_variable_chance)) {
        (void)snprintf(row.name, sizeof(row.name), "N%u", ordinal);
    }
    return row;
}

static void add_column(struct page_schema *schema, enum page_field field, unsigned rank,
                       const char *name)
{
    struct page_column *column = &schema->columns[schema->count++];
    *column = (struct page_column){.field = field, .rank = rank};
    if (rank == 0) {
        (void)snprintf(column->name, sizeof(column->name), "%s", name);
    } else {
        (void)snprintf(column->name, sizeof(column->name), "%s.%u", name, rank + 1);
    }
}

void sim_audience_schema(const struct sim_campaign_settings *campaign, struct page_schema *schema)
{
    *schema = (struct page_schema){0};
    add_column(schema, PAGE_FIELD_KEY, 0, "id");
    for (unsigned i = 0; i < ENDPOINT_FIELDS; i++) {
        for (unsigned rank = 0; rank < campaign->ranks[FIELDS[i].field]; rank++) {
            add_column(schema, FIELDS[i].field, rank, FIELDS[i].name);
        }
    }
    add_column(schema, PAGE_FIELD_VARIABLE, 0, "name");
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

static void add_row(struct page_builder *builder, const struct sim_row *row,
                    const struct sim_campaign_settings *campaign)
{
    struct slice values[COLUMNS_MAX];
    unsigned count = 0;
    values[count++] = slice_str(row->key);
    for (unsigned i = 0; i < ENDPOINT_FIELDS; i++) {
        enum page_field field = FIELDS[i].field;
        for (unsigned rank = 0; rank < campaign->ranks[field]; rank++) {
            values[count++] = slice_str(row->endpoint[field][rank]);
        }
    }
    values[count++] = slice_str(row->name);
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
            add_row(builder, &row, own);
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
    struct page_schema schema;
    sim_audience_schema(own, &schema);
    page_builder_init(&builder, schema.count);
    own->def.recipients = own->def.slots;
    for (uint32_t page = 0; page < pages; page++) {
        seal_page(settings, campaign, page, &builder, load);
    }
    page_builder_release(&builder);
    enum err err = ledger_audience_finish(load, &problem);
    assert(err == ERR_OK);
    (void)err;
}
