/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "coordinator/report/zone_clock.h"
#include "proto/page.h"
#include "tests/unit/unit.h"

#define HOUR_MS UINT64_C(3600000)
/* 2026-03-28T20:00:00Z: in Oslo it is 21:00 of the day before summer time begins. */
#define EVENING_MS UINT64_C(1774728000000)

static const char *const zones[] = {"Europe/Oslo", "Asia/Kathmandu", "", "Asia/Kathmandu",
                                    "Nowhere/Town"};
#define PEOPLE (sizeof(zones) / sizeof(zones[0]))

struct house {
    struct ledger *ledger;
    struct audience_registry *audiences;
    struct campaign_registry *campaigns;
    struct zone_clock *clock;
    struct quiet_source source;
    const struct campaign_def *def;
};

static void add_column(struct page_schema *schema, enum page_field field, const char *name)
{
    struct page_column *column = &schema->columns[schema->count++];
    column->field = field;
    memcpy(column->name, name, strlen(name) + 1);
}

static void add_audience(struct house *house, bool has_zones)
{
    static struct audience_info info;
    struct ledger_audience *load = ledger_audience_new(house->ledger, 12);
    struct page_builder builder;
    struct buf scratch = {0};
    struct buf sealed = {0};
    struct problem problem = {0};
    memset(&info, 0, sizeof(info));
    info.id = 12;
    info.accepted = info.slots = PEOPLE;
    add_column(&info.schema, PAGE_FIELD_KEY, "id");
    add_column(&info.schema, PAGE_FIELD_PHONE, "phone");
    if (has_zones) {
        add_column(&info.schema, PAGE_FIELD_TIMEZONE, "timezone");
    }
    page_builder_init(&builder, info.schema.count);
    for (size_t i = 0; i < PEOPLE; i++) {
        const struct slice values[] = {slice_str("key"), slice_str("+4790000000"),
                                       slice_str(zones[i])};
        assert_true(page_builder_add(&builder, values));
    }
    page_seal(&builder, PAGE_LZ4, NULL, &scratch, &sealed);
    assert_int_equal(ledger_audience_page(load, 0, buf_view(&sealed)), ERR_OK);
    assert_int_equal(ledger_audience_finish(load, &problem), ERR_OK);
    audience_registry_add(house->audiences, &info);
    page_builder_release(&builder);
    buf_release(&scratch);
    buf_release(&sealed);
}

static void add_campaign(struct house *house, const char *hours)
{
    static const struct provider_def provider = {.name = "gateway", .channel = CHANNEL_SMS};
    const struct campaign_surroundings surroundings = {
        .audiences = house->audiences, .providers = &provider, .provider_count = 1};
    struct campaign_document *document = NULL;
    struct document_problem problem;
    struct buf json = {0};
    buf_printf(&json,
               "{\"name\":\"n\",\"audience\":\"a12\",\"channel\":\"sms\","
               "\"content\":{\"sms\":{\"text\":\"t\"}}%s}",
               hours);
    assert_int_equal(campaign_document_parse(&document, buf_view(&json), &surroundings, &problem),
                     ERR_OK);
    buf_release(&json);
    campaign_registry_add(house->campaigns, EVENING_MS, document);
    house->def = campaign_document_def(document);
}

static struct house *begin(bool has_zones, const char *hours)
{
    struct house *house = calloc(1, sizeof(*house));
    struct problem problem = {0};
    assert_int_equal(ledger_open(&house->ledger, store_mem_new(), &problem), ERR_OK);
    house->audiences = audience_registry_new();
    house->campaigns = campaign_registry_new();
    add_audience(house, has_zones);
    add_campaign(house, hours);
    house->clock = zone_clock_new(house->ledger, house->audiences, house->campaigns);
    house->source = zone_clock_source(house->clock);
    return house;
}

static void end(struct house *house)
{
    zone_clock_free(house->clock);
    campaign_registry_free(house->campaigns);
    audience_registry_free(house->audiences);
    ledger_close(house->ledger);
    free(house);
}

#define OSLO                                                                                       \
    ",\"quiet_hours\":{\"from\":\"22:00\",\"to\":\"07:00\",\"zone\":\"Europe/Oslo\",\"channels\":" \
    "[\"sms\"]}"

static struct quiet_span span_at(struct house *house, uint16_t zone, uint64_t now_ms)
{
    return house->source.span(house->source.arg, house->def, zone, now_ms);
}

static void each_place_has_the_zone_of_its_column(void **state)
{
    (void)state;
    struct house *house = begin(true, OSLO);
    uint16_t numbers[PEOPLE];
    assert_true(house->source.zones(house->source.arg, house->def, 0, numbers, PEOPLE));
    assert_int_not_equal(numbers[0], 0);
    assert_int_not_equal(numbers[1], 0);
    assert_int_not_equal(numbers[1], numbers[0]);
    assert_int_equal(numbers[2], 0);
    assert_int_equal(numbers[3], numbers[1]);
    assert_int_equal(numbers[4], 0); /* there is no such zone */
    /* Kathmandu is 5:45 ahead of UTC. */
    struct quiet_span span = span_at(house, numbers[1], EVENING_MS);
    assert_true(span.from_ms <= EVENING_MS);
    assert_true(span.until_ms == EVENING_MS + 5 * HOUR_MS + HOUR_MS / 4);
    end(house);
}

static void the_night_in_which_summer_time_begins_is_an_hour_shorter(void **state)
{
    (void)state;
    struct house *house = begin(true, OSLO);
    struct quiet_span span = span_at(house, 0, EVENING_MS);
    assert_true(span.from_ms == EVENING_MS + HOUR_MS);
    assert_true(span.until_ms == EVENING_MS + 9 * HOUR_MS);
    struct quiet_span same = span_at(house, 0, EVENING_MS + 5 * HOUR_MS);
    assert_true(same.from_ms <= EVENING_MS + 5 * HOUR_MS && same.until_ms == span.until_ms);
    struct quiet_span next = span_at(house, 0, span.until_ms);
    assert_true(next.from_ms == span.until_ms + 15 * HOUR_MS);
    assert_true(next.until_ms == next.from_ms + 9 * HOUR_MS);
    end(house);
}

static void without_a_column_the_campaigns_zone_holds(void **state)
{
    (void)state;
    struct house *house = begin(false, OSLO);
    uint16_t numbers[PEOPLE] = {9, 9, 9, 9, 9};
    assert_true(house->source.zones(house->source.arg, house->def, 0, numbers, PEOPLE));
    for (size_t i = 0; i < PEOPLE; i++) {
        assert_int_equal(numbers[i], 0);
    }
    end(house);
}

static void a_page_that_is_not_there_is_told_from_one_without_zones(void **state)
{
    (void)state;
    struct house *house = begin(true, OSLO);
    uint16_t numbers[PEOPLE];
    assert_false(house->source.zones(house->source.arg, house->def, 7, numbers, PEOPLE));
    end(house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_place_has_the_zone_of_its_column),
        cmocka_unit_test(the_night_in_which_summer_time_begins_is_an_hour_shorter),
        cmocka_unit_test(without_a_column_the_campaigns_zone_holds),
        cmocka_unit_test(a_page_that_is_not_there_is_told_from_one_without_zones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
