/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "coordinator/report/preflight.h"
#include "coordinator/report/preflight_times.h"
#include "tests/unit/unit.h"

enum { ID, PHONE, PHONE_2, MAIL, LOCALE, NAME, COLUMNS };

static const struct page_schema schema = {
    .count = COLUMNS,
    .columns = {[ID] = {PAGE_FIELD_KEY, 0, "id"},
                [PHONE] = {PAGE_FIELD_PHONE, 0, "phone"},
                [PHONE_2] = {PAGE_FIELD_PHONE, 1, "phone.2"},
                [MAIL] = {PAGE_FIELD_EMAIL, 0, "email"},
                [LOCALE] = {PAGE_FIELD_LOCALE, 0, "locale"},
                [NAME] = {PAGE_FIELD_VARIABLE, 0, "first_name"}},
};

static const char *const rows[][COLUMNS] = {
    {"k0", "+491", "", "a@b.test", "", "Ann"},    /* reached by both */
    {"k1", "+492", "+493", "", "", "Bob"},        /* the first number is barred */
    {"k2", "", "+494", "c@d.test", "de", "Cy"},   /* suppressed on sms, mail is left */
    {"k3", "", "", "", "", "Dan"},                /* unreachable */
    {"k4", "+495", "", "", "", ""},               /* has no name */
    {"k5", "+496", "", "e@f.test", "de", ""},     /* the German text needs no name; mail does */
    {"k6", "+497", "", "", "", "Fay"},            /* suppressed altogether */
    {"k7", "+498", "", "g@h.test", "", "a hole"}, /* is no recipient */
    {"k8", "", "", "", "", "Gil"},                /* unreachable */
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

#define LONG80 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct wire_body bodies[] = {
    {.channel = CHANNEL_SMS, .locale = "", .text = "Dear {{first_name}}"},
    {.channel = CHANNEL_SMS, .locale = "de", .text = LONG80 LONG80 "{{id}}"},
    {.channel = CHANNEL_EMAIL, .locale = "", .subject = "For {{first_name}}", .text = "Hello"},
    {.channel = CHANNEL_VOICE, .locale = "", .text = "{{locale}}"}, /* no step sends it */
};

static const struct suppression_hit hits[] = {
    {1, CHANNEL_SMS, 0, REASON_OPTED_OUT},
    {2, CHANNEL_SMS, 255, REASON_OPTED_OUT},
    {6, SUPPRESSION_ALL_CHANNELS, 255, REASON_OPTED_OUT},
};

struct fixture {
    struct preflight *preflight;
    struct plan plan;
};

static void feed_capped(struct preflight *preflight, const struct bitmap *capped)
{
    struct page_builder builder;
    struct page_view view = {0};
    struct buf scratch = {0};
    struct buf page = {0};
    struct bitmap holes = {{0}};
    page_builder_init(&builder, COLUMNS);
    for (unsigned r = 0; r < ROWS; r++) {
        struct slice values[COLUMNS];
        for (unsigned c = 0; c < COLUMNS; c++) {
            values[c] = slice_str(rows[r][c]);
        }
        assert_true(page_builder_add(&builder, values));
    }
    page_seal(&builder, PAGE_RAW, NULL, &scratch, &page);
    assert_int_equal(page_open(&view, buf_view(&page), NULL), ERR_OK);
    bitmap_set(&holes, 7);
    preflight_page(preflight, 0, &view,
                   &(struct preflight_kept){&holes, capped, hits, sizeof(hits) / sizeof(hits[0])});
    page_view_release(&view);
    buf_release(&page);
    buf_release(&scratch);
    page_builder_release(&builder);
}

static void feed(struct preflight *preflight)
{
    feed_capped(preflight, NULL);
}

static int setup_with(void **state, unsigned body_count, unsigned without)
{
    struct fixture *fixture = test_calloc(1, sizeof(*fixture));
    struct problem problem;
    const struct wire_content content = {
        .name = "Notice", .schema = schema, .body_count = body_count, .bodies = bodies};
    fixture->plan.step_count = 3;
    fixture->plan.without = without;
    plan_step_defaults(&fixture->plan.steps[0], CHANNEL_SMS);
    plan_step_defaults(&fixture->plan.steps[1], CHANNEL_EMAIL);
    plan_step_defaults(&fixture->plan.steps[2], CHANNEL_SMS);
    for (unsigned s = 0; s < 3; s++) {
        fixture->plan.steps[s].within_ms = 60000;
    }
    fixture->plan.steps[0].providers = 1;
    fixture->plan.steps[1].providers = UINT64_MAX; /* those of its channel */
    fixture->plan.steps[2].providers = 1 | 4;
    assert_int_equal(
        preflight_new(&fixture->preflight, &content, &fixture->plan, ROWS, NULL, &problem), ERR_OK);
    feed(fixture->preflight);
    *state = fixture;
    return 0;
}

static int setup(void **state)
{
    return setup_with(state, sizeof(bodies) / sizeof(bodies[0]), 0);
}

static int setup_without_sms(void **state)
{
    return setup_with(state, sizeof(bodies) / sizeof(bodies[0]), 1u << CHANNEL_SMS);
}

static int setup_without_messages(void **state)
{
    return setup_with(state, 0, 0);
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    preflight_free(fixture->preflight);
    test_free(fixture);
    return 0;
}

static void check_step(const struct preflight_step *step, uint64_t people, uint64_t suppressed,
                       uint64_t incomplete, uint64_t sendable, uint64_t first)
{
    assert_int_equal(step->people, people);
    assert_int_equal(step->suppressed, suppressed);
    assert_int_equal(step->incomplete, incomplete);
    assert_int_equal(step->sendable, sendable);
    assert_int_equal(step->first, first);
}

static void everybody_is_counted_once(void **state)
{
    const struct fixture *fixture = *state;
    const struct preflight_counts *counts = preflight_counts(fixture->preflight);
    assert_int_equal(counts->people, 8);
    assert_int_equal(counts->reachable, 4);   /* k0 k1 k2 k5 */
    assert_int_equal(counts->incomplete, 1);  /* k4 */
    assert_int_equal(counts->suppressed, 1);  /* k6 */
    assert_int_equal(counts->unreachable, 2); /* k3 k8 */
}

static void a_step_counts_who_has_an_endpoint_and_what_keeps_them_from_it(void **state)
{
    const struct fixture *fixture = *state;
    const struct preflight_counts *counts = preflight_counts(fixture->preflight);
    check_step(&counts->steps[0], 6, 2, 1, 3, 3); /* k0 k1 k2 k4 k5 k6 */
    check_step(&counts->steps[1], 3, 0, 1, 2, 1); /* k0 k2 k5; k2 begins here */
    check_step(&counts->steps[2], 6, 2, 1, 3, 0);
}

static void missing_variables_are_counted_by_channel_and_locale(void **state)
{
    const struct fixture *fixture = *state;
    struct preflight_missing missing;
    assert_true(preflight_missing(fixture->preflight, 0, &missing));
    assert_int_equal(missing.channel, CHANNEL_SMS);
    assert_string_equal(missing.locale, "");
    assert_string_equal(missing.variable, "first_name");
    assert_int_equal(missing.people, 1);
    assert_true(preflight_missing(fixture->preflight, 1, &missing));
    assert_int_equal(missing.channel, CHANNEL_EMAIL);
    assert_int_equal(missing.people, 1);
    assert_false(preflight_missing(fixture->preflight, 2, &missing));
}

static void short_messages_are_counted_of_the_filled_text(void **state)
{
    const struct fixture *fixture = *state;
    const struct preflight_sms *sms = &preflight_counts(fixture->preflight)->sms;
    assert_int_equal(sms->people, 3); /* k0 k1; k5 in German */
    assert_int_equal(sms->one, 2);
    assert_int_equal(sms->two, 1);
    assert_int_equal(sms->more, 0);
    assert_int_equal(sms->parts, 4);
    assert_int_equal(sms->most, 2);
    assert_int_equal(sms->ucs2, 0);
    assert_false(sms->is_estimated);
}

static void short_messages_are_counted_as_the_providers_send_them(void **state)
{
    (void)state;
    const struct wire_body body = {
        .channel = CHANNEL_SMS, .locale = "", .text = LONG80 "\xe2\x80\x9c{{id}}\xe2\x80\x9d"};
    const struct wire_content content = {
        .name = "Notice", .schema = schema, .body_count = 1, .bodies = &body};
    const struct sms_rule rules[] = {{false, 1}, {true, 1}, {false, 0}};
    const unsigned too_long[] = {4, 0, 0};
    const unsigned parts[] = {8, 4, 8};
    struct plan plan = {.step_count = 1};
    plan_step_defaults(&plan.steps[0], CHANNEL_SMS);
    for (unsigned i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        struct preflight *preflight;
        struct problem problem;
        assert_int_equal(preflight_new(&preflight, &content, &plan, ROWS, NULL, &problem), ERR_OK);
        preflight_set_sms_rule(preflight, &rules[i]);
        feed(preflight);
        const struct preflight_sms *sms = &preflight_counts(preflight)->sms;
        assert_int_equal(sms->people, 4); /* k0 k1 k4 k5 */
        assert_int_equal(sms->too_long, too_long[i]);
        assert_int_equal(sms->parts, parts[i]);
        assert_int_equal(sms->ucs2, rules[i].transliterate ? 0 : 4);
        preflight_free(preflight);
    }
}

/* The parts of the first body alone. */
static void expect_parts(const char *text, unsigned reply_chars, uint64_t one, uint64_t two)
{
    const struct wire_body body = {.channel = CHANNEL_SMS, .locale = "", .text = text};
    const struct wire_content content = {.name = "Notice",
                                         .schema = schema,
                                         .reply_range = {reply_chars, 0, 8192},
                                         .body_count = 1,
                                         .bodies = &body};
    struct plan plan = {.step_count = 1};
    struct preflight *preflight;
    struct problem problem;
    plan_step_defaults(&plan.steps[0], CHANNEL_SMS);
    assert_int_equal(preflight_new(&preflight, &content, &plan, ROWS, NULL, &problem), ERR_OK);
    feed(preflight);
    const struct preflight_sms *sms = &preflight_counts(preflight)->sms;
    assert_int_equal(sms->one, one);
    assert_int_equal(sms->two, two);
    assert_false(sms->is_estimated);
    preflight_free(preflight);
}

static void a_reply_code_counts_as_what_it_will_be(void **state)
{
    static const char text[] = LONG80 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                      "0123456789a ACK {{reply_code}}";
    (void)state;
    expect_parts(text, 4, 4, 0); /* 160 characters */
    expect_parts(text, 5, 0, 4);
}

static void the_unreachable_are_found_in_order(void **state)
{
    const struct fixture *fixture = *state;
    assert_int_equal(preflight_next_unreachable(fixture->preflight, 0), 3);
    assert_int_equal(preflight_next_unreachable(fixture->preflight, 4), 8);
    assert_int_equal(preflight_next_unreachable(fixture->preflight, 9), ROWS);
}

static void without_messages_only_endpoints_count(void **state)
{
    const struct fixture *fixture = *state;
    const struct preflight_counts *counts = preflight_counts(fixture->preflight);
    struct preflight_missing missing;
    assert_int_equal(counts->incomplete, 0);
    assert_int_equal(counts->reachable, 5);
    assert_int_equal(counts->unreachable, 2);
    assert_int_equal(counts->sms.people, 0);
    assert_false(preflight_missing(fixture->preflight, 0, &missing));
}

static void a_step_that_is_sent_again_is_counted_each_time(void **state)
{
    const struct wire_content content = {.schema = schema};
    struct preflight *preflight;
    struct problem problem;
    struct plan plan = {.step_count = PLAN_RUNGS_MAX};
    (void)state;
    for (unsigned s = 0; s < PLAN_RUNGS_MAX; s++) {
        plan_step_defaults(&plan.steps[s], CHANNEL_SMS);
    }
    assert_int_equal(preflight_new(&preflight, &content, &plan, ROWS, NULL, &problem), ERR_OK);
    feed(preflight);
    const struct preflight_counts *counts = preflight_counts(preflight);
    assert_int_equal(counts->step_count, PLAN_RUNGS_MAX);
    for (unsigned s = 0; s < PLAN_RUNGS_MAX; s++) {
        check_step(&counts->steps[s], 6, 2, 0, 4, s == 0 ? 4 : 0);
    }
    assert_int_equal(counts->people, 8);
    preflight_free(preflight);
}

static void what_is_left_out_reaches_nobody(void **state)
{
    const struct fixture *fixture = *state;
    const struct preflight_counts *counts = preflight_counts(fixture->preflight);
    assert_int_equal(counts->people, 8);
    assert_int_equal(counts->reachable, 2);   /* k0 k2 */
    assert_int_equal(counts->incomplete, 1);  /* k5 */
    assert_int_equal(counts->unreachable, 5); /* all the others */
    check_step(&counts->steps[0], 0, 0, 0, 0, 0);
    check_step(&counts->steps[1], 3, 0, 1, 2, 2);
    check_step(&counts->steps[2], 0, 0, 0, 0, 0);
    assert_int_equal(counts->sms.people, 0);
    assert_int_equal(preflight_begins_after_ms(&fixture->plan, 1), 0);
    assert_int_equal(preflight_begins_after_ms(&fixture->plan, 2), 60000);
}

static void who_had_enough_messages_is_spared(void **state)
{
    const struct wire_content content = {.name = "Notice",
                                         .schema = schema,
                                         .body_count = sizeof(bodies) / sizeof(bodies[0]),
                                         .bodies = bodies};
    const struct fixture *fixture = *state;
    struct preflight *preflight;
    struct problem problem;
    struct bitmap capped = {{0}};
    assert_int_equal(preflight_new(&preflight, &content, &fixture->plan, ROWS, NULL, &problem),
                     ERR_OK);
    bitmap_set(&capped, 0); /* he can be reached */
    bitmap_set(&capped, 2); /* is barred on sms, not for mail */
    bitmap_set(&capped, 3); /* has no endpoint */
    bitmap_set(&capped, 4); /* has no name */
    bitmap_set(&capped, 6); /* is suppressed all the same */
    bitmap_set(&capped, 7); /* is no recipient */
    feed_capped(preflight, &capped);
    const struct preflight_counts *counts = preflight_counts(preflight);
    struct preflight_missing missing;
    assert_int_equal(counts->people, 8);
    assert_int_equal(counts->reachable, 2); /* k1 k5 */
    assert_int_equal(counts->capped, 4);    /* k0 k2 k3 k4 */
    assert_int_equal(counts->incomplete, 0);
    assert_int_equal(counts->suppressed, 1);  /* k6 */
    assert_int_equal(counts->unreachable, 1); /* k8 */
    check_step(&counts->steps[0], 6, 2, 0, 2, 2);
    assert_int_equal(counts->steps[0].capped, 2); /* k0 k4 */
    check_step(&counts->steps[1], 3, 0, 1, 0, 0);
    assert_int_equal(counts->steps[1].capped, 2); /* k0 k2 */
    assert_int_equal(counts->sms.people, 2);
    assert_true(preflight_missing(preflight, 0, &missing)); /* k5's mail alone */
    assert_int_equal(missing.channel, CHANNEL_EMAIL);
    assert_false(preflight_missing(preflight, 1, &missing));
    preflight_free(preflight);
}

/* ---- times ---- */

/* Of a provider of sms, one of email, and another of sms. */
#define RATES(can_0, rate_0, can_1, rate_1, can_2, rate_2)                                         \
    {                                                                                              \
        {.channel = CHANNEL_SMS, .can_send = can_0, .per_s = rate_0},                              \
            {.channel = CHANNEL_EMAIL, .can_send = can_1, .per_s = rate_1},                        \
        {                                                                                          \
            .channel = CHANNEL_SMS, .can_send = can_2, .per_s = rate_2                             \
        }                                                                                          \
    }

static const struct preflight_counts many = {
    .step_count = 3,
    .steps = {{.sendable = 1000, .first = 1000},
              {.sendable = 500, .first = 100},
              {.sendable = 1000}},
};

static struct preflight_case case_of(const struct fixture *fixture,
                                     const struct preflight_rate *rates)
{
    return (struct preflight_case){.plan = &fixture->plan, .counts = &many, .rates = rates};
}

static uint64_t late(const struct fixture *fixture, const struct preflight_rate *rates,
                     uint64_t span_ms)
{
    struct preflight_case preflight = case_of(fixture, rates);
    return preflight_late(&preflight, span_ms);
}

static uint64_t late_at(const struct fixture *fixture, unsigned step,
                        const struct preflight_rate *rates, uint64_t span_ms)
{
    struct preflight_case preflight = case_of(fixture, rates);
    return preflight_late_at(&preflight, step, span_ms);
}

static void the_rate_of_a_step_is_that_of_its_providers_that_can_send(void **state)
{
    const struct fixture *fixture = *state;
    struct preflight_rate rates[WIRE_PROVIDERS_MAX] = RATES(true, 10, false, 5, true, 2.5);
    double per_s;
    assert_int_equal(preflight_step_rate(&fixture->plan.steps[0], rates, &per_s),
                     PREFLIGHT_LIMITED);
    assert_true(per_s == 10);
    assert_int_equal(preflight_step_rate(&fixture->plan.steps[1], rates, &per_s), PREFLIGHT_NONE);
    assert_int_equal(preflight_step_rate(&fixture->plan.steps[2], rates, &per_s),
                     PREFLIGHT_LIMITED);
    assert_true(per_s == 12.5);
    rates[2].per_s = 0;
    assert_int_equal(preflight_step_rate(&fixture->plan.steps[2], rates, &per_s),
                     PREFLIGHT_UNLIMITED);
}

static void who_is_not_sent_to_in_time_is_late(void **state)
{
    const struct fixture *fixture = *state;
    struct preflight_rate rates[WIRE_PROVIDERS_MAX] = RATES(true, 10, true, 5, true, 0);
    assert_int_equal(late(fixture, rates, 100000), 0);
    assert_int_equal(late(fixture, rates, 60000), 400);
    assert_int_equal(late(fixture, rates, 10000), 900 + 50);
    assert_int_equal(late(fixture, rates, 0), 1100);
    rates[1].can_send = false;
    assert_int_equal(late(fixture, rates, 100000), 100);
}

static void a_shared_provider_serves_the_earlier_step_first(void **state)
{
    struct fixture *fixture = *state;
    struct preflight_rate rates[WIRE_PROVIDERS_MAX] = RATES(true, 10, false, 0, false, 0);
    fixture->plan.steps[1] = fixture->plan.steps[0];
    assert_int_equal(late(fixture, rates, 105000), 50);
    assert_int_equal(late(fixture, rates, 110000), 0);
}

static void a_later_step_has_less_time(void **state)
{
    const struct fixture *fixture = *state;
    struct preflight_rate rates[WIRE_PROVIDERS_MAX] = RATES(true, 10, true, 5, true, 10);
    assert_int_equal(preflight_begins_after_ms(&fixture->plan, 2), 120000);
    assert_int_equal(late_at(fixture, 1, rates, 60000), 500);
    assert_int_equal(late_at(fixture, 1, rates, 120000), 200);
    assert_int_equal(late_at(fixture, 2, rates, 160000), 200);
    rates[2].per_s = 0;
    assert_int_equal(late_at(fixture, 2, rates, 160000), 0);
    assert_int_equal(late_at(fixture, 2, rates, 120000), 1000);
}

/* ---- quiet hours ---- */

#define HOUR_MS UINT64_C(3600000)

/* Of sms alone; zone 1 is awake for 2 hours, then asleep for 10, each day; zone 0 the other way
 * round. */
static struct quiet_span span_of(void *arg, unsigned zone, uint64_t at_ms)
{
    const uint64_t day_ms = 24 * HOUR_MS;
    uint64_t from_ms = zone == 0 ? 0 : 2 * HOUR_MS;
    uint64_t until_ms = zone == 0 ? 10 * HOUR_MS : 12 * HOUR_MS;
    (void)arg;
    while (until_ms <= at_ms) {
        from_ms += day_ms;
        until_ms += day_ms;
    }
    return (struct quiet_span){from_ms, until_ms};
}

static const struct preflight_zone zones[] = {
    {.sendable = {400, 300, 400}, .first = {400, 60, 0}},
    {.sendable = {600, 200, 600}, .first = {600, 40, 0}},
};

static struct preflight_case night(const struct fixture *fixture,
                                   const struct preflight_rate *rates,
                                   struct preflight_counts *counts)
{
    *counts = many;
    counts->zone_count = 2;
    counts->zones = zones;
    return (struct preflight_case){.plan = &fixture->plan,
                                   .counts = counts,
                                   .rates = rates,
                                   .quiet = {1U << CHANNEL_SMS, NULL, span_of}};
}

static void who_sleeps_as_it_begins_is_counted(void **state)
{
    const struct fixture *fixture = *state;
    struct preflight_rate rates[WIRE_PROVIDERS_MAX] = RATES(true, 10, true, 5, true, 0);
    struct preflight_counts counts;
    struct preflight_case preflight = night(fixture, rates, &counts);
    uint64_t until_ms;
    assert_int_equal(preflight_asleep(&preflight, &until_ms), 400); /* mail is never quiet */
    assert_int_equal(until_ms, 10 * HOUR_MS);
    preflight.quiet.channels = 0;
    assert_int_equal(preflight_asleep(&preflight, &until_ms), 0);
    assert_int_equal(until_ms, 0);
}

static void who_sleeps_over_a_deadline_is_late(void **state)
{
    const struct fixture *fixture = *state;
    struct preflight_rate rates[WIRE_PROVIDERS_MAX] = RATES(true, 10, true, 5, true, 0);
    struct preflight_counts counts;
    struct preflight_case preflight = night(fixture, rates, &counts);
    assert_int_equal(preflight_late(&preflight, HOUR_MS), 400);
    assert_int_equal(preflight_late(&preflight, 30000), 400 + 300); /* and no more than 10/s */
    assert_int_equal(preflight_late(&preflight, 10 * HOUR_MS), 400);
    assert_int_equal(preflight_late(&preflight, 10 * HOUR_MS + 30000), 100);
    assert_int_equal(preflight_late(&preflight, 11 * HOUR_MS), 0);
    assert_int_equal(preflight_late(&preflight, UINT64_MAX), 0);
}

static void what_is_not_sent_in_the_evening_waits_for_the_morning(void **state)
{
    const struct fixture *fixture = *state;
    /* 360 in the two hours of the evening of zone 1, 40 of zone 0 by day. */
    struct preflight_rate rates[WIRE_PROVIDERS_MAX] = RATES(true, 0.05, true, 5, false, 0);
    struct preflight_counts counts;
    struct preflight_case preflight = night(fixture, rates, &counts);
    assert_int_equal(preflight_late_at(&preflight, 0, 2 * HOUR_MS), 640);
    assert_int_equal(preflight_late_at(&preflight, 0, 10 * HOUR_MS), 640);
    assert_int_equal(preflight_late_at(&preflight, 0, 12 * HOUR_MS), 280);
    /* The last 280 by day, when both are awake. */
    assert_int_equal(preflight_step_takes_ms(&preflight, 0),
                     12 * HOUR_MS + UINT64_C(280) * 20 * 1000);
    assert_int_equal(preflight_step_takes_ms(&preflight, 1), 100000); /* no night for mail */
    rates[0].can_send = false;
    assert_true(preflight_step_takes_ms(&preflight, 0) == UINT64_MAX);
    rates[0] = (struct preflight_rate){.channel = CHANNEL_SMS, .can_send = true};
    assert_int_equal(preflight_step_takes_ms(&preflight, 0), 10 * HOUR_MS);
}

static void the_campaigns_own_rate_bounds_all_steps_together(void **state)
{
    const struct fixture *fixture = *state;
    struct preflight_rate rates[WIRE_PROVIDERS_MAX] = RATES(true, 10, true, 0, true, 0);
    struct preflight_case preflight = case_of(fixture, rates);
    preflight.rate_per_s = 4;
    assert_int_equal(preflight_late(&preflight, 100000), 1100 - 400);
    assert_int_equal(preflight_late(&preflight, 275000), 0);
    assert_int_equal(preflight_late_at(&preflight, 1, 60000 + 25000), 400);
    assert_int_equal(preflight_step_takes_ms(&preflight, 0), 250000);
    assert_int_equal(preflight_step_takes_ms(&preflight, 1), 125000);
    preflight.rate_per_s = 40;
    assert_int_equal(preflight_step_takes_ms(&preflight, 0), 100000); /* as the provider */
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(everybody_is_counted_once),
        WITH(a_step_counts_who_has_an_endpoint_and_what_keeps_them_from_it),
        WITH(missing_variables_are_counted_by_channel_and_locale),
        WITH(short_messages_are_counted_of_the_filled_text),
        cmocka_unit_test(short_messages_are_counted_as_the_providers_send_them),
        cmocka_unit_test(a_reply_code_counts_as_what_it_will_be),
        WITH(who_had_enough_messages_is_spared),
        WITH(the_unreachable_are_found_in_order),
        cmocka_unit_test_setup_teardown(what_is_left_out_reaches_nobody, setup_without_sms,
                                        teardown),
        cmocka_unit_test_setup_teardown(without_messages_only_endpoints_count,
                                        setup_without_messages, teardown),
        cmocka_unit_test(a_step_that_is_sent_again_is_counted_each_time),
        WITH(the_rate_of_a_step_is_that_of_its_providers_that_can_send),
        WITH(who_is_not_sent_to_in_time_is_late),
        WITH(a_shared_provider_serves_the_earlier_step_first),
        WITH(a_later_step_has_less_time),
        WITH(the_campaigns_own_rate_bounds_all_steps_together),
        WITH(who_sleeps_as_it_begins_is_counted),
        WITH(who_sleeps_over_a_deadline_is_late),
        WITH(what_is_not_sent_in_the_evening_waits_for_the_morning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
